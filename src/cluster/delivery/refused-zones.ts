import type { ZoneName } from '../../zones/zone-name.js';

/** A refused zone is tried again after this time, milliseconds, doubled each time up to the second figure. */
const FIRST = 60_000;
const LONGEST = 3_600_000;

interface Refused {
  reason: string;
  /** Of the version that was refused; undefined for a removal. */
  digest: string | undefined;
  tries: number;
  /** The server that has it there, `` for none; undefined where that is not known. */
  holder: string | undefined;
  /** When it is tried again, by the process's own time, which nobody can set. */
  at: number;
}

/**
 * The zones that one member refused, with the reasons. Each waits for its next try, and is forgotten when delivered.
 */
export class RefusedZones {
  readonly #zones = new Map<ZoneName, Refused>();
  /** Those whose time has not come; the others are being tried again. */
  readonly #resting = new Set<ZoneName>();
  /** No time of those that rest is before this. */
  #soonest = Infinity;

  /** How many rest. */
  get resting(): number {
    return this.#resting.size;
  }

  get(name: ZoneName): Readonly<Refused> | undefined {
    return this.#zones.get(name);
  }

  has(name: ZoneName): boolean {
    return this.#zones.has(name);
  }

  /** The first of them. */
  list(most: number): { zone: ZoneName; reason: string }[] {
    const listed: { zone: ZoneName; reason: string }[] = [];
    for (const [zone, { reason }] of this.#zones) {
      if (listed.length >= most) break;
      listed.push({ zone, reason });
    }
    return listed;
  }

  record(name: ZoneName, reason: string, digest: string | undefined, holder?: string): void {
    const before = this.#zones.get(name);
    const tries = (before?.tries ?? 0) + 1;
    const wait = Math.min(FIRST * 2 ** (tries - 1), LONGEST);
    const at = performance.now() + wait;
    this.#zones.set(name, { reason, digest, tries, at, holder: holder ?? before?.holder });
  }

  /** Those that rest, each in its turn. */
  next(most: number): ZoneName[] {
    const names = [...this.#resting].slice(0, most);
    for (const name of names) {
      this.#resting.delete(name);
      this.#resting.add(name);
    }
    return names;
  }

  holderIs(name: ZoneName, holder: string): boolean {
    const zone = this.#zones.get(name);
    if (zone === undefined) return false;
    const { holder: before } = zone;
    zone.holder = holder;
    return before !== undefined && before !== holder;
  }

  /** It is tried at once. */
  hasten(name: ZoneName): void {
    const zone = this.#zones.get(name);
    if (zone !== undefined) zone.at = 0;
  }

  forget(name: ZoneName): void {
    this.#zones.delete(name);
    this.#resting.delete(name);
  }

  /** It is not tried now. */
  rest(name: ZoneName): void {
    const zone = this.#zones.get(name);
    if (zone === undefined) return;
    this.#resting.add(name);
    this.#soonest = Math.min(this.#soonest, zone.at);
  }

  /** It is tried now. */
  wake(name: ZoneName): void {
    this.#resting.delete(name);
  }

  /** Those that rest and whose time has come. Costs nothing before the first is due. */
  due(): ZoneName[] {
    const now = performance.now();
    if (this.#soonest > now) return [];
    const due: ZoneName[] = [];
    this.#soonest = Infinity;
    for (const name of this.#resting) {
      const at = this.#zones.get(name)?.at ?? now;
      if (at <= now) due.push(name);
      else this.#soonest = Math.min(this.#soonest, at);
    }
    return due;
  }

  /** Milliseconds until `due` is worth asking again; undefined where none rests. */
  untilDue(): number | undefined {
    return this.#resting.size === 0 ? undefined : Math.max(0, this.#soonest - performance.now());
  }
}
