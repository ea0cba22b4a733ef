import { ownsOrIsRoot, type Principal } from '../../src/access/principal.js';
import type { Cluster } from '../../src/cluster/cluster.js';
import { newClusterState, type ClusterSettings } from '../../src/cluster/model/cluster-state.js';
import type { Conflict } from '../../src/cluster/local/conflicts.js';
import type { DriftReport, Settlement } from '../../src/cluster/model/drift-kinds.js';
import { SynchronizeRun } from '../../src/cluster/changes/synchronize-job.js';
import type { Transaction } from '../../src/members/transactions.js';
import type { PastVersion } from '../../src/zones/zone-history.js';
import type { MemberType } from '../../src/members/member-type.js';
import type { MemberAnswer } from '../../src/cluster/members/member-dns.js';
import type { MemberEdit } from '../../src/cluster/model/member-edit.js';
import type { Role } from '../../src/cluster/model/member.js';
import type { RescanResult } from '../../src/cluster/local/rescan.js';
import { ClusterError, isClusterError } from '../../src/errors.js';
import { zoneFromTemplate } from '../../src/zones/templates.js';
import { validateZone, type ValidZone } from '../../src/zones/validation.js';
import type { ZoneEntry } from '../../src/zones/zone-index.js';
import type { ZoneName } from '../../src/zones/zone-name.js';
import type {
  BatchOutcome,
  ChangeResult,
  ClusterFailures,
  ClusterStatus,
  SynchronizeOptions,
  SynchronizeResult,
  MemberZoneState,
  RemovedZone,
} from '../../src/cluster/model/results.js';
import type { LookedAt, MemberStatus, MemberTest, NewMember } from '../../src/cluster/model/member-status.js';

interface Held {
  entry: ZoneEntry;
  text: Buffer;
}

/**
 * A cluster without disks, nameservers and network, for tests of what is in front of it: parsing, rights, rendering. Zones are
 * checked by the real validation. Members are rows that the test gives; what they answer is for the test to say.
 */
export class MemoryCluster {
  readonly hostname = 'web.example.net';
  readonly zones = new Map<ZoneName, Held>();
  rows: MemberStatus[] = [];
  states: MemberZoneState[] = [];
  clustering = true;
  settings = newClusterState();
  /** What a rescan finds. */
  found: RescanResult = {
    changed: [],
    added: [],
    broken: [],
    missing: [],
    removed: [],
    strange: [],
    unchanged: 0,
  };

  /** As the program sees it; whatever a test puts in the place of a method is called. */
  get shown(): Cluster {
    const on = (facet: Record<string, string>): object =>
      Object.fromEntries(
        Object.entries(facet).map(([name, method]) => [
          name,
          (...args: unknown[]) => (this as unknown as Record<string, (...of: unknown[]) => unknown>)[method]?.(...args),
        ]),
      );
    return {
      hostname: this.hostname,
      ...on({ status: 'status', saveZone: 'saveZone', listZones: 'listZones', zoneStates: 'zoneStates' }),
      zones: on({
        list: 'listZones',
        held: 'heldZones',
        heldCount: 'heldCount',
        get: 'zone',
        text: 'zoneText',
        newestText: 'newestText',
        states: 'zoneStates',
        history: 'zoneHistory',
        save: 'saveZone',
        add: 'addZone',
        create: 'createZone',
        remove: 'removeZone',
        saveMany: 'saveZones',
        removeMany: 'removeZones',
        reload: 'reloadZones',
        conflicts: 'conflicts',
        takeOver: 'takeOverZone',
        forgetConflict: 'forgetConflict',
      }),
      removed: on({ list: 'removedZones', restore: 'restoreZone' }),
      files: on({ restore: 'restoreFile', restoreAll: 'restoreFiles', rescan: 'rescanZones' }),
      members: on({
        list: 'members',
        failures: 'failures',
        types: 'memberTypes',
        transactions: 'transactions',
        add: 'addMember',
        trust: 'trustMember',
        edit: 'editMember',
        test: 'testMember',
        zoneText: 'memberZoneText',
        askForSoa: 'askForSoa',
        lookAt: 'lookAtServer',
        setRole: 'setMemberRole',
        enable: 'enableMember',
        disable: 'disableMember',
        allowRemovals: 'allowRemovals',
        remove: 'removeMember',
      }),
      drift: on({ reports: 'drift', check: 'checkDrift', settle: 'settleDrift' }),
      synchronize: on({
        run: 'synchronize',
        start: 'startSynchronize',
        job: 'synchronizeJob',
        elsewhere: 'zonesElsewhere',
      }),
      settings: on({ change: 'configure', setClustering: 'setClustering' }),
    } as unknown as Cluster;
  }

  heldCount(by: Principal): number {
    return this.listZones(by).length;
  }
  heldZones(by: Principal): ZoneEntry[] {
    return this.listZones(by);
  }
  listZones(by: Principal): ZoneEntry[] {
    const rows = [...this.zones.values()].map(({ entry }) => entry).filter(({ owner }) => ownsOrIsRoot(by, owner));
    return rows.sort((a, b) => (a.name < b.name ? -1 : 1));
  }
  zone(name: ZoneName, by: Principal): ZoneEntry | undefined {
    const held = this.zones.get(name);
    return held !== undefined && ownsOrIsRoot(by, held.entry.owner) ? held.entry : undefined;
  }
  async zoneText(name: ZoneName, by: Principal): Promise<Buffer> {
    return Promise.resolve(this.#held(name, by).text);
  }
  zoneStates(name: ZoneName, by: Principal): MemberZoneState[] {
    this.#held(name, by);
    return this.states;
  }
  async saveZone(name: ZoneName, given: Buffer | ValidZone, by: Principal): Promise<ChangeResult> {
    const text = Buffer.isBuffer(given) ? given : given.text;
    const before = this.zones.get(name);
    if (before !== undefined) this.#held(name, by);
    if (before?.text.equals(text) === true) return this.#result(name, 'unchanged', before.entry, []);
    const { serial, digest, warnings } = validateZone(name, text);
    const owner = before?.entry.owner ?? by.user;
    this.zones.set(name, { entry: { name, serial, digest, owner, modified: Date.now() }, text });
    const said = warnings.map(({ message }) => message);
    return Promise.resolve(this.#result(name, before === undefined ? 'created' : 'saved', { serial, digest }, said));
  }
  async addZone(name: ZoneName, text: Buffer, by: Principal): Promise<ChangeResult> {
    if (this.zones.has(name)) throw new ClusterError('zone_exists', { zone: name });
    return this.saveZone(name, text, by);
  }
  async createZone(
    name: ZoneName,
    { template, variables }: { template: string; variables: Readonly<Record<string, string>> },
    by: Principal,
  ): Promise<ChangeResult> {
    return this.addZone(name, zoneFromTemplate(template, variables, name), by);
  }
  async removeZone(name: ZoneName, by: Principal): Promise<ChangeResult> {
    this.#held(name, by);
    this.zones.delete(name);
    return Promise.resolve(this.#result(name, 'removed', undefined, []));
  }
  async saveZones(zones: readonly { name: ZoneName; text: Buffer }[], by: Principal): Promise<BatchOutcome[]> {
    return Promise.all(zones.map(({ name, text }) => outcome(name, this.saveZone(name, text, by))));
  }
  async removeZones(names: readonly ZoneName[], by: Principal): Promise<BatchOutcome[]> {
    return Promise.all(names.map((name) => outcome(name, this.removeZone(name, by))));
  }
  async reloadZones(): Promise<void> {
    // Nothing serves these zones.
  }
  async rescanZones(by: Principal): Promise<RescanResult> {
    if (by.kind !== 'root') throw new ClusterError('privilege_missing', { privilege: 'root' });
    return Promise.resolve(this.found);
  }

  async status(by: Principal): Promise<ClusterStatus> {
    const { hostname, clustering, settings } = this;
    const nameserver = { software: 'BIND', version: '9.18.49', running: true };
    const zones = this.listZones(by).length;
    return Promise.resolve({
      hostname,
      clustering,
      settings,
      zones,
      nameserver,
      dns: { host: '127.0.0.1', port: 53 },
      members: this.members(by),
      damaged: [],
    });
  }
  async setClustering(on: boolean): Promise<void> {
    this.clustering = on;
    return Promise.resolve();
  }
  async configure(change: Partial<ClusterSettings>): Promise<void> {
    Object.assign(this.settings, change);
    return Promise.resolve();
  }
  async allowRemovals(id: string, by: Principal): Promise<MemberStatus> {
    const row = this.#row(id, by);
    delete row.removalsHeld;
    return Promise.resolve(row);
  }
  reports: DriftReport[] = [];
  drift(): DriftReport[] {
    return this.reports;
  }
  async checkDrift(member: string | undefined, by: Principal): Promise<DriftReport[]> {
    if (member !== undefined) this.#row(member, by);
    return Promise.resolve(this.reports);
  }
  settled: [member: string, zones: readonly ZoneName[], how: Settlement][] = [];
  async settleDrift(id: string, zones: readonly ZoneName[], how: Settlement, by: Principal): Promise<BatchOutcome[]> {
    this.#row(id, by);
    this.settled.push([id, zones, how]);
    return Promise.resolve([]);
  }
  met: Conflict[] = [];
  conflicts(): Conflict[] {
    return this.met;
  }
  async takeOverZone(name: ZoneName, by: Principal): Promise<ChangeResult> {
    return this.saveZone(name, this.#held(name, by).text, by);
  }
  async forgetConflict(name: ZoneName): Promise<void> {
    this.met = this.met.filter(({ zone }) => zone !== name);
    return Promise.resolve();
  }
  members(by: Principal): MemberStatus[] {
    return this.rows.filter(({ owner }) => ownsOrIsRoot(by, owner));
  }
  async addMember(member: NewMember, by: Principal): Promise<MemberStatus> {
    const id = `m${this.rows.length + 1}`;
    if ('values' in member) {
      const { type, role, values } = member;
      if (!this.types.some((known) => known.type === type)) {
        throw new ClusterError('member_type_unknown', { type, types: 'cpanel' });
      }
      this.given = values;
      const nowhere = { port: 0, dnsPort: 0, fingerprint: '', version: '' };
      this.rows.push(memberRow({ id, type, role, hostname: `${type}.example`, owner: by.user, ...nowhere }));
    } else {
      const { host, port, dnsPort, user, role, fingerprint } = member;
      const row = memberRow({ id, host, hostname: host, user, role, owner: by.user });
      Object.assign(row, { port: port ?? 2087, dnsPort: dnsPort ?? 53, fingerprint: fingerprint ?? row.fingerprint });
      if (member.reverseTrust === true) row.reverseTrust = { established: true, said: 'ok' };
      this.rows.push(row);
    }
    const added = this.rows.at(-1);
    if (added === undefined) throw new Error('a row was expected');
    return Promise.resolve(added);
  }
  given: Readonly<Record<string, string>> = {};
  async trustMember({ address, user }: { address: string; user: string }, by: Principal): Promise<MemberStatus> {
    return this.addMember({ host: address, user, token: 'x', role: 'standalone' }, by);
  }
  async synchronize(): Promise<SynchronizeResult> {
    return Promise.resolve({ newer: [], taken: [], unreachable: [], resent: 0 });
  }
  async startSynchronize(options: SynchronizeOptions, by: Principal): Promise<SynchronizeRun> {
    this.job = new SynchronizeRun(options, by, { run: () => this.synchronize(), waiting: () => 0 });
    return Promise.resolve(this.job);
  }
  job: SynchronizeRun | undefined;
  synchronizeJob(id: string, by: Principal): SynchronizeRun | undefined {
    return this.job?.id === id && ownsOrIsRoot(by, this.job.user) ? this.job : undefined;
  }
  removed: RemovedZone[] = [];
  removedZones(): RemovedZone[] {
    return this.removed;
  }
  async restoreZone(name: ZoneName, by: Principal): Promise<ChangeResult> {
    const [version] = this.past;
    return this.addZone(name, version?.text ?? Buffer.of(), by);
  }
  async restoreFile(name: ZoneName, by: Principal): Promise<ChangeResult> {
    return this.saveZone(name, this.#held(name, by).text, by);
  }
  restoreFiles(): Promise<BatchOutcome[]> {
    return Promise.resolve([]);
  }
  past: PastVersion[] = [];
  async zoneHistory(name: ZoneName, by: Principal): Promise<PastVersion[]> {
    this.#held(name, by);
    return Promise.resolve(this.past);
  }
  calls: Transaction[] = [];
  transactions(id: string, by: Principal): Transaction[] {
    this.#row(id, by);
    return this.calls;
  }
  failures(): ClusterFailures {
    return { members: [], zones: [] };
  }
  zonesElsewhere(): Promise<{ zone: ZoneName; member: string }[]> {
    return Promise.resolve(this.elsewhere);
  }
  elsewhere: { zone: ZoneName; member: string }[] = [];
  newestText(name: ZoneName, by: Principal): Promise<Buffer> {
    return this.zoneText(name, by);
  }
  types: readonly MemberType[] = [];
  memberTypes(): readonly MemberType[] {
    return this.types;
  }
  /** The last edit of a member. */
  edit: MemberEdit = {};
  async editMember(id: string, wanted: MemberEdit, by: Principal): Promise<MemberStatus> {
    const { values: _values, ...edit } = wanted;
    this.edit = wanted;
    return Promise.resolve(Object.assign(this.#row(id, by), edit));
  }
  async testMember(id: string, by: Principal): Promise<MemberTest> {
    const { version, hostname, silentNameserver: silent } = this.#row(id, by);
    const named = silent === undefined ? {} : { silentNameserver: silent };
    return Promise.resolve({ version, hostname, milliseconds: 5, ...named });
  }
  async askForSoa(id: string, zone: ZoneName, by: Principal): Promise<MemberAnswer> {
    const command = `dig @${this.#row(id, by).host} ${zone} SOA +norecurse`;
    return Promise.resolve({
      command,
      lines: [`${zone}. 60 IN SOA …`],
      verdict: 'It answers with authority.',
      milliseconds: 2,
    });
  }
  async memberZoneText(id: string, name: ZoneName, by: Principal): Promise<Buffer> {
    const { hostname } = this.#row(id, by);
    const held = this.zones.get(name);
    if (held === undefined) throw new ClusterError('zone_not_at_member', { zone: name, member: hostname });
    return Promise.resolve(held.text);
  }
  async lookAtServer(host: string, port = 2087): Promise<LookedAt> {
    return Promise.resolve({ host, port, fingerprint: Array<string>(32).fill('AB').join(':') });
  }
  async setMemberRole(id: string, role: Role, by: Principal): Promise<MemberStatus> {
    return Promise.resolve(Object.assign(this.#row(id, by), { role }));
  }
  async enableMember(id: string, by: Principal): Promise<MemberStatus> {
    return Promise.resolve(Object.assign(this.#row(id, by), { state: 'online', failures: 0 }));
  }
  async disableMember(id: string, by: Principal): Promise<MemberStatus> {
    return Promise.resolve(Object.assign(this.#row(id, by), { state: 'disabled' }));
  }
  async removeMember(id: string, by: Principal): Promise<void> {
    const row = this.#row(id, by);
    this.rows = this.rows.filter((other) => other !== row);
    return Promise.resolve();
  }

  #held(name: ZoneName, by: Principal): Held {
    const held = this.zones.get(name);
    if (held === undefined) throw new ClusterError('zone_unknown', { zone: name });
    if (!ownsOrIsRoot(by, held.entry.owner)) throw new ClusterError('zone_not_yours', { zone: name });
    return held;
  }
  #row(id: string, by: Principal): MemberStatus {
    const row = this.members(by).find((member) => member.id === id);
    if (row === undefined) throw new ClusterError('member_unknown', { id });
    return row;
  }
  #result(
    zone: ZoneName,
    change: ChangeResult['change'],
    version: { serial: number; digest: string } | undefined,
    warnings: string[],
  ): ChangeResult {
    const result = { zone, change, lifted: false, local: { state: 'served' as const }, members: this.states, warnings };
    return version === undefined ? result : { ...result, serial: version.serial, digest: version.digest };
  }
}

/** A member's row as a healthy cluster shows it, with the fields that a test cares for. */
export function memberRow(fields: Partial<MemberStatus>): MemberStatus {
  return {
    id: 'm1',
    type: 'cpanel',
    host: '192.0.2.53',
    port: 2087,
    dnsPort: 53,
    user: 'root',
    role: 'sync',
    fingerprint: Array<string>(32).fill('AB').join(':'),
    hostname: 'ns1.example.net',
    version: '11.82.0.1',
    owner: 'root',
    state: 'online',
    failures: 0,
    lastContact: new Date().toISOString(),
    zones: 3,
    zonesInSync: 3,
    pending: 0,
    ...fields,
  };
}

async function outcome(zone: ZoneName, change: Promise<ChangeResult>): Promise<BatchOutcome> {
  try {
    return { zone, result: await change };
  } catch (error) {
    if (isClusterError(error)) return { zone, error };
    throw error;
  }
}
