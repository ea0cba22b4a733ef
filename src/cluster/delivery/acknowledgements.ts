import { compareSerials } from '../../dns/serial.js';
import type { MemberChange } from '../../members/member-backend.js';
import type { ZoneName } from '../../zones/zone-name.js';
import { ServedCheck } from './served-check.js';
import type { MemberZoneState } from '../model/results.js';
import type { MemberWorkerOptions } from './worker-options.js';

/** So many zones with records that were left out are named, and so many of their records are kept. */
const MOST_NAMED = 20;
const MOST_KEPT = 50;
const LONGEST_REASON = 300;

/** How far a zone is at one member. */
export type StateAtMember = Pick<MemberZoneState, 'state' | 'reason' | 'serial' | 'seenAt'>;

/** What one member said that it holds, kept in its ledger, and what its nameserver was then seen answering. */
export class Acknowledgements {
  readonly #options: MemberWorkerOptions;
  readonly #news: (name: ZoneName) => void;
  /** Undefined where DNS can't tell which version it serves. */
  readonly #check: ServedCheck | undefined;
  /** The last serial that DNS answered, where it is not the acknowledged one. */
  readonly #otherSerial = new Map<ZoneName, number>();
  readonly #leftOut = new Set<ZoneName>();

  /** `news` is told that something new is known of a zone. */
  constructor(options: MemberWorkerOptions, news: (name: ZoneName) => void) {
    this.#options = options;
    this.#news = news;
    // Where it gives zones serials of its own, what it answers tells nothing of the version.
    if (options.dns === undefined || options.backend.ownSerials === true) return;
    this.#check = new ServedCheck(options.dns, (name, serial, last) => this.#seen(name, serial, last), options.log);
  }

  /** Goes on with what was acknowledged before the last stop, and not yet seen in DNS then. */
  start(): void {
    const { ledger, store } = this.#options;
    for (const [key, { digest, serial, servedAt, from, leftOut }] of ledger.entries()) {
      const name = key as ZoneName;
      if (this.#isLeft(name)) this.dropped(name);
      else if (leftOut !== undefined) this.#leftOut.add(name);
      const isDue = servedAt === 0 && from === undefined && store.get(name)?.digest === digest;
      if (isDue) this.#check?.expect(name, serial);
    }
  }

  async stop(): Promise<void> {
    await this.#check?.stop();
  }

  /** The zone changed here: what is answered of the version before is of no interest. */
  zoneChanged(name: ZoneName): void {
    if (this.#isLeft(name)) this.dropped(name);
    this.#check?.forget(name);
    this.#otherSerial.delete(name);
  }

  /** It took this version; `leftOut` are records of it that it can't hold. */
  acknowledge({ name, digest, serial }: MemberChange & { kind: 'upsert' }, leftOut: readonly string[] = []): void {
    const kept = leftOut.slice(0, MOST_KEPT).map((record) => record.slice(0, LONGEST_REASON));
    this.#options.ledger.set(name, { digest, serial, servedAt: 0, ...(kept.length === 0 ? {} : { leftOut: kept }) });
    if (kept.length === 0) this.#leftOut.delete(name);
    else this.#leftOut.add(name);
    this.#check?.expect(name, serial);
  }

  /** It has this version, which is not the one that it should have: what is sent next may take its place. */
  holdsOther(name: ZoneName, { serial, digest }: { serial: number; digest: string }): void {
    this.#options.ledger.set(name, { digest, serial, servedAt: 0 });
    this.#check?.forget(name);
  }

  /** The change came here by this member: it has it, and may have a later one by now. */
  cameFrom(change: MemberChange): void {
    const { name } = change;
    if (change.kind === 'remove') this.dropped(name);
    else {
      const { digest, serial } = change;
      this.#options.ledger.set(name, { digest, serial, servedAt: 0, from: true });
      this.#check?.forget(name);
    }
  }

  dropped(name: ZoneName): void {
    this.#options.ledger.delete(name);
    this.#leftOut.delete(name);
    this.#check?.forget(name);
  }

  /** It acknowledged this zone from us; with a digest, that version of it. */
  holds(name: ZoneName, digest?: string): boolean {
    const entry = this.#options.ledger.get(name);
    return entry !== undefined && (digest === undefined || entry.digest === digest);
  }

  /**
   * That it has this zone from us outlives a power cut when it resolves: else a removal might never reach it. Rejects
   * where the disk refuses.
   */
  remember(name: ZoneName): Promise<void> {
    return this.#options.ledger.flushKey(name);
  }

  /** How far an acknowledged zone is; undefined where it is none. */
  stateOf(name: ZoneName): StateAtMember | undefined {
    const entry = this.#options.ledger.get(name);
    if (entry === undefined) return undefined;
    const { servedAt, serial, from, leftOut } = entry;
    if (servedAt > 0) return { state: 'served', serial, seenAt: new Date(servedAt).toISOString() };
    if (from === true) return { state: 'acknowledged', reason: 'The change came from this member.' };
    if (leftOut !== undefined) {
      return { state: 'acknowledged', reason: `It can't hold all records. Left out: ${leftOut.join('; ')}.` };
    }
    if (this.#options.backend.ownSerials === true)
      return { state: 'acknowledged', reason: 'It gives zones its own serials.' };
    if (this.#check === undefined)
      return { state: 'acknowledged', reason: 'The address of its nameserver is not known.' };
    const other = this.#otherSerial.get(name);
    if (other === undefined) return { state: 'acknowledged', reason: 'Not yet seen in its DNS answers.' };
    return { state: 'acknowledged', reason: `Its nameserver still answers with serial ${other}.`, serial: other };
  }

  /** No further query will tell more. */
  isFinal(name: ZoneName): boolean {
    const entry = this.#options.ledger.get(name);
    return entry === undefined || entry.servedAt > 0 || entry.from === true || this.#check === undefined;
  }

  /** Zones of which it does not hold every record, with what was left out; the first of them. */
  zonesLeftOut(): { zone: ZoneName; records: readonly string[] }[] {
    const named: { zone: ZoneName; records: readonly string[] }[] = [];
    for (const zone of this.#leftOut) {
      if (named.length >= MOST_NAMED) break;
      named.push({ zone, records: this.#options.ledger.get(zone)?.leftOut ?? [] });
    }
    return named;
  }

  /** It goes on there without us. */
  #isLeft(name: ZoneName): boolean {
    const { store } = this.#options;
    const { isKept, home } = store.tombstone(name) ?? {};
    return store.get(name) === undefined && isKept === true && home?.mark === 'left';
  }

  #seen(name: ZoneName, serial: number | undefined, last: boolean): void {
    const { ledger, versions, record } = this.#options;
    const acknowledged = ledger.get(name);
    if (acknowledged === undefined) return;
    if (serial === acknowledged.serial) {
      ledger.set(name, { ...acknowledged, servedAt: Date.now() });
      this.#otherSerial.delete(name);
      this.#news(name);
    } else if (last && serial !== undefined) {
      this.#otherSerial.set(name, serial);
      // Every nameserver keeps its data when a serial drops (measured), and heals when it is lifted past what it
      // serves.
      if (compareSerials(serial, acknowledged.serial) > 0) void versions.overtake(name, serial, record.member.hostname);
      this.#news(name);
    }
  }
}
