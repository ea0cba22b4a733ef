import { setMaxListeners } from 'node:events';
import type { Principal } from '../../access/principal.js';
import type { ZoneName } from '../../zones/zone-name.js';
import { mayUse } from '../model/member.js';
import type { Delivery } from '../delivery/delivery.js';
import type { ChangeOptions, MemberZoneState } from '../model/results.js';

const DEFAULT_WAIT = 5_000;
const LONGEST_WAIT = 60_000;

/** How far zones are at the members that are written to. */
export class Progress {
  readonly #workers: Delivery;

  constructor(workers: Delivery) {
    this.#workers = workers;
  }

  /**
   * One state for each member that `by` may see and that holds or will hold the zone. Same cost at any number of zones.
   */
  of(zone: ZoneName, by: Principal): MemberZoneState[] {
    const states: MemberZoneState[] = [];
    for (const { member, worker } of this.#workers.writers()) {
      const state = mayUse(by, member) ? worker.stateOf(zone) : undefined;
      if (state !== undefined) states.push({ member: member.id, hostname: member.hostname, ...state });
    }
    return states;
  }

  /**
   * The same for a removal, for the members that held the zone before: one that no longer has a state has dropped it,
   * or said for whom it keeps it. With `isKept` none is told of it.
   */
  ofRemoval(
    zone: ZoneName,
    by: Principal,
    { holders, isKept = false }: { holders: readonly MemberZoneState[]; isKept?: boolean | undefined },
  ): MemberZoneState[] {
    const waiting = new Map(this.of(zone, by).map((state) => [state.member, state]));
    return holders.map(({ member, hostname }): MemberZoneState => {
      if (isKept) return { member, hostname, state: 'kept' };
      const keptFor = this.#workers.of(member)?.outcomes.kept.get(zone);
      const reason = `It keeps the zone for ${keptFor ?? ''}, to which it belongs there.`;
      const done = keptFor === undefined ? { state: 'removed' as const } : { state: 'kept' as const, reason };
      return waiting.get(member) ?? { member, hostname, ...done };
    });
  }

  /** Resolves when every member that answers is through with the zone, or after the time-out. */
  async finished(zone: ZoneName, options: ChangeOptions): Promise<void> {
    if (options.wait === 'local') return;
    const { timeout = DEFAULT_WAIT } = options;
    const signal = AbortSignal.timeout(Math.min(Math.max(0, timeout), LONGEST_WAIT));
    // One listener a member, and as many members as there are.
    setMaxListeners(0, signal);
    await Promise.all(this.#workers.writers().map(({ worker }) => worker.finished(zone, signal)));
  }
}
