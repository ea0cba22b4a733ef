import { setTimeout as pause } from 'node:timers/promises';
import type { CallOptions, MemberBackend, MemberChange, Pushed } from '../../members/member-backend.js';

/** After so long without an answer, and then as often, milliseconds, the member is asked something else. */
const SILENCE = 10_000;

interface Watch {
  /** Is told the first time that the member does not answer. */
  silent: (failure: unknown) => void;
  /** Cuts the push off. */
  signal?: AbortSignal;
  silence?: number;
}

/**
 * Pushes to a member, and probes beside a push that takes long whether the member answers at all. Where the network
 * fails in the middle of a call, the kernel sends again less and less often, and waits for up to two minutes more when
 * the network is back: so a push is broken off when the member answers again and it is still not through, and with it
 * all other calls under way: they reject with BrokenOff.
 */
export async function pushWhileAlive(
  backend: MemberBackend,
  changes: readonly MemberChange[],
  { silent, signal, silence = SILENCE }: Watch,
): Promise<Pushed[]> {
  const through = new AbortController();
  const returned = (): void => backend.breakOff?.();
  if (backend.breakOff !== undefined) void watch(backend, through.signal, { silent, returned, silence });
  try {
    return await give(backend, changes, { signal });
  } finally {
    through.abort();
  }
}

/** What is kept there is not removed. */
async function give(backend: MemberBackend, changes: readonly MemberChange[], options: CallOptions): Promise<Pushed[]> {
  const isKept = (change: MemberChange): boolean => change.kind === 'remove' && change.isKept === true;
  const kept = changes.filter(isKept);
  if (kept.length === 0) return backend.push(changes, options);
  await backend.free?.(kept, options);
  const others = changes.filter((change) => !isKept(change));
  const pushed = others.length === 0 ? [] : await backend.push(others, options);
  return changes.flatMap((change): Pushed[] =>
    isKept(change) ? [{ name: change.name, outcome: 'done' }] : pushed.splice(0, 1),
  );
}

/** Ends when the push is through, or the member has `returned`. Never rejects. */
async function watch(
  backend: MemberBackend,
  through: AbortSignal,
  { silent, returned, silence }: { silent: (failure: unknown) => void; returned: () => void; silence: number },
): Promise<void> {
  const isThrough = (): boolean => through.aborted;
  let wasSilent = false;
  for (;;) {
    await pause(silence, undefined, { signal: through, ref: false }).catch(() => undefined);
    if (isThrough()) return;
    const failure: unknown = await backend.probe({ signal: through }).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (isThrough()) return;
    if (failure === undefined && wasSilent) {
      returned();
      return;
    }
    if (failure !== undefined && !wasSilent) silent(failure);
    wasSilent = failure !== undefined;
  }
}
