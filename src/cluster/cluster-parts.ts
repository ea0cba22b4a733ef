import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SELF } from '../access/principal.js';
import { sentenceOf } from '../errors.js';
import { CutOff } from '../members/member-backend.js';
import type { MemberType } from '../members/member-type.js';
import { MemberTypes } from '../members/member-types.js';
import type { Nameserver } from '../nameservers/nameserver.js';
import type { Log } from '../operations/log.js';
import { JsonState } from '../state/json-state.js';
import type { ZoneName } from '../zones/zone-name.js';
import { ZoneHistory } from '../zones/zone-history.js';
import { ZoneStore } from '../zones/zone-store.js';
import { clusterStateSchema, newClusterState, type ClusterState } from './model/cluster-state.js';
import { Conflicts } from './local/conflicts.js';
import { DriftChecks } from './drift/drift-checks.js';
import { DEFAULT_DRIFT_SCHEDULE, DEFAULT_HEALTH_SCHEDULE, Schedule } from './health/schedule.js';
import { LostFiles } from './changes/lost-files.js';
import { LocalZones } from './local/local-zones.js';
import { Delivery } from './delivery/delivery.js';
import { MemberTable } from './members/member-table.js';
import { Origins } from './local/origins.js';
import { wasOurs } from './local/own-version.js';
import { Progress } from './changes/progress.js';
import { RemovedZones } from './changes/removed-zones.js';
import { Rescan } from './local/rescan.js';
import { Synchronize } from './changes/synchronize.js';
import { SynchronizeJobs } from './changes/synchronize-job.js';
import type { TrustTokens } from './members/reverse-trust.js';
import { ZoneChanges } from './changes/zone-changes.js';
import type { OwnIdentity } from './model/own-identity.js';

/** Zones of which each health check looks whether their files are there: a few milliseconds. */
const FILES_A_LOOK = 1_000;

export interface DnsClusterOptions {
  /** Everything that this server keeps lies here. */
  folder: string;
  own: OwnIdentity;
  nameserver: Nameserver;
  log: Log;
  /** Cron expression of the health checker. */
  healthSchedule?: string;
  /** Cron expression of the drift check. */
  driftSchedule?: string;
  /** Types of members beside the original's wire. */
  memberTypes: readonly MemberType[];
  tokens: TrustTokens;
  /** Is told that something went wrong or right: `problems` are others now. */
  changed?: () => void;
}

/** All that a running cluster is made of, wired together, and its life. */
export class ClusterParts {
  readonly nameserver: Nameserver;
  readonly state: JsonState<ClusterState>;
  readonly store: ZoneStore;
  readonly rescan: Rescan;
  readonly members: MemberTable;
  readonly workers: Delivery;
  readonly progress: Progress;
  readonly changes: ZoneChanges;
  readonly removed: RemovedZones;
  readonly synchronize: Synchronize;
  readonly types: MemberTypes;
  readonly local: LocalZones;
  readonly history: ZoneHistory;
  readonly conflicts: Conflicts;
  readonly jobs: SynchronizeJobs;
  readonly drift: DriftChecks;
  readonly lostFiles: LostFiles;
  readonly #schedules: readonly Schedule[];
  readonly #log: Log;
  readonly #look: () => void;
  readonly #ending = new AbortController();

  private constructor(
    options: DnsClusterOptions,
    state: JsonState<ClusterState>,
    store: ZoneStore,
    conflicts: Conflicts,
  ) {
    const { log, own, nameserver, tokens } = options;
    this.#log = log;
    this.#look = () => options.changed?.();
    this.nameserver = nameserver;
    this.state = state;
    this.store = store;
    this.conflicts = conflicts;
    this.local = new LocalZones({ store, nameserver, log, changed: (names) => this.workers.changed(names) });
    this.rescan = new Rescan({ store, log, local: this.local });
    const origins = new Origins();
    this.types = new MemberTypes(options.memberTypes, log);
    this.workers = new Delivery({
      ...{ state, store, own, log, origins, conflicts, types: this.types },
      folder: join(options.folder, 'ledgers'),
      ahead: (...seen) => this.#raise(...seen),
      wasOurs: (name, version) => wasOurs(name, version, this.history),
      setBack: (...met) => this.drift.noteSetBack(...met),
      changed: () => this.#look(),
      ending: this.#ending.signal,
    });
    const { workers, types } = this;
    this.members = new MemberTable({ state, store, own, types, tokens, workers, ending: this.#ending.signal });
    this.progress = new Progress(this.workers);
    this.history = new ZoneHistory(join(options.folder, 'history'), log);
    const { local, progress, history } = this;
    this.changes = new ZoneChanges({
      ...{ local, progress, workers, history, store, origins, conflicts },
      here: own.hostname.toLowerCase(),
      policy: () => state.data.conflictPolicy,
    });
    this.removed = new RemovedZones(this);
    this.synchronize = new Synchronize(this);
    this.jobs = new SynchronizeJobs({
      run: (wanted, by, watch) => this.synchronize.run(wanted, by, watch),
      waiting: () => this.workers.waiting(),
    });
    this.lostFiles = new LostFiles(this);
    this.drift = new DriftChecks({
      ...{ store, workers, changes: this.changes, log, here: own.hostname.toLowerCase() },
      looked: () => this.#look(),
    });
    const health = options.healthSchedule ?? DEFAULT_HEALTH_SCHEDULE;
    const drift = options.driftSchedule ?? DEFAULT_DRIFT_SCHEDULE;
    this.#schedules = [
      new Schedule(health, 'health check', () => this.#checkHealth(), log),
      new Schedule(drift, 'drift check', () => this.drift.check(SELF), log),
    ];
  }

  /** Opens state and zones, brings the nameserver up to date, and begins to send members what they lack. Where it rejects, nothing is left running. */
  static async start(options: DnsClusterOptions): Promise<ClusterParts> {
    const { folder, log } = options;
    await mkdir(folder, { recursive: true, mode: 0o750 });
    const schema = clusterStateSchema;
    const state = await JsonState.open(join(folder, 'cluster.json'), { schema, defaults: newClusterState, log });
    const store = await ZoneStore.open(folder, { log });
    const conflicts = await Conflicts.open(join(folder, 'conflicts'), {
      ...{ store, log },
      isNew: () => options.changed?.(),
    });
    const parts = new ClusterParts(options, state, store, conflicts);
    try {
      await parts.rescan.beforeStart();
      await parts.local.start();
      await parts.workers.start();
      for (const schedule of parts.#schedules) await schedule.start();
      return parts;
    } catch (error) {
      await parts.stop();
      throw error;
    }
  }

  /**
   * Ends everything that `start` began; what is on its way to members waits in the ledgers' difference. No member is waited for: what is
   * said to them is cut off first, and the rest then ends in order.
   */
  async stop(): Promise<void> {
    this.#ending.abort(new CutOff());
    const parts = [
      () => Promise.all(this.#schedules.map((schedule) => schedule.stop())).then(() => undefined),
      () => Promise.all([this.drift.stop(), this.jobs.stop(), this.workers.stop()]).then(() => undefined),
      () => this.local.stop(),
      () => this.history.close(),
      () => this.conflicts.close(),
      () => this.store.close(),
      () => this.state.close(),
    ];
    for (const end of parts) {
      // A part that cannot end in order keeps none of the others running.
      await end().catch((error: unknown) => this.#log.error({ error: sentenceOf(error) }, 'stopping went wrong'));
    }
  }

  /** Of the members, and of the files here. */
  async #checkHealth(): Promise<void> {
    await this.store.edits.lookForMissing(FILES_A_LOOK);
    await this.workers.probeAll();
    if (this.#ending.signal.aborted) return;
    this.drift.lookAtLosses();
    this.#look();
  }

  /** A member serves a later serial: ours is published again above it, which heals the member. */
  async #raise(name: ZoneName, serial: number, member: string): Promise<void> {
    try {
      const { change, serial: ours } = await this.changes.raise(name, { above: serial, member }, SELF);
      if (change === 'saved')
        this.#log.warn({ zone: name, member, serial, ours }, 'a member has a later serial: ours was raised above it');
    } catch (error) {
      this.#log.warn({ zone: name, error: sentenceOf(error) }, 'the serial could not be raised');
    }
  }
}
