import { randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { Client, type Dispatcher } from 'undici';
import { sentenceOf } from '../errors.js';
import { zoneName, type ZoneName } from '../zones/zone-name.js';
import { formPairs } from './form-pairs.js';
import { MemberError, type MemberBackend, type MemberChange, type MemberInfo, type Pushed } from './member-backend.js';
import { OUR_HEADER, parseOutcomes } from './outcome-lines.js';
import { percentEncode } from './percent.js';
import { pinnedConnector } from './pinned-connection.js';
import { encodeBundle, zoneOfKey } from './zone-bundle.js';

export { fetchFingerprint } from './pinned-connection.js';

export interface CpanelMemberOptions {
  host: string;
  port: number;
  user: string;
  token: string;
  /** Pinned SHA-256 fingerprint. */
  fingerprint: string;
  /** Longest wait for an answer, milliseconds; the original's clients wait 300 s. */
  timeout?: number;
}

const TIMEOUT = 300_000;
const PROBE_TIMEOUT = 10_000;
const CONNECTIONS = 4;
/** The original's own clients send so many zones in a call; a node of this software takes more, which its nameserver likes. */
const BATCH = 512;
const OUR_BATCH = 2_500;
/** An idle connection is kept so long, unless the member announces less: a change then costs no handshake. */
const KEEP_ALIVE = 60_000;
const LARGEST_ANSWER = 64 * 1024 * 1024;
const LARGEST_BUNDLE = 512 * 1024 * 1024;

interface Answer {
  body: Buffer;
  ours: boolean;
}

/** A member that speaks the original's wire: a cPanel & WHM server, or another node of this software. */
export class CpanelMember implements MemberBackend {
  readonly #options: CpanelMemberOptions;
  readonly #name: string;
  readonly #clients: Client[];
  #next = 0;
  #ours = false;

  constructor(options: CpanelMemberOptions) {
    this.#options = options;
    this.#name = options.host;
    const origin = `https://${options.host.includes(':') ? `[${options.host}]` : options.host}:${options.port}`;
    this.#clients = Array.from(
      { length: CONNECTIONS },
      () =>
        new Client(origin, {
          connect: pinnedConnector(options.host, options.fingerprint),
          keepAliveTimeout: KEEP_ALIVE,
          pipelining: 1,
        }),
    );
  }

  get batch(): number {
    return this.#ours ? OUR_BATCH : BATCH;
  }

  async probe(): Promise<MemberInfo> {
    const version = this.#json(await this.#call('GET', '/json-api/version?', undefined, PROBE_TIMEOUT), 'version');
    const hostname = await this.#call('GET', '/scripts2/gethostname?', undefined, PROBE_TIMEOUT);
    const name = hostname.body.toString('utf8').trim().toLowerCase();
    if (!/^[a-z0-9_.-]{1,253}$/.test(name)) throw this.#invalid('gethostname does not answer with a host name');
    return { version, hostname: name };
  }

  async zoneList(): Promise<ZoneName[]> {
    const { body } = await this.#call('GET', '/scripts2/getzonelist_local?');
    const names: ZoneName[] = [];
    for (const line of body.toString('utf8').split('\n')) {
      const name = line.trim().replace(/\.db$/, '');
      // Names with a leading dot are files that an editor left behind, not zones.
      if (name !== '' && !name.startsWith('.')) names.push(zoneName(name));
    }
    return names;
  }

  async zones(names: readonly ZoneName[]): Promise<Map<ZoneName, Buffer>> {
    const { body } = await this.#post('getzones_local', { zones: names.join(',') });
    const plain = body[0] === 0x1f && body[1] === 0x8b ? gunzipSync(body, { maxOutputLength: LARGEST_BUNDLE }) : body;
    const zones = new Map<ZoneName, Buffer>();
    for await (const { key, value } of formPairs([plain], LARGEST_BUNDLE)) {
      const name = zoneOfKey(key);
      if (name !== undefined && value.length > 0) zones.set(zoneName(name), value);
    }
    return zones;
  }

  async zoneExists(name: ZoneName): Promise<boolean> {
    const { body } = await this.#post('zoneexists_local', { zone: name });
    return body.toString('latin1').trim() === '1';
  }

  async push(changes: readonly MemberChange[]): Promise<Pushed[]> {
    const upserts = changes.filter((change) => change.kind === 'upsert');
    const removals = changes.filter((change) => change.kind === 'remove');
    const outcomes = new Map<ZoneName, Pushed>();
    for (const pushed of upserts.length > 0 ? await this.#save(upserts) : []) outcomes.set(pushed.name, pushed);
    for (const pushed of removals.length > 0 ? await this.#remove(removals.map(({ name }) => name)) : []) {
      outcomes.set(pushed.name, pushed);
    }
    return changes.map(({ name }) => outcomes.get(name) ?? { name, outcome: 'refused', reason: this.#silent(name) });
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.destroy()));
  }

  async #save(changes: readonly (MemberChange & { kind: 'upsert' })[]): Promise<Pushed[]> {
    const bundle = Buffer.concat([encodeBundle(changes), Buffer.from(`dnsuniqid=${uniqueId()}`)]);
    const answer = await this.#call('POST', '/scripts2/synczones_local', bundle);
    if (!answer.ours) {
      // The original saves with one call and loads with another; it says nothing of single zones.
      await this.#post('reloadzones_local', { zone: changes.map(({ name }) => name).join(',') });
      return changes.map(({ name }) => ({ name, outcome: 'done' }));
    }
    const outcomes = parseOutcomes(answer.body.toString('utf8'));
    return changes.map(({ name }): Pushed => {
      const said = outcomes.get(name);
      if (said?.outcome === 'saved') return { name, outcome: 'done', serial: said.serial, digest: said.digest };
      return { name, outcome: 'refused', reason: said?.outcome === 'refused' ? said.reason : this.#silent(name) };
    });
  }

  async #remove(names: readonly ZoneName[]): Promise<Pushed[]> {
    const answer = await this.#post('removezones_local', { zones: names.join(',') });
    const outcomes = parseOutcomes(answer.body.toString('utf8'));
    return names.map((name): Pushed => {
      const said = outcomes.get(name);
      if (said?.outcome === 'refused') return { name, outcome: 'refused', reason: said.reason };
      if (answer.ours && said === undefined) return { name, outcome: 'refused', reason: this.#silent(name) };
      return { name, outcome: 'done' };
    });
  }

  #silent(name: ZoneName): string {
    return `${this.#name} did not say what became of ${name}.`;
  }

  #post(call: string, fields: Readonly<Record<string, string>>): Promise<Answer> {
    const pairs = Object.entries({ ...fields, dnsuniqid: uniqueId() });
    const form = pairs
      .map(([key, value]) => `${key}=${percentEncode(Buffer.from(value)).toString('latin1')}`)
      .join('&');
    return this.#call('POST', `/scripts2/${call}`, Buffer.from(form));
  }

  async #call(method: 'GET' | 'POST', path: string, body?: Buffer, timeout?: number): Promise<Answer> {
    // Idle ones first come round again at once; busy ones queue, so no call waits behind one slow one for long.
    const client = this.#clients[this.#next++ % this.#clients.length];
    const wait = timeout ?? this.#options.timeout ?? TIMEOUT;
    let response: Dispatcher.ResponseData;
    const octets: Buffer[] = [];
    try {
      if (client === undefined) throw new Error('no connection');
      response = await client.request({
        method,
        path,
        headers: {
          authorization: `whm ${this.#options.user}:${this.#options.token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/octet-stream' }),
        },
        body: body ?? null,
        headersTimeout: wait,
        bodyTimeout: wait,
      });
      let size = 0;
      for await (const chunk of response.body as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > LARGEST_ANSWER) throw this.#invalid(`its answer is larger than ${LARGEST_ANSWER} octets`);
        octets.push(chunk);
      }
    } catch (error) {
      if (error instanceof MemberError) throw error;
      if (error instanceof Error && error.cause instanceof MemberError) throw error.cause;
      throw new MemberError('unreachable', `${this.#name} cannot be reached: ${sentenceOf(error)}.`, { cause: error });
    }
    const answer = Buffer.concat(octets);
    const ours = response.headers[OUR_HEADER] !== undefined;
    this.#ours = ours;
    if (response.statusCode >= 200 && response.statusCode < 300) return { body: answer, ours };
    // A batch of which every zone was refused: each has its own reason in the body.
    if (ours && response.statusCode === 422 && method === 'POST') return { body: answer, ours };
    throw this.#refused(response.statusCode, answer);
  }

  #refused(status: number, body: Buffer): MemberError {
    if (status === 401 || status === 403) {
      return new MemberError(
        'refused',
        `${this.#name} refused the user or token (HTTP ${status}). Create a new token there, with the privilege clustering.`,
      );
    }
    const why = body
      .toString('utf8', 0, 200)
      .replaceAll(/[^\x20-\x7e]+/g, ' ')
      .trim();
    return new MemberError(
      'refused',
      `${this.#name} answered with HTTP ${status}${why === '' ? '' : `: ${why.replace(/\.$/, '')}`}.`,
    );
  }

  #invalid(why: string): MemberError {
    return new MemberError(
      'invalid_answer',
      `The answer of ${this.#name} makes no sense: ${why}. Is it a cPanel & WHM server or a node of this software?`,
    );
  }

  #json(answer: Answer, field: string): string {
    try {
      const value = (JSON.parse(answer.body.toString('utf8')) as Record<string, unknown>)[field];
      if (typeof value === 'string' && /^\d+\.\d+\.\d+/.test(value)) return value;
    } catch {
      // Said below, in the same words.
    }
    throw this.#invalid(`/json-api/version does not answer with a ${field}`);
  }
}

/** As originators choose it: random characters, an underscore, the time. */
function uniqueId(): string {
  return `${randomBytes(16).toString('hex')}_${Math.floor(Date.now() / 1000)}`;
}
