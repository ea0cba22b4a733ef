/** How a member does that the failure threshold has disabled: it is looked at less and less often, until it answers. */
export interface Recovery {
  /** Milliseconds of the process's own time; no look before. */
  nextLook: number;
  /** Until the look after the next one, milliseconds. */
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
  return { nextLook: now + FIRST_PAUSE, pause: FIRST_PAUSE, answered: 0 };
}

/** After a look at `now`. One that answers is looked at each time, one that does not half as often as before. */
export function nextRecovery({ pause, answered }: Recovery, hasAnswered: boolean, now: number): Recovery {
  if (hasAnswered) return { nextLook: now + FIRST_PAUSE, pause: FIRST_PAUSE, answered: answered + 1 };
  const longer = Math.min(pause * 2, LONGEST_PAUSE);
  return { nextLook: now + longer, pause: longer, answered: 0 };
}

/** Has it answered for long enough to be enabled again? */
export function hasRecovered({ answered }: Recovery): boolean {
  return answered >= ANSWERS_NEEDED;
}
