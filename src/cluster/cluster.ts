import { EventEmitter } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Accounts, type ShownOwner } from '../access/accounts.js';
import { SELF, type Principal } from '../access/principal.js';
import { sentenceOf } from '../errors.js';
import type { HostPanel } from '../host/host-panel.js';
import type { MemberType } from '../members/member-type.js';
import { MemberTypes } from '../members/member-types.js';
import type { Nameserver } from '../nameservers/nameserver.js';
import type { Problem } from '../notifications/problem-watch.js';
import type { Log } from '../operations/log.js';
import { JsonState, type StateLoss } from '../state/json-state.js';
import { ZoneHistory } from '../zones/zone-history.js';
import type { ZoneName } from '../zones/zone-name.js';
import { ZoneStore } from '../zones/zone-store.js';
import { LostFiles } from './changes/lost-files.js';
import { RemovedZones } from './changes/removed-zones.js';
import { Synchronize } from './changes/synchronize.js';
import { ZoneChanges } from './changes/zone-changes.js';
import { Zones } from './changes/zones.js';
import { Delivery } from './delivery/delivery.js';
import { KeyRenewals } from './delivery/key-renewals.js';
import { DriftChecks } from './drift/drift-checks.js';
import { DEFAULT_DRIFT_SCHEDULE, DEFAULT_HEALTH_SCHEDULE, Schedule } from './health/schedule.js';
import { Conflicts } from './local/conflicts.js';
import { KnownServers } from './local/known-servers.js';
import { LocalZones } from './local/local-zones.js';
import { NewZoneTrial } from './local/new-zone-trial.js';
import { PermittedNames } from './local/permitted-names.js';
import { Rescan } from './local/rescan.js';
import type { ConflictPolicy } from './local/zone-home.js';
import { ZoneVersions } from './local/zone-versions.js';
import { KeptMembers } from './members/kept-members.js';
import { MemberTable } from './members/member-table.js';
import type { TrustTokens } from './members/reverse-trust.js';
import { Audit, type AuditTrail } from './model/audit.js';
import type { ClusterEvents } from './model/cluster-events.js';
import { clusterStateSchema, newClusterState, type ClusterState } from './model/cluster-state.js';
import type { OwnIdentity } from '../members/own-identity.js';
import type {
  BatchOutcome,
  ChangeOptions,
  ChangeResult,
  ClusterStatus,
  MemberZoneState,
  ZoneRow,
} from './model/results.js';
import { problemsOf } from './problems.js';
import { Settings } from './settings.js';

/** Zones whose files each health check looks for: a few milliseconds. */
const FILES_A_LOOK = 1_000;
/** At most this many damaged files are named in the status. */
const MOST_DAMAGED = 20;

/** Who may have and do something here. */
interface Admitted {
  tokens: TrustTokens;
  /** Who may own zones, as the host panel says; everybody where there is none. */
  users?: HostPanel['users'] | undefined;
}

interface ClusterOptions extends Admitted {
  /** Everything that this server keeps lies here. */
  folder: string;
  own: OwnIdentity;
  nameserver: Nameserver;
  memberTypes: readonly MemberType[];
  audit: AuditTrail;
  log: Log;
  /** Cron expressions of the health check and of the drift check. */
  schedules?: { health?: string | undefined; drift?: string | undefined };
}

interface Opened {
  accounts: Accounts;
  state: JsonState<ClusterState>;
  store: ZoneStore;
  conflicts: Conflicts;
  servers: KnownServers;
  events: ClusterEvents;
}

/** What the cluster itself works with, beside what it shows; tests of one part get it from here. */
interface Parts {
  nameserver: Nameserver;
  store: ZoneStore;
  versions: ZoneVersions;
  history: ZoneHistory;
  rescan: Rescan;
  workers: Delivery;
  changes: ZoneChanges;
}

/**
 * The cluster as this server sees it. Every command names who acts: a reseller sees and changes only zones and members
 * that are theirs. All reject with ClusterError.
 */
export class Cluster {
  readonly hostname: string;
  /** The host's users as owners. */
  readonly accounts: Accounts;
  /** State files that this start found lost or damaged. */
  readonly losses: readonly StateLoss[];
  readonly zones: Zones;
  /** Zones that were removed here. */
  readonly removed: RemovedZones;
  /** The zones' files on disk: those that people changed, and those that are lost. */
  readonly files: LostFiles;
  readonly members: MemberTable;
  readonly drift: DriftChecks;
  readonly synchronize: Synchronize;
  readonly settings: Settings;
  /** This server and others, by their lasting ids. */
  readonly servers: KnownServers;
  readonly trial: NewZoneTrial;
  /** `changed`: something went wrong or right, so that `problems` are others now. */
  readonly events: ClusterEvents;
  // By this name, and not #parts: tests of one part get it from a whole cluster.
  private readonly parts: Parts;
  /** In their order. */
  readonly #beginnings: readonly (() => Promise<unknown>)[];
  readonly #ends: readonly (() => Promise<unknown>)[];
  readonly #log: Log;

  private constructor(options: ClusterOptions, { accounts, state, store, conflicts, servers, events }: Opened) {
    const { folder, nameserver, tokens, log } = options;
    const own = { ...options.own, id: servers.here.id, formerNames: servers.formerNames };
    const { hostname } = own;
    const audit = new Audit(options.audit, [state, accounts]);
    const types = new MemberTypes(options.memberTypes, { log, own });
    const history = new ZoneHistory(join(folder, 'history'), log);
    const names = new PermittedNames({
      store,
      servers: () => [
        hostname,
        ...state.data.members.flatMap((member) => (member.owner === SELF.user ? member.hostname : [])),
      ],
      allowed: (by) => this.settings.allowedTo(by),
    });
    const zonesChanged = (zones: readonly ZoneName[]): void => workers.zonesChanged(zones);
    const local = new LocalZones({ store, names, nameserver, log, zonesChanged });
    const rescan = new Rescan({ store, names, log, local });
    const versions = new ZoneVersions({ here: hostname.toLowerCase(), local, history, log });
    const ledgers = join(folder, 'ledgers');
    const renewals = new KeyRenewals(state, audit);
    const workers: Delivery = new Delivery({ state, store, folder: ledgers, log, versions, types, events, renewals });
    const policy = (): ConflictPolicy => state.data.conflictPolicy;
    const changes = new ZoneChanges({ local, store, versions, conflicts, servers, workers, policy });
    const kept = new KeptMembers(state);
    const synchronize = new Synchronize({ store, workers, changes, audit });
    this.hostname = hostname;
    this.servers = servers;
    this.events = events;
    this.accounts = accounts;
    this.losses = [state.loss, accounts.loss].filter((loss) => loss !== undefined);
    this.synchronize = synchronize;
    this.zones = new Zones({ store, local, history, conflicts, changes, synchronize, accounts, audit });
    this.removed = new RemovedZones({ store, history, changes, audit });
    this.files = new LostFiles({ store, workers, history, changes, rescan, audit });
    this.members = new MemberTable({ kept, store, own, nameserver, types, tokens, workers, audit });
    this.drift = new DriftChecks({ store, workers, changes, versions, log, audit, events });
    this.settings = new Settings({ hostname, accounts, state, nameserver, delivery: workers, audit });
    this.trial = new NewZoneTrial(folder, local);
    this.parts = { nameserver, store, versions, history, rescan, workers, changes };
    const { health = DEFAULT_HEALTH_SCHEDULE, drift = DEFAULT_DRIFT_SCHEDULE } = options.schedules ?? {};
    const schedules = [
      new Schedule(health, 'health check', () => this.#checkHealth(), log),
      new Schedule(drift, 'drift check', () => this.drift.checkNow(SELF), log),
    ];
    this.#log = log;
    this.#beginnings = [() => rescan.beforeStart(), ...[local, workers, ...schedules].map((one) => () => one.start())];
    this.#ends = [
      () => Promise.all(schedules.map((schedule) => schedule.stop())),
      () => Promise.all([this.drift, synchronize, workers].map((one) => one.stop())),
      () => local.stop(),
      ...[history, conflicts, accounts, store, state].map((one) => () => one.close()),
    ];
  }

  /**
   * Opens state and zones, brings the nameserver up to date, and begins to send members what they lack. Where it
   * rejects, nothing is left running.
   */
  static async start(options: ClusterOptions): Promise<Cluster> {
    const { folder, log, users } = options;
    const { hostname } = options.own;
    await mkdir(folder, { recursive: true, mode: 0o750 });
    const schema = clusterStateSchema;
    const state = await JsonState.open(join(folder, 'cluster.json'), { schema, defaults: newClusterState, log });
    const store = await ZoneStore.open(folder, { log });
    const accounts = await Accounts.open(join(folder, 'accounts.json'), { users, owners: store.owners(), log });
    const events: ClusterEvents = new EventEmitter();
    const conflicts = await Conflicts.open(join(folder, 'conflicts'), { store, hostname, events, log });
    const servers = await KnownServers.open(state, { store, hostname, log });
    const cluster = new Cluster(options, { accounts, state, store, conflicts, servers, events });
    try {
      for (const begin of cluster.#beginnings) await begin();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /**
   * Ends everything that `start` began; what is on its way to members waits in the ledgers' difference. No member is
   * waited for: what is said to them is cut off first, and the rest then ends in order.
   */
  async stop(): Promise<void> {
    this.parts.workers.cutOff();
    for (const end of this.#ends) {
      // A part that cannot end in order keeps none of the others running.
      await end().catch((error: unknown) => this.#log.error({ error: sentenceOf(error) }, 'stopping went wrong'));
    }
  }

  async status(by: Principal): Promise<ClusterStatus> {
    return {
      hostname: this.hostname,
      formerNames: [...this.servers.formerNames],
      clustering: this.settings.clustering,
      settings: this.settings.shownTo(by),
      zones: this.zones.count(by),
      nameserver: await this.parts.nameserver.status(),
      dns: this.parts.nameserver.dns,
      members: this.members.list(by),
      damaged: this.parts.store.edits
        .damaged()
        .filter(({ zone }) => by.kind === 'root' || this.zones.get(zone, by) !== undefined)
        .slice(0, MOST_DAMAGED),
      withoutOwner: by.kind === 'root' ? this.accounts.gone(this.parts.store) : [],
    };
  }

  /** What is wrong now, in a form that can be told. */
  problems(now = Date.now()): Problem[] {
    const { store, workers } = this.parts;
    const damage = { files: store.edits.damaged(), lost: workers.lost.list(), journal: store.journalDamage };
    const facts = { hostname: this.hostname, ...this.settings.values, damage };
    const ownerOf = (zone: ZoneName): string | undefined => store.get(zone)?.owner;
    const shown = { reports: this.drift.reports(SELF), conflicts: this.zones.conflicts(SELF), ownerOf };
    return problemsOf({ ...facts, ...shown, members: this.members.list(SELF) }, now);
  }

  /** The zones' files and journal can be copied from when this resolves until the returned function is called. */
  holdFiles(): Promise<() => void> {
    return this.parts.store.hold();
  }

  // What docs/hosts.md promises to host panels: their code calls these by name.

  listZones(by: Principal): (ZoneRow & ShownOwner)[] {
    const shown = this.accounts.shown();
    return this.zones.list(this.accounts.acting(by)).map((row) => ({ ...row, ...shown(row.owner) }));
  }

  zoneStates(name: ZoneName, by: Principal): MemberZoneState[] {
    return this.zones.states(name, this.accounts.acting(by));
  }

  saveZone(name: ZoneName, text: Buffer, by: Principal, options?: ChangeOptions): Promise<ChangeResult> {
    return this.zones.save(name, text, this.accounts.acting(by), options);
  }

  addZone(name: ZoneName, text: Buffer, by: Principal, options?: ChangeOptions): Promise<ChangeResult> {
    return this.zones.add(name, text, this.accounts.acting(by), options);
  }

  createZone(
    name: ZoneName,
    template: string,
    variables: Readonly<Record<string, string>>,
    by: Principal,
    options?: ChangeOptions,
  ): Promise<ChangeResult> {
    return this.zones.create(name, { template, variables }, this.accounts.acting(by), options);
  }

  removeZone(name: ZoneName, by: Principal, options?: ChangeOptions): Promise<ChangeResult> {
    return this.zones.remove(name, this.accounts.acting(by), options);
  }

  /** Gives zones to this user of the host. */
  setOwner(names: readonly ZoneName[], user: string, by: Principal): Promise<BatchOutcome[]> {
    return this.zones.setOwner(names, user, this.accounts.acting(by));
  }

  /** Of the members, and of the files here. */
  async #checkHealth(): Promise<void> {
    await this.parts.store.edits.scanForMissing(FILES_A_LOOK);
    await this.parts.workers.probeAll();
    if (this.parts.workers.ending.aborted) return;
    this.drift.checkLosses();
    this.accounts.look();
    this.events.emit('changed');
  }
}
