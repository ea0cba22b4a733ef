import { setMaxListeners } from 'node:events';

/**
 * Makes a call that ends with the first of these signals: it is handed one signal for all of them, and where it does
 * not heed that, nobody waits for it any more. Rejects with the signal's reason then. AbortSignal.any would do for the
 * one signal, but Node 20 keeps 70 octets for each call as long as a signal lives (measured).
 */
export async function cutOffBy<T>(
  signals: readonly (AbortSignal | undefined)[],
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const heeded = signals.filter((signal) => signal !== undefined);
  for (const signal of heeded) {
    signal.throwIfAborted();
    // Many calls may heed one signal.
    setMaxListeners(0, signal);
  }
  const own = new AbortController();
  let cut = (): void => undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      cut = () => {
        const reason = heeded.find(({ aborted }) => aborted)?.reason as Error;
        own.abort(reason);
        reject(reason);
      };
      for (const signal of heeded) signal.addEventListener('abort', cut);
      call(own.signal).then(resolve, reject);
    });
  } finally {
    for (const signal of heeded) signal.removeEventListener('abort', cut);
  }
}
