import { setTimeout as pause } from 'node:timers/promises';
import { MemberError } from './member-backend.js';

/** The answer of `host`, where it comes within so many milliseconds; else rejects with MemberError, and nobody waits for it any more. */
export async function within<T>(timeout: number, host: string, answer: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const late = pause(timeout, undefined, { signal: timer.signal, ref: false }).then(() => {
    throw new MemberError('unreachable', `${host} gave no answer within ${timeout / 1000} s.`);
  });
  // Nobody looks at the one that loses.
  late.catch(() => undefined);
  answer.catch(() => undefined);
  try {
    return await Promise.race([answer, late]);
  } finally {
    timer.abort();
  }
}
