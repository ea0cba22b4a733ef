import type { ErrorKind } from './error-kind.js';

/** Errors whose sentences callers of WHM API 1 know, and compare with: they stay literally so. */
export const WHM_ERRORS = {
  function_unknown: {
    status: 404,
    sentence: ({ name }: { name: string }) => `Unknown app ("${name}") requested for this version (1) of the API.`,
  },
  zone_to_dump_missing: { status: 400, sentence: () => 'You must specify a zone to dump.' },
  zone_nonexistent: { status: 404, sentence: () => 'Zone does not exist.' },
  dns_entry_exists: {
    status: 409,
    sentence: ({ zone }: { zone: string }) => `Sorry, a DNS entry for ${zone} already exists`,
  },
  zone_file_changed: { status: 409, sentence: () => 'Zone file changed since last read.' },
  serial_mismatch: {
    status: 409,
    sentence: ({ given, zone, serial }: { given: number; zone: string; serial: number }) =>
      `The given serial number (${given}) does not match the serial number of DNS zone ${zone} (${serial}), and nothing was changed. Read the zone again, then send the edit again.`,
  },
} satisfies Record<string, ErrorKind>;
