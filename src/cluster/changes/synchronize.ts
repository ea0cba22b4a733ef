import { InHand } from '../../access/account-limits.js';
import { ownsOrIsRoot, type Principal } from '../../access/principal.js';
import { asClusterError, ClusterError, sentenceOf } from '../../errors.js';
import { defined } from '../../operations/defined.js';
import { inSlices, slices } from '../../operations/in-slices.js';
import { validateZone } from '../../zones/validation.js';
import type { ZoneHome } from '../../zones/home.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { ZoneStore } from '../../zones/zone-store.js';
import { batchTarget, type Audit } from '../model/audit.js';
import { mayUse, ownerOf, serves, type Member } from '../model/member.js';
import type { Delivery } from '../delivery/delivery.js';
import { isNewer, type Copy } from './copy.js';
import { homesAt, senderOf, sourcesFor, sourcesOf, zonesElsewhere, type Source } from './sources.js';
import { SynchronizeJobs } from './synchronize-job.js';
import type { ZoneChanges } from './zone-changes.js';
import type {
  BatchOutcome,
  SynchronizeJob,
  SynchronizeOptions,
  SynchronizeProgress,
  SynchronizeResult,
} from '../model/results.js';

/** The original's clients ask for so many zones in a call. */
const BATCH = 512;
/** For one call, milliseconds: nobody waits in front of it. */
const TIMEOUT = 300_000;

/** Octets of copies that are held until all members were asked; the rest comes with the next run. */
const MOST_HELD = 256 * 1024 * 1024;
/** Of one member, zones that can't be used and are named. */
const MOST_NAMED = 1_000;

/** While somebody waits for a zone's text. */
const REFRESH_TIMEOUT = 3_000;

/** A copy at a member that is newer than what is here, or of a zone that is not here. */
interface Newer {
  valid: Copy;
  source: Source;
  /** Whose it is, as that member has it. */
  home: ZoneHome | undefined;
}

/** Who watches a run. */
interface Watch {
  /** Cuts the calls under way off; what is not begun then is not done. */
  signal?: AbortSignal;
  progress?: (progress: SynchronizeProgress) => void;
}

/** Of one account, beside the jobs. */
const MOST_IN_HAND = 2;

/** Fetches the newest copies from members, and sends all zones to the members that get changes. */
export class Synchronize {
  readonly #store: ZoneStore;
  readonly #workers: Delivery;
  readonly #changes: ZoneChanges;
  readonly #audit: Audit;
  readonly #mostHeld: number;
  readonly #inHand = new InHand('synchronizations under way', MOST_IN_HAND);
  readonly #jobs = new SynchronizeJobs({
    run: (wanted, by, watch) => this.#run(wanted, by, watch),
    waiting: () => this.#workers.waiting(),
  });

  /** `mostHeld`: octets of newer copies that one run takes from members. */
  constructor(options: { store: ZoneStore; workers: Delivery; changes: ZoneChanges; audit: Audit; mostHeld?: number }) {
    this.#audit = options.audit;
    this.#mostHeld = options.mostHeld ?? MOST_HELD;
    this.#store = options.store;
    this.#workers = options.workers;
    this.#changes = options.changes;
  }

  /** Brings this server and its members to the newest copy of each zone. A failing member does not stop the others. */
  run(options: SynchronizeOptions, by: Principal): Promise<SynchronizeResult> {
    return this.#audit.command(by, 'synchronize', targetOf(options), () =>
      this.#inHand.run(by, () => this.#run(options, by)),
    );
  }

  /** The same, beside everything else: it can be watched and cancelled. */
  start(options: SynchronizeOptions, by: Principal): Promise<SynchronizeJob> {
    return this.#audit.command(by, 'startSynchronize', targetOf(options), () => this.#jobs.start(options, by));
  }

  /** A run that `by` started, or anybody's for root; undefined where it is forgotten. */
  job(id: string, by: Principal): SynchronizeJob | undefined {
    const job = this.#jobs.get(id);
    return job !== undefined && ownsOrIsRoot(by, job.account) ? job : undefined;
  }

  /** Zones that exist only on members that are read from, of a reseller's own members only. */
  elsewhere(by: Principal): Promise<{ zone: ZoneName; member: string }[]> {
    const sources = sourcesFor(by, this.#workers).filter(({ member }) => mayUse(by, member));
    return zonesElsewhere(sources, (name) => this.#store.get(name) !== undefined);
  }

  /** Takes the newest copies of zones that members have, also where a zone is not here. */
  async fetch(zones: readonly ZoneName[], by: Principal): Promise<void> {
    if (zones.length > 0) await this.#run({ zones, direction: 'local', unconfigured: true, plan: false }, by);
  }

  /** Cancels all that runs, and waits for the ends. */
  stop(): Promise<void> {
    return this.#jobs.stop();
  }

  async #run(
    { zones, direction, unconfigured, plan }: SynchronizeOptions,
    by: Principal,
    { signal, progress }: Watch = {},
  ): Promise<SynchronizeResult> {
    const asked = { done: 0, total: 0 };
    const counted = (done: number, total: number): void => {
      asked.done += done;
      asked.total += total;
      progress?.({ phase: 'asking', ...asked });
    };
    const result: SynchronizeResult = { newer: [], taken: [], unreachable: [], resent: 0 };
    const wanted = zones === undefined ? undefined : new Set(zones);
    const newest = new Map<ZoneName, Newer>();
    const sources = sourcesOf(this.#workers).filter(({ member }) => ownsOrIsRoot(by, member.owner));
    await Promise.all(
      sources.map(async (source) => {
        try {
          await this.#compare(source, {
            wanted,
            unconfigured: unconfigured || wanted !== undefined,
            by,
            newest,
            result,
            counted,
            signal,
          });
        } catch (error) {
          if (signal?.aborted !== true)
            result.unreachable.push({ member: source.member.hostname, reason: sentenceOf(error) });
        }
      }),
    );
    for (const [zone, { valid, source }] of newest) {
      const here = this.#store.get(zone)?.serial;
      const { hostname: member } = source.member;
      result.newer.push({ zone, member, serial: valid.serial, ...defined({ here }) });
    }
    if (plan) return result;
    for (const [zone, { valid, source, home }] of newest) {
      if (signal?.aborted === true) return result;
      result.taken.push(await this.#take(zone, { valid, source, home }, by));
      progress?.({ phase: 'taking', done: result.taken.length, total: newest.size });
    }
    if (direction !== 'all') return result;
    await inSlices(wanted ?? this.#store.names(), (name) => {
      if (signal?.aborted === true || !ownsOrIsRoot(by, this.#store.get(name)?.owner ?? '')) return;
      result.resent += this.#workers.resend([name], by);
    });
    return result;
  }

  /**
   * Takes a newer copy of one zone from the members whose role says that changes come from there, too. One that does
   * not answer soon is not waited for.
   */
  async refresh(zone: ZoneName, by: Principal): Promise<void> {
    const sources = sourcesOf(this.#workers).filter(
      ({ member, worker }) =>
        member.role === 'sync' &&
        worker.contact.health.state === 'online' &&
        this.#isOfInterest(zone, member, false, by),
    );
    await Promise.all(
      sources.map(async (source) => {
        try {
          const text = (
            await source.worker.contact.ask((backend, options) => backend.zones([zone], options), REFRESH_TIMEOUT)
          ).get(zone);
          if (text === undefined) return;
          const valid = validateZone(zone, text);
          const copy = { ...valid, text: () => text, valid };
          if (!isNewer(copy, this.#held(zone))) return;
          const homes = await homesAt(source, [zone], { timeout: REFRESH_TIMEOUT });
          await this.#take(zone, { valid: copy, source, home: homes.get(zone) }, by);
        } catch {
          // What it has is of no use now; its row says whether it fails.
        }
      }),
    );
  }

  async #compare(
    source: Source,
    of: {
      wanted: ReadonlySet<ZoneName> | undefined;
      unconfigured: boolean;
      by: Principal;
      newest: Map<ZoneName, Newer>;
      result: SynchronizeResult;
      counted: (done: number, total: number) => void;
      signal: AbortSignal | undefined;
    },
  ): Promise<void> {
    const { member, worker } = source;
    const listed =
      of.wanted ?? (await worker.contact.ask((backend, options) => backend.zoneList(options), TIMEOUT, of.signal));
    const names: ZoneName[] = [];
    await inSlices(listed, (name) => {
      if (this.#isOfInterest(name, member, of.unconfigured, of.by)) names.push(name);
    });
    of.counted(0, names.length);
    const turn = slices();
    let octets = 0;
    let named = 0;
    for (let at = 0; at < names.length && of.signal?.aborted !== true; at += BATCH) {
      const chunk = names.slice(at, at + BATCH);
      const texts = await worker.contact.ask((backend, options) => backend.zones(chunk, options), TIMEOUT, of.signal);
      const found = new Map<ZoneName, Copy>();
      for (const [name, text] of texts) {
        try {
          const { serial, digest } = validateZone(name, text);
          const valid = { serial, digest, text: () => text };
          if (this.#isNewest(name, valid, of.newest)) {
            found.set(name, valid);
            octets += text.length;
          }
        } catch (error) {
          if (named++ < MOST_NAMED)
            of.result.unreachable.push({ member: member.hostname, zone: name, reason: sentenceOf(error) });
        }
        await turn();
      }
      const homes = await homesAt(source, [...found.keys()], { timeout: TIMEOUT, signal: of.signal });
      for (const [name, valid] of found)
        // Another member may have been found to have a newer one meanwhile.
        if (this.#isNewest(name, valid, of.newest)) of.newest.set(name, { valid, source, home: homes.get(name) });
      of.counted(chunk.length, 0);
      if (octets > this.#mostHeld && at + BATCH < names.length) {
        throw new Error(
          `${member.hostname} has more newer zones than one run takes. Synchronize again when this one is done.`,
        );
      }
    }
  }

  /**
   * What was removed here is not restored by a member that still has it. A reseller's server has no say in zones
   * that are not the reseller's, whoever asks it.
   */
  #isOfInterest(name: ZoneName, member: Member, unconfigured: boolean, by: Principal): boolean {
    const held = this.#store.get(name);
    if (held !== undefined) return ownsOrIsRoot(by, held.owner) && serves(member, held.owner);
    return unconfigured && this.#store.tombstone(name) === undefined && serves(member, ownerOf(by));
  }

  #isNewest(name: ZoneName, copy: Copy, newest: ReadonlyMap<ZoneName, Newer>): boolean {
    return isNewer(copy, newest.get(name)?.valid ?? this.#held(name));
  }

  #held(name: ZoneName): Copy | undefined {
    const entry = this.#store.get(name);
    return entry === undefined ? undefined : { ...entry, text: () => this.#store.read(name) ?? Buffer.alloc(0) };
  }

  async #take(zone: ZoneName, { valid: copy, source, home }: Newer, by: Principal): Promise<BatchOutcome> {
    try {
      // Somebody may have saved a newer one since it was compared.
      const held = this.#held(zone);
      if (held?.digest !== copy.digest && !isNewer(copy, held)) throw new ClusterError('zone_file_changed');
      const text = held?.text();
      const ifText = text === undefined ? 'none' : text.length === 0 ? 'damaged' : text;
      const options = { wait: 'local', sender: senderOf(source, home), ifText } as const;
      return { zone, result: await this.#changes.save(zone, copy.valid ?? copy.text(), by, options) };
    } catch (error) {
      return { zone, error: asClusterError(error) };
    }
  }
}

/** A plan changes nothing, and whoever reads of it is to know. */
function targetOf({ zones = ['all zones' as ZoneName], plan }: SynchronizeOptions): string {
  return `${plan ? 'plan: ' : ''}${batchTarget(zones)}`;
}
