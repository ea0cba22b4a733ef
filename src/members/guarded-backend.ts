import { sentenceOf } from '../errors.js';
import {
  MemberError,
  type MemberBackend,
  type MemberChange,
  type MemberFailure,
  type Pushed,
} from './member-backend.js';
import { within } from './within.js';

const FAILURES: readonly MemberFailure[] = ['unreachable', 'refused', 'invalid_answer', 'certificate_changed'];
/** Milliseconds; as the original's clients wait. */
const TIMEOUT = 300_000;
const SHORT_TIMEOUT = 60_000;

/**
 * A backend that somebody else wrote: what it throws becomes a MemberError (an error's own `failure` says which, else it is unreachable), what takes
 * too long fails, and an answer to a push is put into the order of its changes.
 */
export function guardedBackend(backend: MemberBackend, label: string): MemberBackend {
  const guard = async <T>(timeout: number, call: () => Promise<T>): Promise<T> => {
    try {
      return await within(timeout, label, call());
    } catch (error) {
      if (error instanceof MemberError) throw error;
      const said = (error as { failure?: unknown } | undefined)?.failure;
      const failure = FAILURES.find((one) => one === said) ?? 'unreachable';
      throw new MemberError(failure, `${label}: ${sentenceOf(error)}`, { cause: error });
    }
  };
  return {
    ...(backend.ownSerials === true ? { ownSerials: true } : {}),
    ...(backend.dns === undefined ? {} : { dns: backend.dns }),
    get batch() {
      return Math.max(1, Math.floor(backend.batch) || 1);
    },
    probe: () => guard(SHORT_TIMEOUT, async () => backend.probe()),
    zoneList: () => guard(SHORT_TIMEOUT, async () => backend.zoneList()),
    zones: (names) => guard(TIMEOUT, async () => backend.zones(names)),
    zoneExists: (name) => guard(SHORT_TIMEOUT, async () => backend.zoneExists(name)),
    push: (changes) => guard(TIMEOUT, async () => inOrder(changes, await backend.push(changes), label)),
    close: async () => backend.close(),
  };
}

function inOrder(changes: readonly MemberChange[], outcomes: unknown, label: string): Pushed[] {
  const said = new Map((Array.isArray(outcomes) ? (outcomes as Pushed[]) : []).map((one) => [one.name, one]));
  const silent = (name: Pushed['name']): Pushed => ({
    ...{ name, outcome: 'refused', reason: `${label} did not say what became of ${name}.` },
  });
  return changes.map(({ name }) => said.get(name) ?? silent(name));
}
