import type { RunningMember } from './member-worker.js';

/**
 * Enables members again that the failure threshold disabled, once they have answered for a while. Those that an
 * administrator disabled stay disabled.
 */
export class Recoveries {
  readonly #of = new Map<string, Recovery>();

  /** Answers in a row of a disabled member; undefined if it is not probed. */
  answered(id: string): number | undefined {
    return this.#of.get(id)?.answered;
  }

  /** Probes those whose time has come. One that hangs delays none of the others. */
  async check(members: readonly RunningMember[], now = performance.now()): Promise<void> {
    const disabled = members.filter(
      ({ worker }) => worker.contact.health.state === 'disabled' && worker.contact.health.byThreshold === true,
    );
    const ids = new Set(disabled.map(({ member }) => member.id));
    for (const id of this.#of.keys()) if (!ids.has(id)) this.#of.delete(id);
    await Promise.all(disabled.map((one) => this.#checkMember(one, now)));
  }

  async #checkMember({ member: { id }, worker }: RunningMember, now: number): Promise<void> {
    const before = this.#of.get(id) ?? newRecovery(now);
    this.#of.set(id, before);
    if (now < before.nextCheck) return;
    const hasAnswered = await worker.contact.probeUncounted().then(
      () => true,
      () => false,
    );
    const after = nextRecovery(before, hasAnswered, now);
    // An administrator may have been quicker.
    if (worker.contact.health.state !== 'disabled' || !this.#of.has(id)) return;
    this.#of.set(id, after);
    if (!hasRecovered(after)) return;
    this.#of.delete(id);
    worker.contact.record({ kind: 'enable' });
  }
}

/** How a member does that the failure threshold has disabled: it is probed less and less often, until it answers. */
interface Recovery {
  /** Milliseconds of the process's own time; no probe before. */
  nextCheck: number;
  /** Until the probe after the next one, milliseconds. */
  pause: number;
  /** Looks in a row that it has answered. */
  answered: number;
}

/** The health check comes by each minute; a little less, so that none of its rounds is missed. */
const FIRST_PAUSE = 55_000;

const LONGEST_PAUSE = 30 * 60_000;

/** So many answers in a row: some minutes, in which a server that is only just starting fails once more. */
export const ANSWERS_NEEDED = 5;

export function newRecovery(now: number): Recovery {
  return { nextCheck: now + FIRST_PAUSE, pause: FIRST_PAUSE, answered: 0 };
}

/** After a probe at `now`. One that answers is probed each time, one that does not half as often as before. */
export function nextRecovery({ pause, answered }: Recovery, hasAnswered: boolean, now: number): Recovery {
  if (hasAnswered) return { nextCheck: now + FIRST_PAUSE, pause: FIRST_PAUSE, answered: answered + 1 };
  const longer = Math.min(pause * 2, LONGEST_PAUSE);
  return { nextCheck: now + longer, pause: longer, answered: 0 };
}

/** Has it answered for long enough to be enabled again? */
export function hasRecovered({ answered }: Recovery): boolean {
  return answered >= ANSWERS_NEEDED;
}
