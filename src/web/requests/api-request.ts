import type { Request } from 'express';
import { peerOf } from '../../access/authenticate.js';
import type { Principal } from '../../access/principal.js';
import type { Cluster } from '../../cluster/cluster.js';
import type { Sender } from '../../cluster/model/results.js';
import { ClusterError } from '../../errors.js';
import { defined } from '../../operations/defined.js';
import { formPairs, type Pair } from '../../wire-format/form-pairs.js';
import { zoneName, type ZoneName } from '../../zones/zone-name.js';
import type { ZoneHome } from '../../zones/home.js';
import { bodyOf, LARGEST_BODY } from './request-body.js';

/** The original sends a bundle's dnsuniqid behind its zones: so many octets of them are held until it is known. */
const MOST_AHEAD = 8 * 1024 * 1024;
const MOST_HOSTS = 100;
/** Names in one list. */
const MOST_LISTED = 100_000;
const HOST = /^[a-z0-9._:-]{1,253}$/;
const NUMBERED = /[-.][0-9]{1,9}$/;
/** Of a bundle, what must be known before its zones. */
const AHEAD = new Set([
  ...['dnsuniqid', 'hosts_seen', 'zone_server', 'zone_epoch'],
  ...['zone_server_id', 'zone_server_unsure', 'zone_left'],
]);
const SERVER_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** It rises by one each time a zone is taken over. */
const LARGEST_EPOCH = 2 ** 32;
const UNIQUE_ID = /^[A-Za-z0-9_.:-]{1,200}$/;

/** One call of a peer: who asks, and the parameters of query and body. */
export class ApiRequest {
  readonly peer: Principal;
  readonly cluster: Cluster;
  readonly #arriving: AsyncGenerator<Pair>;
  readonly #fields = new Map<string, Buffer>();
  /** All values of each name, without the number that a name of several may end with. */
  readonly #values = new Map<string, Buffer[]>();
  /** Pairs that were read before the call began. */
  #ahead: Pair[] = [];

  readonly #request: Request;

  constructor(request: Request, cluster: Cluster, pairs = pairsOf(request)) {
    this.#request = request;
    this.peer = peerOf(request);
    this.cluster = cluster;
    this.#arriving = pairs;
  }

  /** Where this call comes from; empty on the control socket. An IPv4 address is written as one. */
  get address(): string {
    return (this.#request.ip ?? '').replace(/^::ffff:(?=[\d.]+$)/, '');
  }

  /** A call within this one: of the same peer, with the parameters of this query. */
  inner(query: string): ApiRequest {
    return new ApiRequest(this.#request, this.cluster, formPairs([Buffer.from(query)], LARGEST_BODY));
  }

  /** Reads all parameters; for calls that carry no bundle. The last of a name counts. */
  async read(): Promise<void> {
    for await (const { key, value } of this.#arriving) {
      this.#fields.set(key, value);
      const name = key.replace(NUMBERED, '');
      const values = this.#values.get(name);
      if (values === undefined) this.#values.set(name, [value]);
      else values.push(value);
    }
  }

  /** Reads until the dnsuniqid is known, or there is too much to wait for it; for calls that carry a bundle. */
  async readAhead(): Promise<void> {
    let octets = 0;
    while (octets < MOST_AHEAD && this.uniqueId === undefined) {
      const next = await this.#arriving.next();
      if (next.done === true) return;
      const { key, value } = next.value;
      octets += value.length;
      if (AHEAD.has(key)) this.#fields.set(key, value);
      else this.#ahead.push(next.value);
    }
  }

  /** The pairs of a bundle as they arrive. Can be read once. */
  async *pairs(): AsyncGenerator<Pair> {
    const ahead = this.#ahead;
    this.#ahead = [];
    yield* ahead;
    yield* this.#arriving;
  }

  /** What is said of its changes by the server that sends them. Throws parameter_invalid. */
  get sender(): Sender {
    return {
      hostsSeen: this.#hostsSeen,
      claimed: this.#claimed,
      isUnsure: this.text('zone_server_unsure') === '1',
      isLeft: this.text('zone_left') === '1',
    };
  }

  /** Servers that passed this request on, lower case; a bundle names them before its zones. */
  get #hostsSeen(): string[] {
    const hosts = this.list('hosts_seen').map((host) => host.toLowerCase());
    if (hosts.length > MOST_HOSTS || hosts.some((host) => !HOST.test(host))) {
      throw new ClusterError('parameter_invalid', { parameter: 'hosts_seen', why: 'is no list of host names' });
    }
    return hosts;
  }

  /**
   * The server to which the zones of this request belong, as its sender has it. A sender that does not say so speaks
   * for the first server by which they came; undefined where that is not said either.
   */
  get #claimed(): ZoneHome | undefined {
    const [first] = this.#hostsSeen;
    const said = this.text('zone_server')?.toLowerCase();
    if (said === undefined) return first === undefined ? undefined : { server: first, epoch: 0 };
    const epoch = Number(this.text('zone_epoch') ?? '0');
    if (!HOST.test(said))
      throw new ClusterError('parameter_invalid', { parameter: 'zone_server', why: 'is no host name' });
    if (!Number.isSafeInteger(epoch) || epoch < 0 || epoch > LARGEST_EPOCH) {
      const why = `is not a whole number of at most ${LARGEST_EPOCH}`;
      throw new ClusterError('parameter_invalid', { parameter: 'zone_epoch', why });
    }
    return { server: said, epoch, ...defined({ id: this.serverId('zone_server_id') }) };
  }

  /** The lasting id of a server; undefined where none was sent. Throws parameter_invalid. */
  serverId(parameter: string): string | undefined {
    const id = this.text(parameter);
    if (id !== undefined && !SERVER_ID.test(id))
      throw new ClusterError('parameter_invalid', { parameter, why: 'is no id of a server' });
    return id;
  }

  /** Who asks, where it says so by its lasting id; `was`: names that it had. Throws parameter_invalid. */
  get asker(): { id: string; name: string; was: string[] } | undefined {
    const id = this.serverId('server_id');
    if (id === undefined) return undefined;
    const name = this.text('server') ?? '';
    const others = this.list('server_was');
    if (![name, ...others].every((one) => HOST.test(one)) || others.length > MOST_HOSTS)
      throw new ClusterError('parameter_invalid', { parameter: 'server', why: 'is no host name' });
    return { id, name, was: others };
  }

  /** It went round: this server did it before. */
  get cameByUs(): boolean {
    return this.#hostsSeen.includes(this.cluster.hostname.toLowerCase());
  }

  /** What is not read yet stays unread. */
  async end(): Promise<void> {
    await this.#arriving.return(undefined);
  }

  /** Names this request among all of its call; undefined where it has no good one. */
  get uniqueId(): string | undefined {
    const id = this.text('dnsuniqid') ?? '';
    return UNIQUE_ID.test(id) ? id : undefined;
  }

  /** A parameter's octets; undefined where it was not sent. Only after `read`. */
  octets(key: string): Buffer | undefined {
    return this.#fields.get(key);
  }

  /** All values of a parameter in the order sent: the name repeated, or numbered `name-1`, `name.1`. After `read`. */
  values(key: string): readonly Buffer[] {
    return this.#values.get(key) ?? [];
  }

  text(key: string): string | undefined {
    return this.octets(key)?.toString('utf8');
  }

  /** The parameter `zone`, checked. Throws parameter_invalid or zone_name_invalid. */
  zone(): ZoneName {
    const zone = this.text('zone');
    if (zone === undefined) throw new ClusterError('parameter_invalid', { parameter: 'zone', why: 'is missing' });
    return zoneName(zone);
  }

  /** A list of zones, separated by commas or `|`; empty where it was not sent. */
  zones(...keys: readonly string[]): ZoneName[] {
    return this.list(...keys).map((name) => zoneName(name));
  }

  /** Such a list without what can be no zone's name: that is as absent as an unknown zone. */
  possibleZones(...keys: readonly string[]): ZoneName[] {
    return this.list(...keys).flatMap((given) => {
      try {
        return [zoneName(given)];
      } catch {
        return [];
      }
    });
  }

  /** Such a list as it was sent. Throws too_many_parameters. */
  list(...keys: readonly string[]): string[] {
    const list = keys.map((key) => this.text(key)).find((text) => text !== undefined) ?? '';
    const names = list.split(/[,|]/, MOST_LISTED + 1).map((name) => name.trim());
    if (names.length > MOST_LISTED) throw new ClusterError('too_many_parameters', { limit: MOST_LISTED });
    return names.filter((name) => name !== '');
  }
}

async function* pairsOf(request: Request): AsyncGenerator<Pair> {
  const query = request.url.split('?').slice(1).join('?');
  for (const part of [[Buffer.from(query, 'latin1')], bodyOf(request)]) {
    for await (const pair of formPairs(part, LARGEST_BODY)) {
      if (pair.key === 'access_token') throw new ClusterError('token_misplaced');
      yield pair;
    }
  }
}
