import pino from 'pino';

/** Structured log: one JSON object a line. */
export type Log = pino.Logger;

/** Fields that may hold a secret, wherever they appear one or two levels deep. */
const SECRETS = ['token', 'secret', 'password', 'authorization', 'pass', 'key'];

/**
 * A log that goes to `file` (created 0600) or, without one, to standard error. Secrets are replaced by `[secret]`.
 * `level` is pino's, `silent` for none.
 */
export function createLog(options: { file?: string; level?: string; name?: string } = {}): Log {
  const destination =
    options.file === undefined
      ? pino.destination({ dest: 2, sync: true })
      : pino.destination({ dest: options.file, mkdir: true, mode: 0o600, sync: false });
  return pino(
    {
      level: options.level ?? 'info',
      ...(options.name === undefined ? {} : { name: options.name }),
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: SECRETS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]), censor: '[secret]' },
    },
    destination,
  );
}
