import type { Failure } from '../../members/member-backend.js';

/**
 * The failure threshold of the original, as a pure state machine: failed commands in a row are counted, any success
 * resets the count, at the threshold the member is disabled, and only an administrator enables it again.
 */
export interface Health {
  state: 'online' | 'failing' | 'disabled';
  /** Failed commands in a row. */
  failures: number;
  /** Milliseconds since 1970 of the last successful call; 0 where there was none. */
  lastContact: number;
  /** Why it fails, or is disabled. */
  lastFailure?: Failure;
  /** It was the threshold that disabled it, and no administrator. */
  byThreshold?: boolean;
}

export type HealthEvent =
  | { kind: 'success'; at: number }
  | { kind: 'failure'; why: Failure }
  | { kind: 'disable'; why: Failure }
  | { kind: 'enable' };

export const HEALTHY: Health = { state: 'online', failures: 0, lastContact: 0 };

/** The health after `event`. A disabled member stays so, whatever answers, until `enable`. */
export function nextHealth(health: Health, event: HealthEvent, threshold: number): Health {
  switch (event.kind) {
    case 'enable':
      return { state: 'online', failures: 0, lastContact: health.lastContact };
    case 'disable':
      return { ...health, state: 'disabled', lastFailure: event.why, byThreshold: false };
    case 'success':
      if (health.state === 'disabled') return { ...health, lastContact: event.at };
      return { state: 'online', failures: 0, lastContact: event.at };
    case 'failure': {
      const failures = health.failures + 1;
      if (health.state === 'disabled') return { ...health, failures };
      const state = threshold > 0 && failures >= threshold ? 'disabled' : 'failing';
      return {
        ...health,
        state,
        failures,
        lastFailure: event.why,
        ...(state === 'disabled' ? { byThreshold: true } : {}),
      };
    }
  }
}
