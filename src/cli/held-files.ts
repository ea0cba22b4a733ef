import { request } from 'node:http';
import { isClusterError } from '../errors.js';
import { FolderLock } from '../state/folder-lock.js';
import { HELD, HOLD_PATH } from '../web/listening/backup-hold.js';
import { controlSocketOf } from '../web/listening/control-socket.js';
import { ServiceUnreachable } from './terminal/failure.js';

/** The files of a service stand still, or change in a way that a copy survives. */
interface HeldFiles {
  running: boolean;
  /** Aborted when that ends before `release`. */
  signal: AbortSignal;
  release(): Promise<void>;
}

/**
 * Makes sure that the files in the plugin's folder can be copied: by the running service, or by the lock of the folder
 * if none runs. Rejects with ServiceUnreachable if one runs that can't be asked.
 */
export async function holdFiles(folder: string): Promise<HeldFiles> {
  const held = await heldByService(folder);
  if (held !== undefined) return held;
  const lock = await FolderLock.take(folder).catch((error: unknown) => {
    if (!isClusterError(error, 'folder_in_use')) throw error;
    throw new ServiceUnreachable(
      `A service runs on ${folder} but could not be asked to hold its files still. Run this as root or as the service's user, or stop the service first.`,
      error,
    );
  });
  return { running: false, signal: new AbortController().signal, release: () => lock.release() };
}

/** Undefined where no service answers. */
async function heldByService(folder: string): Promise<HeldFiles | undefined> {
  const way = await controlSocketOf(folder).catch(() => undefined);
  if (way === undefined) return undefined;
  const ended = new AbortController();
  return new Promise((resolve) => {
    const sent = request({ socketPath: way.path, path: HOLD_PATH, method: 'POST' });
    const end = async (): Promise<void> => {
      sent.destroy();
      await way.close();
    };
    sent.on('response', (response) => {
      let said = '';
      response.on('data', (part: Buffer) => {
        said += part.toString();
        if (said === HELD) resolve({ running: true, signal: ended.signal, release: end });
      });
      response.on('error', () => undefined);
      response.on('close', () => {
        ended.abort(
          new ServiceUnreachable('The service ended while its files were copied, so no backup was made. Try again.'),
        );
        // It knows of no such call, or could not hold them.
        if (said !== HELD) void end().then(() => resolve(undefined));
      });
    });
    sent.on('error', () => void end().then(() => resolve(undefined)));
    sent.end();
  });
}
