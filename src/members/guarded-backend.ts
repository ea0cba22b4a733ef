import { sentenceOf } from '../errors.js';
import { defined } from '../operations/defined.js';
import {
  MEMBER_FAILURES,
  MemberError,
  type CallOptions,
  type MemberBackend,
  type MemberChange,
  type Pushed,
} from './member-backend.js';
import { within } from './within.js';

/** Milliseconds; as the original's clients wait. */
const TIMEOUT = 300_000;
const SHORT_TIMEOUT = 60_000;
/** For its end, which who stops this server waits for. */
const CLOSE_TIMEOUT = 2_000;

/**
 * A backend that somebody else wrote: what it throws becomes a MemberError (an error's own `failure` says which, else
 * it is unreachable), what takes too long fails, and an answer to a push is put into the order of its changes.
 */
export function guardedBackend(backend: MemberBackend, label: string): MemberBackend {
  const guard = async <T>(
    timeout: number,
    options: CallOptions | undefined,
    call: (options: CallOptions) => Promise<T>,
  ): Promise<T> => {
    try {
      return await within(timeout, label, (signal) => call({ signal }), options?.signal);
    } catch (error) {
      if (error instanceof MemberError) throw error;
      const said = (error as { failure?: unknown } | undefined)?.failure;
      const failure = MEMBER_FAILURES.find((one) => one === said) ?? 'unreachable';
      throw new MemberError(failure, `${label}: ${sentenceOf(error)}`, { cause: error });
    }
  };
  return {
    ...(backend.ownSerials === true ? { ownSerials: true } : {}),
    ...defined({ dns: backend.dns }),
    get batch() {
      return Math.max(1, Math.floor(backend.batch) || 1);
    },
    probe: (options) => guard(SHORT_TIMEOUT, options, async (cut) => backend.probe(cut)),
    zoneList: (options) => guard(SHORT_TIMEOUT, options, async (cut) => backend.zoneList(cut)),
    zones: (names, options) => guard(TIMEOUT, options, async (cut) => backend.zones(names, cut)),
    zoneExists: (name, options) => guard(SHORT_TIMEOUT, options, async (cut) => backend.zoneExists(name, cut)),
    push: (changes, options) =>
      guard(TIMEOUT, options, async (cut) => inOrder(changes, await backend.push(changes, cut), label)),
    close: () => guard(CLOSE_TIMEOUT, undefined, async () => backend.close()),
  };
}

function inOrder(changes: readonly MemberChange[], outcomes: unknown, label: string): Pushed[] {
  const said = new Map((Array.isArray(outcomes) ? (outcomes as Pushed[]) : []).map((one) => [one.name, one]));
  const silent = (name: Pushed['name']): Pushed => ({
    name,
    outcome: 'refused',
    reason: `${label} did not say what became of ${name}.`,
  });
  return changes.map(({ name }) => said.get(name) ?? silent(name));
}
