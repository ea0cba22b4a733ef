import type { ErrorKind } from './error-kind.js';

/** Errors whose sentences callers of WHM API 1 know, and compare with: they stay literally so. */
export const WHM_ERRORS = {
  function_unknown: {
    status: 404,
    sentence: (f) => `Unknown app ("${f['function'] ?? ''}") requested for this version (1) of the API.`,
  },
  zone_to_dump_missing: { status: 400, sentence: () => 'You must specify a zone to dump.' },
  zone_nonexistent: { status: 404, sentence: () => 'Zone does not exist.' },
  dns_entry_exists: {
    status: 409,
    sentence: (f) => `Sorry, a DNS entry for ${f['zone'] ?? ''} already exists`,
  },
  zone_file_changed: { status: 409, sentence: () => 'Zone file changed since last read.' },
  serial_mismatch: {
    status: 409,
    sentence: (f) =>
      `The given serial number (${f['given'] ?? ''}) does not match the serial number of DNS zone ${f['zone'] ?? ''} (${f['serial'] ?? ''}), and nothing was changed. Read the zone again, then send the edit again.`,
  },
} satisfies Record<string, ErrorKind>;
