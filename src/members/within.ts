import { cutOffBy } from '../operations/cut-off.js';
import { MemberError } from './member-backend.js';

/**
 * The answer of `host` to a call, where it comes within so many milliseconds; else the call is cut off, and it rejects
 * with MemberError. `others` cut it off, too; it rejects with their reason.
 */
export async function within<T>(
  timeout: number,
  host: string,
  call: (signal: AbortSignal) => Promise<T>,
  ...others: (AbortSignal | undefined)[]
): Promise<T> {
  const late = new AbortController();
  const silent = new MemberError('unreachable', `${host} gave no answer within ${timeout / 1000} s.`);
  const timer = setTimeout(() => late.abort(silent), timeout).unref();
  try {
    return await cutOffBy([late.signal, ...others], call);
  } finally {
    clearTimeout(timer);
  }
}
