import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hasPrivilege, ownsOrIsRoot, type Principal } from '../access/principal.js';
import { ClusterError, sentenceOf } from '../errors.js';
import { MemberError } from '../members/member-backend.js';
import type { Nameserver } from '../nameservers/nameserver.js';
import type { Log } from '../operations/log.js';
import { JsonState } from '../state/json-state.js';
import { zoneFromTemplate } from '../zones/templates.js';
import { validateZone } from '../zones/validation.js';
import type { ZoneName } from '../zones/zone-name.js';
import { ZoneStore } from '../zones/zone-store.js';
import type {
  BatchOutcome,
  ChangeOptions,
  ChangeResult,
  Cluster,
  ClusterStatus,
  MemberZoneState,
  ZoneRow,
} from './cluster.js';
import { clusterStateSchema, newClusterState, type ClusterState } from './cluster-state.js';
import { inBatch } from './batch.js';
import { DEFAULT_HEALTH_SCHEDULE, HealthCheck } from './health-check.js';
import { LocalZones } from './local-zones.js';
import type { MemberStatus, NewMember, Role } from './member.js';
import type { OwnIdentity } from './member-address.js';
import { Members } from './members.js';
import { Progress } from './progress.js';
import { Rescan, type RescanResult } from './rescan.js';
import { refuseSignedZones } from './signed-zones.js';

/** So many files with damage are named in the status. */
const MOST_DAMAGED = 20;

export interface DnsClusterOptions {
  /** Everything that this server keeps lies here. */
  folder: string;
  own: OwnIdentity;
  nameserver: Nameserver;
  log: Log;
  /** Cron expression of the health checker. */
  healthSchedule?: string;
}

/** The cluster as this server sees it: its zones, its nameserver, its members. */
export class DnsCluster implements Cluster {
  readonly hostname: string;
  readonly #nameserver: Nameserver;
  readonly #state: JsonState<ClusterState>;
  readonly #store: ZoneStore;
  readonly #local: LocalZones;
  readonly #rescan: Rescan;
  readonly #members: Members;
  readonly #progress: Progress;
  readonly #healthCheck: HealthCheck;
  readonly #log: Log;

  private constructor(options: DnsClusterOptions, state: JsonState<ClusterState>, store: ZoneStore) {
    const { log, own, nameserver } = options;
    this.hostname = own.hostname;
    this.#log = log;
    this.#nameserver = nameserver;
    this.#state = state;
    this.#store = store;
    this.#local = new LocalZones({ store, nameserver, log, changed: (names) => this.#members.changed(names) });
    this.#rescan = new Rescan({ store, log, local: this.#local });
    this.#members = new Members({
      state,
      store,
      own,
      log,
      folder: join(options.folder, 'ledgers'),
      ahead: (name, serial) => void this.#raise(name, serial),
    });
    this.#progress = new Progress(this.#members);
    this.#healthCheck = new HealthCheck(
      options.healthSchedule ?? DEFAULT_HEALTH_SCHEDULE,
      () => this.#members.probeAll(),
      log,
    );
  }

  /** Opens state and zones, brings the nameserver up to date, and begins to send members what they lack. Where it rejects, nothing is left running. */
  static async start(options: DnsClusterOptions): Promise<DnsCluster> {
    const { folder, log } = options;
    await mkdir(folder, { recursive: true, mode: 0o750 });
    const schema = clusterStateSchema;
    const state = await JsonState.open(join(folder, 'cluster.json'), { schema, defaults: newClusterState, log });
    const store = await ZoneStore.open(folder, { log });
    const cluster = new DnsCluster(options, state, store);
    try {
      await cluster.#rescan.beforeStart();
      await cluster.#local.start();
      await cluster.#members.start();
      await cluster.#healthCheck.start();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** Ends everything that `start` began; what is on its way to members waits in the ledgers' difference. */
  async stop(): Promise<void> {
    const parts = [
      () => this.#healthCheck.stop(),
      () => this.#local.stop(),
      () => this.#members.stop(),
      () => this.#store.close(),
      () => this.#state.close(),
    ];
    for (const end of parts) {
      // A part that cannot end in order keeps none of the others running.
      await end().catch((error: unknown) => this.#log.error({ error: sentenceOf(error) }, 'stopping went wrong'));
    }
  }

  listZones(by: Principal): ZoneRow[] {
    const rows: ZoneRow[] = [];
    for (const entry of this.#store.entries()) if (ownsOrIsRoot(by, entry.owner)) rows.push(entry);
    return rows.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  zone(name: ZoneName, by: Principal): ZoneRow | undefined {
    const entry = this.#store.get(name);
    return entry !== undefined && ownsOrIsRoot(by, entry.owner) ? entry : undefined;
  }

  zoneText(name: ZoneName, by: Principal): Promise<Buffer> {
    const text = this.zone(name, by) === undefined ? undefined : this.#store.read(name);
    if (text === undefined) return Promise.reject(new ClusterError('zone_unknown', { zone: name }));
    return Promise.resolve(text);
  }

  zoneStates(name: ZoneName, by: Principal): MemberZoneState[] {
    return this.zone(name, by) === undefined ? [] : this.#progress.of(name, by);
  }

  async saveZone(name: ZoneName, text: Buffer, by: Principal, options?: ChangeOptions): Promise<ChangeResult> {
    this.#authorize(by);
    return this.#save(name, text, by, options);
  }

  async addZone(name: ZoneName, text: Buffer, by: Principal, options?: ChangeOptions): Promise<ChangeResult> {
    this.#authorize(by);
    return this.#save(name, text, by, options, true);
  }

  async createZone(
    name: ZoneName,
    template: string,
    variables: Readonly<Record<string, string>>,
    by: Principal,
    options?: ChangeOptions,
  ): Promise<ChangeResult> {
    return this.addZone(name, zoneFromTemplate(template, variables, name), by, options);
  }

  async removeZone(name: ZoneName, by: Principal, options?: ChangeOptions): Promise<ChangeResult> {
    this.#authorize(by);
    const holders = this.#progress.of(name, by);
    const outcome = await this.#local.change({ kind: 'remove', name, by });
    await this.#progress.settled(name, options ?? {});
    return { zone: name, ...outcome, members: this.#progress.ofRemoval(name, by, holders), warnings: [] };
  }

  async saveZones(
    zones: readonly { name: ZoneName; text: Buffer }[],
    by: Principal,
    options?: ChangeOptions,
  ): Promise<BatchOutcome[]> {
    this.#authorize(by);
    return inBatch(zones, ({ name, text }) => this.#save(name, text, by, options));
  }

  removeZones(names: readonly ZoneName[], by: Principal, options?: ChangeOptions): Promise<BatchOutcome[]> {
    const zones = names.map((name) => ({ name }));
    return inBatch(zones, ({ name }) => this.removeZone(name, by, options));
  }

  async reloadZones(names: readonly ZoneName[] | 'all', by: Principal): Promise<void> {
    this.#authorize(by);
    const wanted = names === 'all' ? this.listZones(by) : names.map((name) => this.zone(name, by));
    await this.#local.reload(wanted.flatMap((entry) => entry?.name ?? []));
  }

  async rescanZones(by: Principal): Promise<RescanResult> {
    this.#authorizeRoot(by);
    return this.#rescan.run();
  }

  async status(by: Principal): Promise<ClusterStatus> {
    return {
      hostname: this.hostname,
      clustering: this.#state.data.clustering,
      failureThreshold: this.#state.data.failureThreshold,
      zones: by.kind === 'root' ? this.#store.size : this.listZones(by).length,
      nameserver: await this.#nameserver.status(),
      members: this.#members.list(by),
      damaged: this.#store.edits
        .damaged()
        .filter(({ zone }) => by.kind === 'root' || this.zone(zone, by) !== undefined)
        .slice(0, MOST_DAMAGED),
    };
  }

  async setClustering(on: boolean, by: Principal): Promise<void> {
    this.#authorizeRoot(by);
    if (on) refuseSignedZones(this.hostname, await this.#nameserver.status());
    await this.#state.update((draft) => {
      draft.clustering = on;
    });
    this.#members.reconsider();
  }

  async setFailureThreshold(failures: number, by: Principal): Promise<void> {
    this.#authorizeRoot(by);
    if (!Number.isInteger(failures) || failures < 0 || failures > 1_000_000) {
      throw new ClusterError('parameter_invalid', {
        parameter: 'threshold',
        why: 'is not a whole number from 0 to 1000000',
      });
    }
    await this.#state.update((draft) => {
      draft.failureThreshold = failures;
    });
  }

  members(by: Principal): MemberStatus[] {
    return this.#members.list(by);
  }

  async addMember(member: NewMember, by: Principal): Promise<MemberStatus> {
    this.#authorize(by);
    refuseSignedZones(this.hostname, await this.#nameserver.status());
    try {
      return await this.#members.add(member, by);
    } catch (error) {
      if (!(error instanceof MemberError)) throw error;
      throw new ClusterError('member_call_failed', { why: error.message }, { cause: error });
    }
  }

  async setMemberRole(id: string, role: Role, by: Principal): Promise<MemberStatus> {
    this.#authorize(by);
    return this.#members.setRole(id, role, by);
  }

  async enableMember(id: string, by: Principal): Promise<MemberStatus> {
    this.#authorize(by);
    return this.#members.enable(id, by);
  }

  async disableMember(id: string, by: Principal): Promise<MemberStatus> {
    this.#authorize(by);
    return this.#members.disable(id, by);
  }

  async removeMember(id: string, by: Principal): Promise<void> {
    this.#authorize(by);
    await this.#members.remove(id, by);
  }

  #authorize(by: Principal): void {
    if (!hasPrivilege(by, 'clustering')) throw new ClusterError('privilege_missing', { privilege: 'clustering' });
  }

  #authorizeRoot(by: Principal): void {
    this.#authorize(by);
    if (by.kind !== 'root') throw new ClusterError('privilege_missing', { privilege: 'root' });
  }

  // Asynchronous from the parse on: its refusal is this zone's outcome, and not the batch's.
  async #save(
    zone: ZoneName,
    text: Buffer,
    by: Principal,
    options: ChangeOptions = {},
    isNew = false,
  ): Promise<ChangeResult> {
    const valid = validateZone(zone, text);
    const outcome = await this.#local.change({ kind: 'save', valid, by, isNew, ifText: options.ifText });
    await this.#progress.settled(zone, options);
    const warnings = valid.warnings.map((issue) => `line ${issue.line}: ${issue.message}`);
    return { zone, ...outcome, members: this.#progress.of(zone, by), warnings };
  }

  /** A member serves a later serial: ours is published again above it, which heals the member. */
  async #raise(name: ZoneName, above: number): Promise<void> {
    try {
      await this.#local.change({ kind: 'raise', name, above });
    } catch (error) {
      this.#log.warn({ zone: name, error: sentenceOf(error) }, 'the serial could not be raised');
    }
  }
}
