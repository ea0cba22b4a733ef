import type { RequestListener } from 'node:http';
import { isTrusted } from '../../access/local-connections.js';
import { sentenceOf } from '../../errors.js';
import type { Log } from '../../operations/log.js';

/** Where who copies the files of a running service says so, over its control socket. */
export const HOLD_PATH = '/hold-files';
/** Said when the files can be copied. */
export const HELD = 'held\n';
/** Longest copy, milliseconds: the journal grows meanwhile. */
const LONGEST = 30 * 60_000;

/** Holds the files while such a call is open, and passes all other calls to `app`. Ends with the connection. */
export function withHold(
  app: RequestListener,
  hold: () => Promise<() => void>,
  log: Log,
  longest = LONGEST,
): RequestListener {
  return (request, response) => {
    if (request.url !== HOLD_PATH || !isTrusted(request.socket)) {
      app(request, response);
      return;
    }
    let release = (): void => undefined;
    const late = setTimeout(() => response.destroy(), longest);
    response.once('close', () => {
      clearTimeout(late);
      release();
    });
    hold()
      .then((held) => {
        release = held;
        if (response.destroyed) held();
        else response.write(HELD);
      })
      .catch((error: unknown) => {
        log.error({ error: sentenceOf(error) }, 'files could not be held for a backup');
        response.destroy();
      });
  };
}
