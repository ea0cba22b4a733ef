import { Pool, type Dispatcher } from 'undici';
import { codeOf, sentenceOf } from '../../errors.js';
import { cutOffBy } from '../../operations/cut-off.js';
import { BrokenOff, MemberError, type CallOptions, type KeepRenewal } from '../member-backend.js';
import { OUR_HEADER } from '../../wire-format/outcome-lines.js';
import { pinnedConnector } from './pinned-connection.js';
import type { Trust } from './trust.js';
import type { Reach } from '../reach.js';
import type { Transaction } from '../transactions.js';

export interface ConnectionOptions extends Trust {
  host: string;
  port: number;
  /** Its host name, where it is known: an operator knows it by that. */
  name?: string | undefined;
  user: string;
  token: string;
  /** Longest wait for a whole answer, milliseconds; the original's clients wait 300 s. */
  timeout?: number;
  /** Where it may be; everywhere where absent. */
  reach?: Reach | undefined;
  /** Debug mode: is told of every call. */
  record?: ((transaction: Transaction) => void) | undefined;
}

/** How much of an answer is taken, and how long it is waited for. */
export interface Bounds extends CallOptions {
  /** Milliseconds for the whole of it. */
  timeout?: number;
  /** Octets: one that has more makes no sense. */
  largest?: number;
}

/** An answer with a good status. */
export interface Answer {
  body: Buffer;
  /** It comes from a node of this software. */
  ours: boolean;
}

const TIMEOUT = 300_000;
/** Opened on demand: up to four pushes at once, and a call that checks the member must not wait for them. */
const CONNECTIONS = 8;
/** An idle connection is kept so long, unless the member announces less: a change then costs no handshake. */
const KEEP_ALIVE = 60_000;
/** Octets of an answer that carries zones. */
const LARGEST_ANSWER = 64 * 1024 * 1024;
/** Octets of one that says little: a version, a name, what became of one call. */
export const SHORT_ANSWER = 64 * 1024;
const UNPROCESSABLE = 422;
const LONGEST_QUOTE = 300;
const LOOKED_AT = 64 * 1024;
/** Nothing came back: the connection had ended just as it was used, or did so in the middle of the request. */
const BROKEN = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);
const SLOW = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

/** HTTPS to one member, kept alive: checks its certificate, shows the token, sorts errors. Rejects with MemberError. */
export class MemberConnection {
  readonly #options: ConnectionOptions;
  /** Without line ends, which legacy access hashes are pasted with and no header may hold. */
  readonly #token: string;
  readonly #closing = new AbortController();
  #pool: Pool;
  #trust: Trust;
  #name: string;
  #renewed: KeepRenewal | undefined;
  #certificateEnds: number | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#trust = options;
    this.#name = options.name ?? options.host;
    this.#token = options.token.replaceAll(/[\r\n]/g, '');
    this.#pool = this.#newPool();
  }

  /** When the certificate of the last connection ends, milliseconds since 1970. */
  get certificateEnds(): number | undefined {
    return this.#certificateEnds;
  }

  /** It said its host name: an operator knows it by that. */
  isCalled(name: string): void {
    this.#name = name;
  }

  /** From now on a key that the accepted one signed is trusted, too, when `keep` has kept it. */
  followKeys(keep: KeepRenewal): void {
    this.#renewed = async (renewal) => {
      await keep(renewal);
      this.#trust = { ...this.#trust, keyPin: renewal.keys.at(-1), fingerprint: renewal.fingerprint };
    };
  }

  get(path: string, bounds: Bounds = {}): Promise<Answer> {
    return this.#call({ method: 'GET', path, headers: this.#headers }, bounds);
  }

  /** An octet-stream, whatever the body is: so the vendor's client does it (measured). */
  post(path: string, body: Buffer, bounds: Bounds = {}): Promise<Answer> {
    const headers = { ...this.#headers, 'content-type': 'application/octet-stream' };
    return this.#call({ method: 'POST', path, body, headers }, bounds);
  }

  /** Ends running calls that hear nothing any more; they reject with BrokenOff. The next calls connect anew. */
  breakOff(): void {
    const { host } = this.#options;
    const silent = `${host} cannot be reached: the network failed in the middle of a call. It is tried again.`;
    void this.#pool.destroy(new BrokenOff('unreachable', silent));
    this.#pool = this.#newPool();
  }

  async close(): Promise<void> {
    const destroyed = this.#pool.destroy();
    this.#closing.abort();
    await destroyed;
  }

  /** The error of an answer that has a good status and makes no sense. */
  invalid(why: string): MemberError {
    return new MemberError(
      'invalid_answer',
      `The answer of ${this.#options.host} makes no sense: ${why}. Is it a cPanel & WHM server or a node of this software?`,
    );
  }

  /** The beginning of a member's text, in one line. A member may echo our token: nobody must read it. */
  quote(said: string): string {
    const text = said.slice(0, LOOKED_AT).replaceAll(this.#token, '[token]');
    const line = text
      .replaceAll(/[\p{C}\p{Z}]+/gu, ' ')
      .trim()
      .slice(0, LONGEST_QUOTE);
    return line.replace(/\.$/, '') || 'it says nothing more';
  }

  #newPool(): Pool {
    const { host, port, reach } = this.#options;
    return new Pool(`https://${host.includes(':') ? `[${host}]` : host}:${port}`, {
      connect: pinnedConnector(() => this.#trust, {
        name: () => this.#name,
        reach,
        signal: this.#closing.signal,
        accepted: ({ ends }) => (this.#certificateEnds = Number.isFinite(ends) ? ends : this.#certificateEnds),
        renewed: () => this.#renewed,
      }),
      connections: CONNECTIONS,
      keepAliveTimeout: KEEP_ALIVE,
      pipelining: 1,
    });
  }

  get #headers(): { authorization: string } {
    return { authorization: `whm ${this.#options.user}:${this.#token}` };
  }

  async #call(request: Dispatcher.RequestOptions, bounds: Bounds): Promise<Answer> {
    const { timeout = this.#options.timeout ?? TIMEOUT, largest = LARGEST_ANSWER, signal } = bounds;
    const exchange = (): Promise<Answer> =>
      // For the whole of it: else a member that sends an octet now and then could hold a call for ever.
      cutOffBy([AbortSignal.timeout(timeout), signal], (cut) =>
        this.#exchange({ ...request, headersTimeout: timeout, bodyTimeout: timeout, signal: cut }, largest),
      );
    try {
      // Once more after a broken connection, as the original does: its dnsuniqid keeps a write from being done twice.
      return await exchange().catch((error: unknown) => {
        if (!BROKEN.has(codeOf(error))) throw error;
        return exchange();
      });
    } catch (error) {
      if (error instanceof MemberError) throw error;
      if (error instanceof Error && error.cause instanceof MemberError) throw error.cause;
      throw new MemberError(
        'unreachable',
        `${this.#options.host} cannot be reached: ${reasonOf(error, timeout)}. Check that it runs, its address and port, and the firewall.`,
        { cause: error },
      );
    }
  }

  async #exchange(request: Dispatcher.RequestOptions, largest: number): Promise<Answer> {
    const { record } = this.#options;
    if (record === undefined) return this.#send(request, largest);
    const start = performance.now();
    const tell = (answer: string, said: string): void => {
      const call = `${request.method} ${request.path}`;
      const sent = Buffer.isBuffer(request.body) ? request.body.length : 0;
      const milliseconds = Math.round(performance.now() - start);
      record({ time: new Date().toISOString(), call, sent, milliseconds, answer, said });
    };
    try {
      const answer = await this.#send(request, largest);
      tell(`${answer.body.length} octets`, this.quote(answer.body.toString('utf8', 0, LOOKED_AT)));
      return answer;
    } catch (error) {
      tell('failed', this.quote(sentenceOf(error)));
      throw error;
    }
  }

  async #send(request: Dispatcher.RequestOptions, largest: number): Promise<Answer> {
    const response = await this.#pool.request(request);
    const body = await this.#read(response.body as AsyncIterable<Buffer>, largest);
    const ours = response.headers[OUR_HEADER] !== undefined;
    const { statusCode } = response;
    if (statusCode >= 200 && statusCode < 300) return { body, ours };
    // A batch of which every zone was refused: each has its own reason in the body.
    if (ours && statusCode === UNPROCESSABLE) return { body, ours };
    throw this.#refused(statusCode, body);
  }

  async #read(chunks: AsyncIterable<Buffer>, largest: number): Promise<Buffer> {
    const octets: Buffer[] = [];
    let size = 0;
    try {
      for await (const chunk of chunks) {
        size += chunk.length;
        if (size > largest) throw this.invalid(`it is larger than ${largest} octets`);
        octets.push(chunk);
      }
    } catch (error) {
      throw error instanceof MemberError ? error : new BrokenAnswer(error);
    }
    return Buffer.concat(octets);
  }

  #refused(status: number, body: Buffer): MemberError {
    const { host } = this.#options;
    if (status === 401 || status === 403) {
      return new MemberError(
        'refused',
        `${host} refused the user or token (HTTP ${status}). Create a new token there, with the privilege clustering.`,
      );
    }
    return new MemberError('refused', `${host} answered with HTTP ${status}: ${this.quote(body.toString('utf8'))}.`);
  }
}

/** The member had begun to answer: it has carried the call out, or was about to. */
class BrokenAnswer extends Error {
  constructor(cause: unknown) {
    super(sentenceOf(cause), { cause });
  }
}

function reasonOf(error: unknown, timeout: number): string {
  const first = error instanceof BrokenAnswer ? error.cause : error;
  if (SLOW.has(codeOf(first)) || (first instanceof Error && first.name === 'TimeoutError')) {
    return `it gave no whole answer within ${timeout / 1000} s`;
  }
  // Where a name has several addresses, the system's error has no text of its own.
  const said = sentenceOf(first);
  return said === '' ? codeOf(first) : said.replace(/\.$/, '');
}
