import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import pino from 'pino';
import { TokenStore } from '../../src/access/tokens.js';
import type { Cluster } from '../../src/cluster/cluster.js';
import { createApi } from '../../src/web/api.js';

/** What came back over a socket, as it was on the line. */
export interface RawAnswer {
  status: number;
  /** The reason phrase. */
  reason: string;
  headers: Map<string, string>;
  body: Buffer;
}

/** The API over a real socket, so that a test decides over every octet of a request, with its log kept. */
export class ApiServer {
  readonly tokens: TokenStore;
  /** A token of root with the privilege clustering. */
  readonly secret: string;
  readonly #server: Server;
  readonly #folder: string;
  readonly #logged: string[];

  private constructor(server: Server, folder: string, tokens: TokenStore, secret: string, logged: string[]) {
    this.#server = server;
    this.#folder = folder;
    this.tokens = tokens;
    this.secret = secret;
    this.#logged = logged;
  }

  static async start(cluster: Cluster): Promise<ApiServer> {
    const folder = mkdtempSync(join(tmpdir(), 'api-server-'));
    const logged: string[] = [];
    const write = (line: Buffer, _encoding: string, done: () => void): void => {
      logged.push(line.toString());
      done();
    };
    const log = pino({ level: 'trace' }, new Writable({ write }));
    const tokens = await TokenStore.open(join(folder, 'tokens.json'), { log });
    const { secret } = await tokens.create({ user: 'root', kind: 'root', name: 'peer', privileges: ['clustering'] });
    const server = createServer(createApi({ cluster, tokens, version: '0.1.0', log }));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ApiServer(server, folder, tokens, secret, logged);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** All that was logged until now, as one text. */
  get logged(): string {
    return this.#logged.join('');
  }

  /** Lines of the log that report an error. */
  get errors(): string[] {
    return this.#logged.filter((line) => (JSON.parse(line) as { level: number }).level >= 50);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await this.tokens.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async connect(): Promise<Socket> {
    const socket = connect(this.port, '127.0.0.1');
    await once(socket, 'connect');
    // Who reads the answer says what is wrong with it.
    socket.on('error', () => undefined);
    return socket;
  }

  /** Sends exactly these octets and reads the answer. */
  async send(...octets: readonly (string | Buffer)[]): Promise<RawAnswer> {
    const socket = await this.connect();
    for (const part of octets) socket.write(part);
    try {
      return await readAnswer(socket);
    } finally {
      socket.destroy();
    }
  }

  /** A call as the vendor's client sends it: a form in an octet-stream body, or a GET with a bare `?`. */
  call(name: string, form?: string | Buffer, authorization = `whm root:${this.secret}`): Promise<RawAnswer> {
    const head = `/scripts2/${name}${form === undefined && !name.includes('?') ? '?' : ''} HTTP/1.1\r\nHost: 127.0.0.1:${this.port}\r\nAuthorization: ${authorization}\r\n`;
    if (form === undefined) return this.send(`GET ${head}\r\n`);
    const body = Buffer.from(form);
    return this.send(
      `POST ${head}Content-Type: application/octet-stream\r\nContent-Length: ${body.length}\r\n\r\n`,
      body,
    );
  }
}

/** Reads one answer; rejects where the connection ends before it is whole. */
export async function readAnswer(socket: Socket): Promise<RawAnswer> {
  let octets = Buffer.alloc(0);
  for (;;) {
    const answer = parseAnswer(octets);
    if (answer !== undefined) return answer;
    const chunk = await next(socket);
    if (chunk === undefined) throw new Error(`the connection ended after ${octets.length} octets of an answer`);
    octets = Buffer.concat([octets, chunk]);
  }
}

/** The next octets, or undefined at the end. */
async function next(socket: Socket): Promise<Buffer | undefined> {
  const ended = new AbortController();
  const options = { signal: ended.signal };
  try {
    const [chunk] = (await Promise.race([
      once(socket, 'data', options),
      once(socket, 'close', options).then(() => []),
    ])) as [Buffer?];
    return chunk;
  } finally {
    ended.abort();
  }
}

function parseAnswer(octets: Buffer): RawAnswer | undefined {
  const end = octets.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first = '', ...lines] = octets.toString('latin1', 0, end).split('\r\n');
  const [, status = '', reason = ''] = /^HTTP\/1\.1 (\d{3}) ?(.*)$/.exec(first) ?? [];
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  const rest = octets.subarray(end + 4);
  const body = headers.get('transfer-encoding') === 'chunked' ? chunked(rest) : fixed(rest, headers);
  return body === undefined ? undefined : { status: Number(status), reason, headers, body };
}

function fixed(octets: Buffer, headers: ReadonlyMap<string, string>): Buffer | undefined {
  const length = Number(headers.get('content-length') ?? 0);
  return octets.length < length ? undefined : octets.subarray(0, length);
}

function chunked(octets: Buffer): Buffer | undefined {
  const parts: Buffer[] = [];
  for (let at = 0; ;) {
    const line = octets.indexOf('\r\n', at);
    if (line < 0) return undefined;
    const size = parseInt(octets.toString('latin1', at, line), 16);
    at = line + 2 + size + 2;
    if (at > octets.length) return undefined;
    if (size === 0) return Buffer.concat(parts);
    parts.push(octets.subarray(line + 2, line + 2 + size));
  }
}
