import { chmod, mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { join } from 'node:path';
import { trustConnections } from '../../access/local-connections.js';

const FOLDER = 'control';
const FILE = 'control.sock';
/** The kernel's limit, octets (sun_path of unix(7), less the closing zero). */
const LONGEST_PATH = 107;

/** A way to a socket file that the kernel takes, whatever the length of its path; good until `close`. */
interface SocketWay {
  path: string;
  close(): Promise<void>;
}

/** Path of the control socket of the service whose data is in `folder`. Rejects if there is no such folder. */
export async function controlSocketOf(folder: string): Promise<SocketWay> {
  const place = join(folder, FOLDER);
  const path = join(place, FILE);
  if (Buffer.byteLength(path) <= LONGEST_PATH) return { path, close: () => Promise.resolve() };
  // Through a handle of its folder the path is short.
  const handle: FileHandle = await open(place, 'r');
  return { path: `/proc/self/fd/${handle.fd}/${FILE}`, close: () => handle.close() };
}

/**
 * Serves `app` on `control/control.sock` in the service's folder, to its user and root only, who need no token there:
 * the folder is closed to all others before the socket is in it. The caller owns the folder's lock, so what is there
 * was left behind.
 */
export class ControlSocket {
  readonly #server: Server;
  readonly #way: SocketWay;

  private constructor(server: Server, way: SocketWay) {
    this.#server = server;
    this.#way = way;
  }

  static async open(folder: string, app: RequestListener): Promise<ControlSocket> {
    const place = join(folder, FOLDER);
    await mkdir(place, { recursive: true, mode: 0o700 });
    await chmod(place, 0o700);
    await rm(join(place, FILE), { force: true });
    const way = await controlSocketOf(folder);
    const server = createServer(app);
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(way.path, resolve);
      });
      await chmod(way.path, 0o600);
      trustConnections(server);
    } catch (error) {
      server.close();
      await way.close();
      throw error;
    }
    return new ControlSocket(server, way);
  }

  async close(): Promise<void> {
    await new Promise((resolve) => {
      this.#server.close(resolve);
      this.#server.closeAllConnections();
    });
    await this.#way.close();
  }
}
