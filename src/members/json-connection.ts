import { setTimeout as pause } from 'node:timers/promises';
import { Pool, type Dispatcher } from 'undici';
import { z } from 'zod';
import { codeOf, sentenceOf } from '../errors.js';
import { cutOffBy } from '../operations/cut-off.js';
import { MemberError, type CallOptions } from './member-backend.js';
import { connectorFor, type Reach } from './reach.js';

interface JsonConnectionOptions {
  /** Where the API is, as `https://api.example.net/v1`. */
  base: string;
  /** How the operator calls the service, as `SoftLayer`. */
  service: string;
  headers: Readonly<Record<string, string>>;
  /** What no sentence may hold. */
  secrets: readonly string[];
  /** Where it may be; everywhere where absent. */
  reach: Reach | undefined;
  /** What to say of a call that was not let in; `credentials` are the statuses that mean it (401 and 403 always do). */
  credentials: { statuses?: readonly number[]; advice: string };
}

export interface JsonCall {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the base, with its query. */
  path: string;
  body?: unknown;
}

/** One call was answered with a refusal: it is about what was asked, not about us. */
export class CallRefused extends MemberError {
  readonly status: number;
  /** What the service says, whole. */
  readonly said: string;
  constructor(status: number, said: string, sentence: string) {
    super('refused', sentence);
    this.status = status;
    this.said = said;
  }
}

/** For a whole answer, milliseconds. */
const TIMEOUT = 60_000;
const CONNECTIONS = 8;
const KEEP_ALIVE = 30_000;
const LARGEST_ANSWER = 64 * 1024 * 1024;
const LONGEST_QUOTE = 300;
/** Pauses before a call is sent again, milliseconds. */
const PAUSES = [300, 1_000, 3_000, 8_000];
/** A service that wants us to wait longer is left alone: the change stays due. */
const LONGEST_PAUSE = 30_000;
const TOO_MANY = 429;
const BAD_GATEWAY = 502;
const UNAVAILABLE = 503;
const GATEWAY_TIMEOUT = 504;
/** What it says may be in one of these. */
const FAULT = z.object({ error: z.string() }).or(z.object({ message: z.string() }));
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * A service's JSON API over HTTPS. Sorts what goes wrong into MemberErrors; a call that the service is too busy for is
 * sent again, a few times, as is one that was lost on the way where it can be done twice.
 */
export class JsonConnection {
  readonly #options: JsonConnectionOptions;
  readonly #base: URL;
  readonly #pool: Pool;
  readonly #signal: AbortSignal | undefined;
  readonly #closing: AbortController;

  /** Throws an Error with a sentence where `base` is no address that a secret may be sent to. */
  constructor(
    options: JsonConnectionOptions,
    shared?: { pool: Pool; closing: AbortController; signal: AbortSignal | undefined },
  ) {
    this.#options = options;
    this.#base = baseOf(options.base);
    this.#closing = shared?.closing ?? new AbortController();
    this.#signal = shared?.signal;
    this.#pool =
      shared?.pool ??
      new Pool(this.#base.origin, {
        connect: connectorFor(options.reach, this.#closing.signal),
        connections: CONNECTIONS,
        keepAliveTimeout: KEEP_ALIVE,
        pipelining: 1,
      });
  }

  /** The same connections, for calls that `signal` cuts off. */
  heeding({ signal }: CallOptions = {}): JsonConnection {
    return new JsonConnection(this.#options, { pool: this.#pool, closing: this.#closing, signal });
  }

  get host(): string {
    return this.#base.hostname.replaceAll(/[[\]]/g, '');
  }

  /** The answer, as `schema` reads it. Rejects with MemberError; with CallRefused if the service refused this call. */
  async call<S extends z.ZodType>(schema: S, call: JsonCall): Promise<z.output<S>> {
    const { status, text } = await this.#answered(call);
    if (status < 200 || status >= 300) throw this.#refusal(status, text);
    let answer: unknown;
    try {
      answer = text === '' ? undefined : JSON.parse(text);
    } catch {
      throw this.invalid('it is no JSON');
    }
    const read = schema.safeParse(answer);
    if (!read.success) {
      const [issue] = read.error.issues;
      throw this.invalid(`${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'has another form'}`);
    }
    return read.data;
  }

  /** The error of an answer that has a good status and makes no sense. */
  invalid(why: string): MemberError {
    const { service } = this.#options;
    return new MemberError('invalid_answer', `The answer of ${service} (${this.host}) makes no sense: ${why}.`);
  }

  async close(): Promise<void> {
    const destroyed = this.#pool.destroy();
    this.#closing.abort();
    await destroyed;
  }

  async #answered(call: JsonCall): Promise<{ status: number; text: string }> {
    for (const wait of [...PAUSES, undefined]) {
      const answer = await this.#send(call);
      if (wait === undefined || !isWorthRepeating(answer.status, call.method)) return answer;
      const wanted = Number(answer.retryAfter) * 1_000;
      if (wanted > LONGEST_PAUSE) return answer;
      await cutOffBy([this.#signal], (signal) => pause(wanted > 0 ? wanted : wait, undefined, { signal }));
    }
    throw new Error('the last attempt answers');
  }

  async #send({ method, path, body }: JsonCall): Promise<{ status: number; text: string; retryAfter: string }> {
    const request: Dispatcher.RequestOptions = {
      method,
      path: this.#base.pathname.replace(/\/$/, '') + path,
      headers: {
        ...this.#options.headers,
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      headersTimeout: TIMEOUT,
      bodyTimeout: TIMEOUT,
    };
    try {
      return await cutOffBy([AbortSignal.timeout(TIMEOUT), this.#signal], async (signal) => {
        const response = await this.#pool.request({ ...request, signal });
        const text = await this.#read(response.body as AsyncIterable<Buffer>);
        const { 'retry-after': retryAfter } = response.headers;
        return { status: response.statusCode, text, retryAfter: typeof retryAfter === 'string' ? retryAfter : '' };
      });
    } catch (error) {
      if (error instanceof MemberError) throw error;
      const said = sentenceOf(error) || codeOf(error);
      const sentence = `${this.#options.service} (${this.host}) cannot be reached: ${quote(said)}. Check its address and the firewall.`;
      throw new MemberError('unreachable', sentence, { cause: error });
    }
  }

  async #read(chunks: AsyncIterable<Buffer>): Promise<string> {
    const octets: Buffer[] = [];
    let size = 0;
    for await (const chunk of chunks) {
      size += chunk.length;
      if (size > LARGEST_ANSWER) throw this.invalid(`it is larger than ${LARGEST_ANSWER} octets`);
      octets.push(chunk);
    }
    return Buffer.concat(octets).toString('utf8');
  }

  #refusal(status: number, text: string): MemberError {
    const { service, credentials } = this.#options;
    if (status === 401 || status === 403 || credentials.statuses?.includes(status) === true) {
      return new MemberError('refused', `${service} (${this.host}) refused us (HTTP ${status}). ${credentials.advice}`);
    }
    const said = this.#saidIn(text);
    const sentence = `${service} (${this.host}) answered with HTTP ${status}: ${quote(said)}.`;
    // Too busy for this call is too busy for the next.
    if ([TOO_MANY, BAD_GATEWAY, UNAVAILABLE, GATEWAY_TIMEOUT].includes(status)) {
      return new MemberError('unreachable', sentence);
    }
    return new CallRefused(status, said, sentence);
  }

  /** The fault that the text tells, without what is secret. */
  #saidIn(text: string): string {
    const fault = FAULT.safeParse(parsed(text));
    const said = fault.success ? String(Object.values(fault.data)[0]) : text;
    const hide = (kept: string, secret: string): string => (secret === '' ? kept : kept.replaceAll(secret, '[secret]'));
    return this.#options.secrets.reduce(hide, said);
  }
}

/** How a text begins, in one line. */
function quote(said: string): string {
  const line = said.slice(0, LONGEST_QUOTE * 4).replaceAll(/[\p{C}\p{Z}]+/gu, ' ');
  return line.trim().slice(0, LONGEST_QUOTE).replace(/\.$/, '') || 'it says nothing more';
}

/** A busy service gets any call again. A lost call is sent again only if it may be done twice. A 500 is the answer. */
function isWorthRepeating(status: number, method: JsonCall['method']): boolean {
  if (status === TOO_MANY || status === UNAVAILABLE) return true;
  return (status === BAD_GATEWAY || status === GATEWAY_TIMEOUT) && method !== 'POST';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function baseOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['https:', 'http:'].includes(url.protocol) || url.username !== '' || url.search !== '') {
    throw new Error(`"${text.slice(0, 100)}" is no address of an API: write it as https://HOST/PATH`);
  }
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname)) {
    throw new Error(`${url.host} is not asked without TLS, which would show the key to everybody: write https://`);
  }
  return url;
}
