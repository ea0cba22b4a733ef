import pino from 'pino';
import { consoleLines } from './console-lines.js';
import { defined } from './defined.js';
import { logFile } from './log-file.js';

/** Structured log: one JSON object a line. */
export type Log = pino.Logger;

/** Fields that may hold a secret, wherever they appear one or two levels deep. */
const SECRETS = ['token', 'secret', 'password', 'authorization', 'pass', 'key'];

/**
 * A log that goes to `file` (created 0600, set aside when it is large) or, without one, to standard error. Secrets are
 * replaced by `[secret]`. `level` is pino's, `silent` for none. With `console`, lines of that level and above go to
 * standard error too, for people.
 */
export function createLog(options: { file?: string; level?: string; name?: string; console?: pino.Level } = {}): Log {
  const { file, level = 'info', name, console } = options;
  const destination = file === undefined ? pino.destination({ dest: 2, sync: true }) : logFile(file);
  const people = consoleLines((text) => process.stderr.write(text), process.env['JOURNAL_STREAM'] !== undefined);
  return pino(
    {
      level,
      ...defined({ name }),
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: SECRETS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]), censor: '[secret]' },
    },
    console === undefined
      ? destination
      : pino.multistream([
          { level: 'trace', stream: destination },
          { level: console, stream: people },
        ]),
  );
}
