import { z } from 'zod';
import { sentenceOf } from '../../errors.js';
import { defined } from '../../operations/defined.js';
import { mapInSlices } from '../../operations/in-slices.js';
import type { ZoneName } from '../../zones/zone-name.js';
import { ANNOUNCED_VERSION } from '../../wire-format/announced-version.js';
import { formPairs } from '../../wire-format/form-pairs.js';
import type {
  CallOptions,
  KeepRenewal,
  MemberBackend,
  MemberChange,
  MemberDigests,
  MemberInfo,
  Pushed,
} from '../member-backend.js';
import {
  MemberConnection,
  SHORT_ANSWER,
  type Answer,
  type Bounds,
  type ConnectionOptions,
} from './member-connection.js';
import { parseOutcomes } from '../../wire-format/outcome-lines.js';
import { isAtLeast, jsonOf, LARGEST_BUNDLE, unpacked } from './answers.js';
import { OwnWire, type HomeFields } from './own-wire.js';
import { formOf, uniqueId, zoneOf, zonesOf, type Fields } from '../../wire-format/wire-form.js';
import { encodeBundle, zoneOfKey } from '../../wire-format/zone-bundle.js';

/** Who sends these zones does not know whose they are: that of the member counts, where it has one. */
const UNSURE = { zone_server_unsure: '1' };
/** Who sends them hands them over to the server that is named: what that one sent itself stays. */
const LEFT = { zone_left: '1' };

type Upsert = MemberChange & { kind: 'upsert' };

const DNS_PORT = 53;
const SOON = { timeout: 10_000, largest: SHORT_ANSWER };
/** It calls us back before it answers, and the original answers with a page. */
const TRUST = { timeout: 40_000, largest: 1024 * 1024 };
/** Zones in the list of one member; a cluster of 100,000 is a large one. */
const MOST_ZONES = 500_000;
/** Zones in a call, as the original's clients send them; a node of this software takes more, which is faster. */
const BATCH = 512;
const OUR_BATCH = 2_500;
/** From this version on the original takes bundles. */
const TAKES_BUNDLES = [11, 24, 2];
const TRUSTED = /has been established/i;
const ADDED = /Zone \S+ has been successfully added/i;
const NOT_REMOVED = /^Unable to remove zone\(s\):.*/m;

/** `signed_zones` is said by nodes of this software, and only where there are such. */
const versionAnswer = z.object({
  version: z.string(),
  signed_zones: z.array(z.string()).max(100).catch([]),
  zones: z.number().optional().catch(undefined),
});

/** A member that speaks the original's wire: a cPanel & WHM server, or another node of this software. */
export class CpanelMember implements MemberBackend {
  readonly dns: { host: string; port: number };
  readonly #host: string;
  /** Our own host name: who passes a change on says by which servers it came. */
  readonly #self: string;
  /** What is said to nodes of this software of who asks, by its lasting id. */
  readonly #identity: Fields | undefined;
  readonly #connection: MemberConnection;
  readonly #ours: OwnWire;
  /** What it was when it answered last; undefined until it is asked, or when it has changed. */
  #kind: { ours: boolean; version: string } | undefined;

  constructor(options: ConnectionOptions & { self: string; identity?: Fields; dnsPort?: number }) {
    this.#host = options.host;
    this.dns = { host: options.host, port: options.dnsPort ?? DNS_PORT };
    this.#self = options.self;
    this.#identity = options.identity;
    this.#connection = new MemberConnection(options);
    this.#ours = new OwnWire(this.#connection, () => (this.#kind = undefined));
  }

  get batch(): number {
    return this.#kind?.ours === true ? OUR_BATCH : BATCH;
  }

  async probe(options?: CallOptions): Promise<MemberInfo> {
    const { version, signedZones, zones } = await this.#ask(options);
    const { body } = await this.#connection.get('/scripts2/gethostname?', { ...SOON, ...options });
    const hostname = body.toString('utf8').trim().toLowerCase();
    if (!/^[a-z0-9_.-]{1,253}$/.test(hostname)) {
      throw this.#connection.invalid('gethostname does not answer with a host name');
    }
    this.#connection.isCalled(hostname);
    const { certificateEnds } = this.#connection;
    return {
      version,
      hostname,
      ...(signedZones.length === 0 ? {} : { signedZones }),
      ...defined({ zones, certificateEnds }),
    };
  }

  async zoneList(options?: CallOptions): Promise<ZoneName[]> {
    const { body } = await this.#connection.get('/scripts2/getzonelist_local?', options);
    const lines = body.toString('utf8').split('\n', MOST_ZONES + 1);
    if (lines.length > MOST_ZONES) throw this.#connection.invalid(`it lists more than ${MOST_ZONES} zones`);
    return zonesOf(lines);
  }

  async zones(names: readonly ZoneName[], options?: CallOptions): Promise<Map<ZoneName, Buffer>> {
    const { body } = await this.#post('getzones_local', { zones: names.join(',') }, options);
    const zones = new Map<ZoneName, Buffer>();
    const asked = new Set(names);
    try {
      for await (const { key, value } of formPairs([await unpacked(body)], LARGEST_BUNDLE)) {
        const name = zoneOf(zoneOfKey(key) ?? '');
        if (name !== undefined && asked.has(name) && value.length > 0) zones.set(name, value);
      }
    } catch (error) {
      throw this.#connection.invalid(`getzones_local does not answer with a bundle (${sentenceOf(error)})`);
    }
    return zones;
  }

  async zoneExists(name: ZoneName, options?: CallOptions): Promise<boolean> {
    const { body } = await this.#post('zoneexists_local', { zone: name }, { ...options, largest: SHORT_ANSWER });
    return body.toString('latin1').trim() === '1';
  }

  async push(changes: readonly MemberChange[], options?: CallOptions): Promise<Pushed[]> {
    const { ours, version } = this.#kind ?? (await this.#ask(options));
    const outcomes = new Map<ZoneName, Pushed>();
    const record = (pushed: readonly Pushed[]): void => pushed.forEach((one) => outcomes.set(one.name, one));
    for (const { seen, home, together } of this.#together(changes)) {
      const upserts = together.filter((change) => change.kind === 'upsert');
      const removals = together.filter((change) => change.kind === 'remove').map(({ name }) => name);
      const { save, remove } = ours
        ? {
            save: () => this.#ours.save(upserts, seen, home, options),
            remove: () => this.#ours.remove(removals, seen, home, options),
          }
        : {
            save: () => this.#saveOnOriginal(upserts, version, seen, options),
            remove: () => this.#removeOnOriginal(removals, seen, options),
          };
      if (removals.length > 0) record(await remove());
      if (upserts.length > 0) record(await save());
    }
    return changes.map(({ name }) => outcomes.get(name) ?? refused(name, `${name} was not sent`));
  }

  async free(changes: readonly MemberChange[], options?: CallOptions): Promise<void> {
    const { ours } = this.#kind ?? (await this.#ask(options));
    // The original knows no homes: who sends a zone next has it anyway.
    if (!ours) return;
    for (const { seen, home, together } of this.#together(changes))
      await this.#ours.free(together, seen, home, options);
  }

  async requestTrust(
    { user, address, token }: { user: string; address: string; token: string },
    options?: CallOptions,
  ): Promise<{ established: boolean; said: string }> {
    const fields = { recurse: '0', user, clustermaster: address, pass: token, version: ANNOUNCED_VERSION };
    const { body } = await this.#connection.post('/cgi/trustclustermaster.cgi', formOf(fields), {
      ...TRUST,
      ...options,
    });
    const said = body.toString('utf8').replaceAll(token, '[token]');
    // Up to the next bracket of either kind: else many that are never closed would take for ever.
    return { established: TRUSTED.test(said), said: this.#connection.quote(said.replaceAll(/<[^<>]*>/g, ' ')) };
  }

  async showVersion(options?: CallOptions): Promise<string> {
    const { body } = await this.#connection.get('/scripts2/showversion?', { ...SOON, ...options });
    const version = /^\d{1,6}(\.\d{1,6}){2,5}/.exec(body.toString('latin1'))?.[0];
    if (version === undefined) throw this.#connection.invalid('showversion does not answer with a version');
    return version;
  }

  /** Known when it was asked once. */
  get digests(): MemberDigests | undefined {
    return this.#kind?.ours === true ? this.#ours : undefined;
  }

  followKeys(keep: KeepRenewal): void {
    this.#connection.followKeys(keep);
  }

  breakOff(): void {
    this.#connection.breakOff();
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  /** A call says one list of servers by which its zones came, and one to which they belong. */
  #together(changes: readonly MemberChange[]): Iterable<{ seen: string; home: HomeFields; together: MemberChange[] }> {
    const groups = new Map<string, { seen: string; home: HomeFields; together: MemberChange[] }>();
    for (const change of changes) {
      const seen = [...(change.hostsSeen ?? []), this.#self].join(',');
      const { server, epoch, id, mark } = change.home ?? {};
      const key = `${seen} ${server} ${epoch} ${id} ${mark}`;
      const group = groups.get(key);
      const said = { zone_server: server, zone_epoch: epoch?.toString(), zone_server_id: id };
      const isUnsure = server === undefined || mark === 'assumed';
      const home: HomeFields = { ...defined(said), ...(isUnsure ? UNSURE : {}), ...(mark === 'left' ? LEFT : {}) };
      if (group === undefined) groups.set(key, { seen, home, together: [change] });
      else group.together.push(change);
    }
    return groups.values();
  }

  /** Asks for its version, which proves the token, and records its kind. */
  async #ask(
    options: CallOptions | undefined,
  ): Promise<{ ours: boolean; version: string; signedZones: string[]; zones: number | undefined }> {
    const asNode = this.#kind?.ours === true;
    const said = formOf({ zones: '1', ...this.#identity }).toString('latin1');
    const { body, ours } = await this.#connection.get(`/json-api/version?${asNode ? said : ''}`, {
      ...SOON,
      ...options,
    });
    const read = versionAnswer.safeParse(jsonOf(body));
    // As far as it is one: a version is kept and shown.
    const version = /^\d{1,6}(\.\d{1,6}){2,5}/.exec(read.data?.version ?? '')?.[0];
    if (version === undefined) throw this.#connection.invalid('/json-api/version does not answer with a version');
    this.#kind = { ours, version };
    // It is told who asks before anything else is said.
    if (ours && !asNode && this.#identity !== undefined) return this.#ask(options);
    const signedZones = read.data?.signed_zones.flatMap((name) => zoneOf(name) ?? []) ?? [];
    return { ours, version, signedZones, zones: ours ? read.data?.zones : undefined };
  }

  /** The original saves with one call and loads with another, and says little of single zones. */
  async #saveOnOriginal(
    changes: readonly Upsert[],
    version: string,
    seen: string,
    options?: CallOptions,
  ): Promise<Pushed[]> {
    if (changes.length > 1 && isAtLeast(version, TAKES_BUNDLES)) {
      const parts = await mapInSlices(changes, (change) => encodeBundle([change]));
      const body = Buffer.concat([...parts, formOf({ hosts_seen: seen, dnsuniqid: uniqueId() })]);
      this.#recordKind(await this.#connection.post('/scripts2/synczones_local', body, options));
      const names = changes.map(({ name }) => name).join(',');
      await this.#post('reloadzones_local', { zone: names, hosts_seen: seen }, options);
      return changes.map(({ name }) => ({ name, outcome: 'done' }));
    }
    const pushed: Pushed[] = [];
    for (const change of changes)
      pushed.push(await (change.isNew ? this.#addOne(change, seen, options) : this.#editOne(change, seen, options)));
    return pushed;
  }

  async #addOne({ name, text }: Upsert, seen: string, options?: CallOptions): Promise<Pushed> {
    const { body } = await this.#post('quickzoneadd_local', { zone: name, zonedata: text, hosts_seen: seen }, options);
    if (ADDED.test(body.toString('utf8'))) return { name, outcome: 'done' };
    return refused(name, `${this.#host} did not add ${name}: ${this.#connection.quote(body.toString('utf8'))}.`);
  }

  async #editOne({ name, text }: Upsert, seen: string, options?: CallOptions): Promise<Pushed> {
    await this.#post('savezone_local', { zone: name, zonedata: text, hosts_seen: seen }, options);
    await this.#post('reloadbind_local', { zone: name, hosts_seen: seen }, options);
    return { name, outcome: 'done' };
  }

  async #removeOnOriginal(names: readonly ZoneName[], seen: string, options?: CallOptions): Promise<Pushed[]> {
    const [first = '', ...others] = names;
    const { body } = await (others.length === 0
      ? this.#post('removezone_local', { zone: first, hosts_seen: seen }, options)
      : this.#post('removezones_local', { zones: names.join(','), hosts_seen: seen }, options));
    const text = body.toString('utf8');
    const failure = NOT_REMOVED.exec(text)?.[0];
    const removed = parseOutcomes(text);
    return names.map((name) =>
      failure === undefined || removed.has(name)
        ? { name, outcome: 'done' }
        : refused(name, `${this.#host} answered: ${this.#connection.quote(failure)}`),
    );
  }

  async #post(call: string, fields: Fields, bounds?: Bounds): Promise<Answer> {
    const form = formOf({ ...fields, dnsuniqid: uniqueId() });
    const answer = await this.#connection.post(`/scripts2/${call}`, form, bounds);
    this.#recordKind(answer);
    return answer;
  }

  /** Another program may answer at the address than did before: then it is asked anew before the next push. */
  #recordKind({ ours }: Answer): void {
    if (this.#kind?.ours !== ours) this.#kind = undefined;
  }
}

function refused(name: ZoneName, reason: string): Pushed {
  return { name, outcome: 'refused', reason };
}
