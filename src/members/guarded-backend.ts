import { sentenceOf } from '../errors.js';
import {
  MEMBER_FAILURES,
  MemberError,
  type CallOptions,
  type KeepRenewal,
  type MemberBackend,
  type MemberChange,
  type MemberDigests,
  type Pushed,
} from './member-backend.js';
import { within } from './within.js';

/** Milliseconds; as the original's clients wait. */
const TIMEOUT = 300_000;
const SHORT_TIMEOUT = 60_000;
/** For its end, which who stops this server waits for. */
const CLOSE_TIMEOUT = 2_000;

/** All that a backend may have, so that the compiler asks here for whatever is added to the interface. */
type Whole = { readonly [Part in keyof Required<MemberBackend>]: MemberBackend[Part] };

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
  const guardedDigests = (digests: MemberDigests): MemberDigests => ({
    buckets: (home, options) => guard(TIMEOUT, options, async (cut) => digests.buckets(home, cut)),
    ofBuckets: (home, buckets, options) =>
      guard(TIMEOUT, options, async (cut) => digests.ofBuckets(home, buckets, cut)),
    knows: (server, options) => guard(SHORT_TIMEOUT, options, async (cut) => digests.knows(server, cut)),
    ofZones: (zones, options) => guard(TIMEOUT, options, async (cut) => digests.ofZones(zones, cut)),
  });
  const trust = backend.requestTrust?.bind(backend);
  const version = backend.showVersion?.bind(backend);
  const free = backend.free?.bind(backend);
  const breakOff: (() => unknown) | undefined = backend.breakOff?.bind(backend);
  const follow: ((keep: KeepRenewal) => unknown) | undefined = backend.followKeys?.bind(backend);
  const whole: Whole = {
    ownSerials: backend.ownSerials === true,
    dns: backend.dns,
    get digests() {
      const { digests } = backend;
      return digests && guardedDigests(digests);
    },
    get batch() {
      return Math.max(1, Math.floor(backend.batch) || 1);
    },
    probe: (options) => guard(SHORT_TIMEOUT, options, async (cut) => backend.probe(cut)),
    zoneList: (options) => guard(SHORT_TIMEOUT, options, async (cut) => backend.zoneList(cut)),
    zones: (names, options) => guard(TIMEOUT, options, async (cut) => backend.zones(names, cut)),
    zoneExists: (name, options) => guard(SHORT_TIMEOUT, options, async (cut) => backend.zoneExists(name, cut)),
    push: (changes, options) =>
      guard(TIMEOUT, options, async (cut) => inOrder(changes, await backend.push(changes, cut), label)),
    free: free && ((changes, options) => guard(TIMEOUT, options, async (cut) => free(changes, cut))),
    requestTrust: trust && ((request, options) => guard(SHORT_TIMEOUT, options, async (cut) => trust(request, cut))),
    showVersion: version && ((options) => guard(SHORT_TIMEOUT, options, async (cut) => version(cut))),
    followKeys:
      follow &&
      ((keep) => void guard(CLOSE_TIMEOUT, undefined, () => Promise.resolve(follow(keep))).catch(() => undefined)),
    // Nobody waits for it: where it fails, the calls under way end by their own time.
    breakOff:
      breakOff &&
      (() => void guard(CLOSE_TIMEOUT, undefined, () => Promise.resolve(breakOff())).catch(() => undefined)),
    close: () => guard(CLOSE_TIMEOUT, undefined, async () => backend.close()),
  };
  return whole;
}

function inOrder(changes: readonly MemberChange[], outcomes: unknown, label: string): Pushed[] {
  const said = new Map((Array.isArray(outcomes) ? (outcomes as Pushed[]) : []).map((one) => [one.name, one]));
  const silent = (name: Pushed['name']): Pushed => ({
    name,
    outcome: 'refused',
    reason: `${label} gave no result for ${name}.`,
  });
  return changes.map(({ name }) => said.get(name) ?? silent(name));
}
