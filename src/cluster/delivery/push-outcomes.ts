import { LRUCache } from 'lru-cache';
import { compareSerials } from '../../dns/serial.js';
import type { MemberChange, Pushed } from '../../members/member-backend.js';
import type { KeptVersion } from '../../wire-format/outcome-lines.js';
import { inSlices } from '../../operations/in-slices.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { Acknowledgements } from './acknowledgements.js';
import type { Backlog } from './backlog.js';
import type { MemberWorkerOptions } from './worker-options.js';

/** Of a reason, characters: it is kept and shown for each zone. */
const LONGEST_REASON = 1_000;
const MOST_KEPT = 10_000;

type Options = Pick<MemberWorkerOptions, 'record' | 'store' | 'versions' | 'events'>;

/** Applies what a member said of the zones that it was sent. */
export class PushOutcomes {
  readonly #options: Options;
  /** Zones of which it keeps a version that this server gave it and does not know. */
  readonly behind = new Set<ZoneName>();
  /** Removals that it did not follow, with the server for which it keeps the zone: the last of them. */
  readonly kept = new LRUCache<ZoneName, string>({ max: MOST_KEPT });
  readonly #backlog: Backlog;
  readonly #acknowledged: Acknowledgements;

  constructor(options: Options, backlog: Backlog, acknowledged: Acknowledgements) {
    this.#options = options;
    this.#backlog = backlog;
    this.#acknowledged = acknowledged;
  }

  /** It refused this zone: the others go on. */
  setAside(change: MemberChange, reason: string, holder?: string): void {
    const digest = change.kind === 'upsert' ? change.digest : undefined;
    this.#backlog.setAside(change.name, reason.slice(0, LONGEST_REASON), digest, holder);
  }

  /** One outcome for each change, in their order. Never rejects. */
  async apply(changes: readonly MemberChange[], outcomes: readonly Pushed[]): Promise<void> {
    const applying: Promise<void>[] = [];
    await inSlices(changes.entries(), ([i, change]) => {
      const applied = this.#applyOne(change, outcomes[i]);
      if (applied !== undefined) applying.push(applied);
    });
    await Promise.all(applying);
  }

  /** Returns a promise where more must be known first. */
  #applyOne(change: MemberChange, outcome: Pushed | undefined): Promise<void> | undefined {
    this.behind.delete(change.name);
    this.kept.delete(change.name);
    const { serial, digest } = outcome ?? {};
    if (outcome?.outcome === 'refused' && serial !== undefined && digest !== undefined)
      return this.#applyKept(change, { serial, digest }, outcome.reason ?? '');
    const other = outcome?.conflictWith;
    if (other !== undefined && change.kind === 'upsert')
      this.#options.events.emit(
        'conflict',
        this.#options.record.member,
        change.name,
        other,
        outcome?.outcome === 'done',
      );
    const { sameServer } = this.#options.record;
    if (outcome?.outcome === 'done') sameServer.tell(change);
    if (outcome?.outcome === 'refused' && sameServer.hasDone(change)) {
      if (change.kind === 'remove') this.#acknowledged.dropped(change.name);
      else this.#acknowledged.acknowledge(change);
    } else if (outcome?.outcome !== 'done') {
      this.setAside(change, outcome?.reason ?? 'The member gave no result for it.', other);
    } else if (change.kind === 'remove') {
      this.#acknowledged.dropped(change.name);
      if (other !== undefined) this.kept.set(change.name, other);
    } else if (outcome.digest === undefined || outcome.digest === change.digest || change.home?.mark === 'left') {
      // Of what was handed over it may have its new server's version already.
      this.#acknowledged.acknowledge(change, outcome.leftOut);
    } else return this.#applyOther(change, outcome);
    return undefined;
  }

  /** An answer of it may have been lost: then the version that it keeps is one of ours, and ours of now goes again. */
  async #applyKept(change: MemberChange, kept: KeptVersion, reason: string): Promise<void> {
    if (await this.#options.versions.hadVersion(change.name, kept).catch(() => false)) {
      this.#acknowledged.holdsOther(change.name, kept);
      return;
    }
    this.behind.add(change.name);
    this.setAside(change, reason);
    const { events, record } = this.#options;
    events.emit('setBack', record.member, change.name, kept, reason.slice(0, LONGEST_REASON));
  }

  /** The member says that it now holds something else than was sent. */
  async #applyOther(change: MemberChange & { kind: 'upsert' }, { serial, digest = '' }: Pushed): Promise<void> {
    const { name } = change;
    if (serial !== undefined) this.#acknowledged.holdsOther(name, { serial, digest });
    const isLater = serial !== undefined && compareSerials(serial, change.serial) > 0;
    const { versions, record } = this.#options;
    if (isLater && this.#isCurrent(change)) await versions.overtake(name, serial, record.member.hostname);
    if (!this.#isCurrent(change)) return;
    const why = isLater
      ? `The member holds the later serial ${serial}, and ours could not be raised above it.`
      : 'The member holds other content than was sent.';
    this.setAside(change, why);
  }

  /** Else it changed here while it was sent, and the backlog holds it already. */
  #isCurrent({ name, digest }: MemberChange & { kind: 'upsert' }): boolean {
    return this.#options.store.get(name)?.digest === digest;
  }
}
