import type { MemberChange } from '../../members/member-backend.js';
import { defined } from '../../operations/defined.js';
import { inSlices } from '../../operations/in-slices.js';
import type { AppendTable } from '../../state/append-table.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { ZoneStore } from '../../zones/zone-store.js';
import type { ZoneVersions } from '../local/zone-versions.js';
import type { MemberRecord } from './member-record.js';
import { RemovalBrake } from './removal-brake.js';
import { lacks, type LedgerEntry } from './ledger.js';
import { RefusedZones } from './refused-zones.js';

interface BacklogOptions {
  store: ZoneStore;
  ledger: AppendTable<LedgerEntry>;
  record: Pick<MemberRecord, 'serves'>;
  versions: Pick<ZoneVersions, 'here' | 'hostsSeen'>;
}

/**
 * What one member lacks: index − ledger, kept up to date zone by zone, so that a change costs the same at any number of
 * zones. Holds names only; the text is read when it is sent, so a thousand edits of one zone are one entry and always
 * the newest.
 */
export class Backlog {
  readonly #store: ZoneStore;
  readonly #ledger: AppendTable<LedgerEntry>;
  readonly #record: BacklogOptions['record'];
  readonly #versions: BacklogOptions['versions'];
  /** Zone → since when it waits, the longest waiting first. */
  readonly #pending = new Map<ZoneName, number>();
  /** Those of them that are to be removed. */
  readonly #removals = new RemovalBrake();
  /** The others in order of arrival; what is not pending any more is passed over. */
  #arrived: ZoneName[] = [];
  readonly #underWay = new Set<ZoneName>();
  readonly #refused = new RefusedZones();

  constructor({ store, ledger, record, versions }: BacklogOptions) {
    this.#store = store;
    this.#ledger = ledger;
    this.#record = record;
    this.#versions = versions;
  }

  /** Zones that wait, are under way, or were set aside. */
  get size(): number {
    return this.#pending.size + this.#refused.resting;
  }

  /** Zones that can be taken now. */
  get ready(): number {
    for (const name of this.#refused.due()) this.#enter(name);
    let waiting = this.#pending.size;
    // What is under way may not be pending any more: it changed back meanwhile.
    for (const name of this.#underWay) if (this.#pending.has(name)) waiting--;
    return waiting - this.heldBackCount;
  }

  /** How many removals wait until a person allows them. */
  get heldBackCount(): number {
    const held = this.#heldBack();
    let count = held.size;
    for (const name of this.#underWay) if (held.has(name)) count--;
    return count;
  }

  /** The first of them. */
  heldBackRemovals(most: number): ZoneName[] {
    const named: ZoneName[] = [];
    for (const name of this.#heldBack()) {
      if (named.length >= most) break;
      if (!this.#underWay.has(name)) named.push(name);
    }
    return named;
  }

  /** Is it a removal that is held? */
  isHeldBack(name: ZoneName): boolean {
    return this.#heldBack().has(name);
  }

  /** A person allowed the removals that are held back now. */
  allowRemovals(): void {
    this.#removals.allow();
  }

  /** Since when the longest waiting zone waits, milliseconds since 1970. */
  get oldest(): number | undefined {
    return this.#pending.values().next().value;
  }

  has(name: ZoneName): boolean {
    return this.#pending.has(name);
  }

  /** Why the member refused this zone, where it did. */
  reasonAside(name: ZoneName): string | undefined {
    return this.#refused.get(name)?.reason;
  }

  /** Zones that the member refused, with the reasons; the first so many. */
  refused(most: number): { zone: ZoneName; reason: string }[] {
    return this.#refused.list(most);
  }

  /** Looks at one zone after it changed or was sent. */
  compare(name: ZoneName): void {
    const entry = this.#served(name);
    if (lacks(entry, this.#isRemoved(name), this.#ledger.get(name)) === undefined) {
      this.#refused.forget(name);
      this.#leave(name);
      return;
    }
    const refused = this.#refused.get(name);
    if (refused !== undefined && refused.digest !== entry?.digest) this.#refused.forget(name);
    else if (refused !== undefined && refused.at > performance.now()) return;
    this.#enter(name);
  }

  /** Compares all zones, at the start. What changes meanwhile is compared by itself. */
  async compareAll(): Promise<void> {
    const byTime = new Map<number, ZoneName[]>();
    await inSlices(this.#store.entries(), ({ name, modified }) => {
      const others = byTime.get(modified);
      if (others === undefined) byTime.set(modified, [name]);
      else others.push(name);
    });
    await inSlices(oldestFirst(byTime), (name) => this.compare(name));
    await inSlices(this.#ledger.entries(), ([name]) => this.compare(name as ZoneName));
  }

  /** The next zones to send, with their texts read now: at most so many, and not much more than so many octets. */
  async take(zones: number, octets: number): Promise<MemberChange[]> {
    const names = this.#next(zones);
    for (const name of names) this.#underWay.add(name);
    const changes: MemberChange[] = [];
    let size = 0;
    // Reading is synchronous.
    await inSlices(names, (name) => {
      const change = size < octets ? this.#changeOf(name) : undefined;
      if (change === undefined) {
        this.#underWay.delete(name);
        if (this.#pending.has(name)) this.#arrived.push(name);
      } else {
        changes.push(change);
        size += change.kind === 'upsert' ? change.text.length : 0;
      }
    });
    return changes;
  }

  /** A change is done: a delivered zone leaves the backlog; a failed or re-edited one stays. */
  giveBack({ name, kind }: MemberChange): void {
    this.#underWay.delete(name);
    const isGone = kind === 'remove' && !this.#isKept(name) && this.#ledger.get(name) === undefined;
    if (isGone) this.#removals.removed(name);
    this.compare(name);
    if (this.#pending.has(name)) this.#arrived.push(name);
  }

  /**
   * The member refused this digest of the zone (undefined: its removal), which it has from the server `holder`, if it
   * said so. Others go on; it is tried later or when it changes.
   */
  setAside(name: ZoneName, reason: string, digest: string | undefined, holder?: string): void {
    this.#refused.record(name, reason, digest, holder);
    this.#leave(name);
  }

  /** The next zones that wait after a refusal, to ask the member whose they are. */
  nextRefused(most: number): ZoneName[] {
    return this.#refused.next(most);
  }

  /** Which server has this zone at the member, `` for none. True where that is another one than was known. */
  holderIs(name: ZoneName, holder: string): boolean {
    return this.#refused.holderIs(name, holder);
  }

  /** What kept a member from taking it is over. */
  tryAgain(name: ZoneName): void {
    this.#refused.hasten(name);
    this.compare(name);
  }

  /** Milliseconds until a zone that was set aside is due again; undefined where there is none. */
  untilRetry(): number | undefined {
    return this.#refused.untilDue();
  }

  #enter(name: ZoneName): void {
    const isKnown = this.#pending.has(name);
    if (!isKnown) this.#pending.set(name, Date.now());
    this.#refused.wake(name);
    if (this.#served(name) === undefined && !this.#isKept(name)) this.#removals.add(name);
    else if (this.#removals.delete(name) || !isKnown) this.#arrived.push(name);
  }

  /** It is removed here alone: the member loses nothing. */
  #isKept(name: ZoneName): boolean {
    return this.#store.get(name) === undefined && this.#store.tombstone(name)?.isKept === true;
  }

  #leave(name: ZoneName): void {
    this.#pending.delete(name);
    this.#removals.delete(name);
    this.#refused.rest(name);
  }

  /**
   * In order of need: removals, then the latest changes, so that after an outage people get what they wait for first.
   */
  #next(most: number): ZoneName[] {
    const names: ZoneName[] = [];
    for (const name of this.#removals.due(this.#ledger.size)) {
      if (names.length >= most) return names;
      if (!this.#underWay.has(name)) names.push(name);
    }
    const taken = new Set(names);
    for (let name = this.#arrived.pop(); name !== undefined; name = this.#arrived.pop()) {
      const isDue = this.#pending.has(name) && !this.#removals.has(name) && !this.#underWay.has(name);
      if (isDue && !taken.has(name)) {
        // Zones that were refused go in calls of their own: such a call takes long, and no other zone is to wait for
        // it.
        const [first = name] = names;
        if (this.#refused.has(name) !== this.#refused.has(first)) {
          this.#arrived.push(name);
          break;
        }
        names.push(name);
      }
      taken.add(name);
      if (names.length >= most) break;
    }
    return names;
  }

  #heldBack(): ReadonlySet<ZoneName> {
    return this.#removals.heldBack(this.#ledger.size);
  }

  /** Is the member to be told that it was removed? What another server has goes on there without us. */
  #isRemoved(name: ZoneName): boolean {
    const tombstone = this.#store.tombstone(name);
    return tombstone !== undefined && (tombstone.isKept !== true || tombstone.home?.mark !== 'left');
  }

  #served(name: ZoneName): ReturnType<ZoneStore['get']> {
    const entry = this.#store.get(name);
    return entry !== undefined && this.#record.serves(entry.owner) ? entry : undefined;
  }

  #changeOf(name: ZoneName): MemberChange | undefined {
    const { here, hostsSeen: seen } = this.#versions;
    const entry = this.#served(name);
    const held = this.#ledger.get(name);
    const due = lacks(entry, this.#isRemoved(name), held);
    if (due === 'remove') {
      const { home, isKept } = this.#store.tombstone(name) ?? {};
      return { kind: 'remove', name, hostsSeen: seen.of(name), ...defined({ home, isKept }) };
    }
    if (due === undefined || entry === undefined) {
      this.#leave(name);
      return undefined;
    }
    const text = this.#store.edits.version(name);
    if (text === undefined) {
      this.setAside(
        name,
        'Its file on this server is missing, or changed by hand and not taken. Repair it and run `dnscluster zones rescan`, or save the zone again.',
        entry.digest,
      );
      return undefined;
    }
    // The entry read before the text: a change in between is sent once more, never missed.
    const { serial, digest, home } = entry;
    const hostsSeen = seen.of(name, digest);
    const of = defined({ home });
    // What passes through here tells nothing of what its own server gave.
    const given = home?.server === here ? { lastGiven: held?.serial ?? null } : {};
    return { kind: 'upsert', name, text, serial, digest, isNew: held === undefined, hostsSeen, ...of, ...given };
  }
}

/** Numbers in a typed array are sorted ten times as fast as the zones would be. */
function* oldestFirst(byTime: ReadonlyMap<number, readonly ZoneName[]>): Generator<ZoneName> {
  for (const time of Float64Array.from(byTime.keys()).sort()) yield* byTime.get(time) ?? [];
}
