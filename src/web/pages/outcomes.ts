import { randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { conversion } from '../../presentation/conversion.js';
import type { ChangeResult, MemberZoneState } from '../../cluster/model/results.js';

/** What a form brought about, to be shown on the page that its sender is redirected to. */
export interface Outcome {
  sentences: string[];
  /** Nothing is left to wait for or to check. */
  complete: boolean;
  warnings: readonly string[];
  /** How far each member is, for a change of a zone. */
  members: readonly MemberZoneState[];
}

const MOST = 500;

/** The last outcomes, each for the one user whose form it was; forgotten when many newer ones came. */
export class Outcomes {
  readonly #kept = new LRUCache<string, { user: string; outcome: Outcome }>({ max: MOST });

  /** Keeps an outcome and answers the key that the redirect carries. */
  keep(user: string, outcome: Outcome): string {
    const key = randomBytes(9).toString('base64url');
    this.#kept.set(key, { user, outcome });
    return key;
  }

  /** The outcome of this user's key; undefined for anything else. */
  of(user: string, key: unknown): Outcome | undefined {
    const found = typeof key === 'string' ? this.#kept.get(key) : undefined;
    return found?.user === user ? found.outcome : undefined;
  }
}

/** The outcome of an action that is done when it is said. */
export function done(...sentences: string[]): Outcome {
  return { sentences, complete: true, warnings: [], members: [] };
}

/** The outcome of an action that was not done, or not all of it. */
export function failed(...sentences: string[]): Outcome {
  return { ...done(...sentences), complete: false };
}

/** A change of a zone in sentences; `given` is the name as it was typed. */
export function changeOutcome(result: ChangeResult, given: string = result.zone): Outcome {
  const serial = result.serial === undefined ? '' : ` with serial ${result.serial}`;
  const sentences = [
    {
      created: `Zone ${result.zone} was created${serial}.`,
      saved: `Zone ${result.zone} was saved${serial}.`,
      unchanged: `Zone ${result.zone} holds the same already, so nothing was changed.`,
      removed: `Zone ${result.zone} was deleted from this server.`,
    }[result.change],
  ];
  sentences.push(...conversion(given, result.zone));
  if (result.lifted) sentences.push('Its serial was raised so that every server accepts the change.');
  if (result.local.state === 'pending')
    sentences.push(
      `The nameserver of this server has not taken it yet: ${result.local.reason ?? 'it was not asked yet'}`,
    );
  const isRemoval = result.change === 'removed';
  const wanted = result.isKept === true ? 'kept' : isRemoval ? 'removed' : 'served';
  const followed = result.members.filter(({ state }) => state === wanted).length;
  if (result.isKept === true) sentences.push('The servers of the cluster keep it.');
  else if (result.members.length > 0)
    sentences.push(
      `${followed} of ${result.members.length} servers of the cluster ${isRemoval ? 'deleted' : 'serve'} it.`,
    );
  const keeping = result.members.filter(({ state }) => state === 'kept' && result.isKept !== true);
  sentences.push(...keeping.map(({ hostname, reason = '' }) => `${hostname} did not delete it. ${reason}`));
  return {
    sentences,
    complete: result.local.state === 'served' && followed === result.members.length && result.warnings.length === 0,
    warnings: result.warnings,
    members: result.members,
  };
}
