import { ownsOrIsRoot, SELF, type Principal } from '../access/principal.js';
import { ClusterError } from '../errors.js';
import { failuresOf } from './members/failures.js';
import { zoneFromTemplate } from '../zones/templates.js';
import type { PastVersion } from '../zones/zone-history.js';
import type { ZoneName } from '../zones/zone-name.js';
import type { Cluster } from './cluster.js';
import { authorize, authorizeRoot } from './model/authorize.js';
import { inBatch } from './changes/batch.js';
import { ClusterParts, type DnsClusterOptions } from './cluster-parts.js';

import { mayUse } from './model/member.js';
import { readersFor, zonesElsewhere } from './changes/reader.js';
import { MemberCommands } from './member-commands.js';
import type { Problem } from '../notifications/problem-watch.js';
import { problemsOf } from './problems.js';
import { changeSettings, settingsOf } from './model/settings.js';
import type { ClusterSettings } from './model/cluster-state.js';
import type { Conflict } from './local/conflicts.js';
import type { RescanResult } from './local/rescan.js';
import type { SynchronizeJob } from './model/results.js';
import { refuseSignedZones } from './local/signed-zones.js';
import type {
  BatchOutcome,
  ChangeOptions,
  ChangeResult,
  ClusterFailures,
  ClusterStatus,
  MemberZoneState,
  RemovedZone,
  SynchronizeOptions,
  SynchronizeResult,
  ZoneRow,
  ZoneToSave,
} from './model/results.js';

/** So many files with damage are named in the status. */
const MOST_DAMAGED = 20;

/** The cluster as this server sees it: its zones, its nameserver, its members. */
export class DnsCluster extends MemberCommands implements Cluster {
  readonly hostname: string;

  private constructor(hostname: string, parts: ClusterParts) {
    super(parts);
    this.hostname = hostname;
  }

  /** Opens state and zones, brings the nameserver up to date, and begins to send members what they lack. Where it rejects, nothing is left running. */
  static async start(options: DnsClusterOptions): Promise<DnsCluster> {
    return new DnsCluster(options.own.hostname, await ClusterParts.start(options));
  }

  /** Ends everything that `start` began; what is on its way to members waits in the ledgers' difference. */
  stop(): Promise<void> {
    return this.parts.stop();
  }

  /** The zones' files and journal can be copied from when this resolves until the returned function is called. */
  holdFiles(): Promise<() => void> {
    return this.parts.store.hold();
  }

  listZones(by: Principal): ZoneRow[] {
    const rows = this.parts.store.inOrder();
    return by.kind === 'root' ? rows : rows.filter(({ owner }) => owner === by.user);
  }

  heldZones(by: Principal): ZoneRow[] {
    const missing = new Set(this.parts.store.edits.missing());
    return this.listZones(by).filter(({ name }) => !missing.has(name));
  }

  // Asked by each health check: nothing is listed for it.
  heldCount(by: Principal): number {
    const missing = this.parts.store.edits.missing().filter((name) => this.zone(name, by) !== undefined);
    return this.#countOf(by) - missing.length;
  }

  zonesElsewhere(by: Principal): Promise<{ zone: ZoneName; member: string }[]> {
    const { workers, store } = this.parts;
    const readers = readersFor(by, workers).filter(({ member }) => mayUse(by, member));
    return zonesElsewhere(readers, (name) => store.get(name) !== undefined);
  }

  zone(name: ZoneName, by: Principal): ZoneRow | undefined {
    const entry = this.parts.store.get(name);
    return entry !== undefined && ownsOrIsRoot(by, entry.owner) ? entry : undefined;
  }

  zoneText(name: ZoneName, by: Principal): Promise<Buffer> {
    const text = this.zone(name, by) === undefined ? undefined : this.parts.store.read(name);
    if (text === undefined) return Promise.reject(new ClusterError('zone_unknown', { zone: name }));
    return Promise.resolve(text);
  }

  async newestText(name: ZoneName, by: Principal): Promise<Buffer> {
    await this.parts.synchronize.refresh(name, by);
    return this.zoneText(name, by);
  }

  zoneStates(name: ZoneName, by: Principal): MemberZoneState[] {
    return this.zone(name, by) === undefined ? [] : this.parts.progress.of(name, by);
  }

  async saveZone(name: ZoneName, text: Buffer, by: Principal, options?: ChangeOptions): Promise<ChangeResult> {
    authorize(by);
    return this.parts.changes.save(name, text, by, options);
  }

  async addZone(name: ZoneName, text: Buffer, by: Principal, options?: ChangeOptions): Promise<ChangeResult> {
    authorize(by);
    return this.parts.changes.save(name, text, by, options, true);
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
    authorize(by);
    return this.parts.changes.remove(name, by, options);
  }

  async saveZones(zones: readonly ZoneToSave[], by: Principal, options?: ChangeOptions): Promise<BatchOutcome[]> {
    authorize(by);
    const atOnce = options?.switched === true;
    const save = ({ name, text, lastGiven }: ZoneToSave): Promise<ChangeResult> =>
      this.parts.changes.save(name, text, by, lastGiven === undefined ? options : { ...options, lastGiven });
    return inBatch(zones, save, { atOnce });
  }

  async removeZones(names: readonly ZoneName[], by: Principal, options?: ChangeOptions): Promise<BatchOutcome[]> {
    authorize(by);
    const zones = names.map((name) => ({ name }));
    // Together, so that whoever looks whether they are too many sees all of them: none has to wait for the disk before it begins. Where
    // the disk refuses, each says so.
    await Promise.allSettled(names.map((name) => this.parts.workers.remember(name)));
    return inBatch(zones, ({ name }) => this.removeZone(name, by, options), { atOnce: true });
  }

  async reloadZones(names: readonly ZoneName[] | 'all', by: Principal): Promise<void> {
    authorize(by);
    const wanted = names === 'all' ? this.listZones(by) : names.map((name) => this.zone(name, by));
    await this.parts.local.reload(wanted.flatMap((entry) => entry?.name ?? []));
  }

  async synchronize(options: SynchronizeOptions, by: Principal): Promise<SynchronizeResult> {
    authorize(by);
    return this.parts.synchronize.run(options, by);
  }

  // Asynchronous, as all commands are: who wraps the cluster need not know which is.
  startSynchronize(options: SynchronizeOptions, by: Principal): Promise<SynchronizeJob> {
    authorize(by);
    return Promise.resolve(this.parts.jobs.start(options, by));
  }

  synchronizeJob(id: string, by: Principal): SynchronizeJob | undefined {
    const job = this.parts.jobs.get(id);
    return job !== undefined && ownsOrIsRoot(by, job.user) ? job : undefined;
  }

  conflicts(by: Principal): Conflict[] {
    authorize(by);
    return this.parts.conflicts.list(by);
  }

  async takeOverZone(name: ZoneName, by: Principal): Promise<ChangeResult> {
    authorize(by);
    if (this.parts.store.get(name) === undefined) {
      const wanted = { zones: [name], direction: 'local', unconfigured: true, plan: false } as const;
      await this.parts.synchronize.run(wanted, by);
    }
    return this.parts.changes.takeOver(name, by);
  }

  // Asynchronous, as all that is audited.
  async forgetConflict(name: ZoneName, by: Principal): Promise<void> {
    authorizeRoot(by);
    this.parts.conflicts.forget(name);
    return Promise.resolve();
  }

  removedZones(by: Principal): RemovedZone[] {
    authorize(by);
    return this.parts.removed.list(by);
  }

  async restoreZone(name: ZoneName, by: Principal, options?: ChangeOptions): Promise<ChangeResult> {
    authorize(by);
    return this.parts.removed.restore(name, by, options);
  }

  async restoreFile(name: ZoneName, by: Principal): Promise<ChangeResult> {
    authorize(by);
    return this.parts.lostFiles.restore(name, by);
  }

  async restoreFiles(by: Principal): Promise<BatchOutcome[]> {
    authorize(by);
    return this.parts.lostFiles.restoreAll(by);
  }

  async zoneHistory(name: ZoneName, by: Principal): Promise<PastVersion[]> {
    authorize(by);
    if (this.zone(name, by) === undefined) throw new ClusterError('zone_unknown', { zone: name });
    return this.parts.history.of(name);
  }

  failures(by: Principal): ClusterFailures {
    return failuresOf(this.parts, by);
  }

  /** What is wrong now, in a form that can be told. */
  problems(now = Date.now()): Problem[] {
    const { state, members, drift, conflicts, store } = this.parts;
    const facts = { hostname: this.hostname, ...state.data, damaged: store.edits.damaged() };
    const shown = { members: members.list(SELF), reports: drift.reports(SELF), conflicts: conflicts.list(SELF) };
    return problemsOf({ ...facts, ...shown }, now);
  }

  async rescanZones(by: Principal): Promise<RescanResult> {
    authorizeRoot(by);
    return this.parts.rescan.run();
  }

  async status(by: Principal): Promise<ClusterStatus> {
    return {
      hostname: this.hostname,
      clustering: this.parts.state.data.clustering,
      settings: settingsOf(this.parts.state),
      zones: this.#countOf(by),
      nameserver: await this.parts.nameserver.status(),
      dns: this.parts.nameserver.dns,
      members: this.parts.members.list(by),
      damaged: this.parts.store.edits
        .damaged()
        .filter(({ zone }) => by.kind === 'root' || this.zone(zone, by) !== undefined)
        .slice(0, MOST_DAMAGED),
    };
  }

  async setClustering(on: boolean, by: Principal): Promise<void> {
    authorizeRoot(by);
    if (on) refuseSignedZones(this.hostname, await this.parts.nameserver.status());
    await this.parts.state.update((draft) => {
      draft.clustering = on;
    });
    this.parts.workers.reconsider();
  }

  async configure(change: Partial<ClusterSettings>, by: Principal, seen?: string): Promise<void> {
    authorizeRoot(by);
    await changeSettings(this.parts.state, change, seen);
  }

  /** How many zones are theirs. */
  #countOf(by: Principal): number {
    return by.kind === 'root' ? this.parts.store.size : this.parts.store.countOf(by.user);
  }
}
