import type { ErrorKind } from './error-kind.js';

/** Of zones: their names, their text, and files on disk. */
export const ZONE_ERRORS = {
  zone_name_invalid: {
    status: 422,
    sentence: (f) =>
      `"${f['name'] ?? ''}" is not a zone name: ${f['why'] ?? ''}. Use a domain name such as example.com.`,
  },
  zone_invalid: {
    status: 422,
    sentence: (f) => `Zone ${f['zone'] ?? ''} was refused and nothing was changed: ${f['first'] ?? ''}`,
  },
  zone_unknown: {
    status: 404,
    sentence: (f) => `Zone ${f['zone'] ?? ''} is not on this server. Check the name in the list of zones.`,
  },
  zone_exists: {
    status: 409,
    sentence: (f) =>
      `Zone ${f['zone'] ?? ''} already exists on ${f['where'] ?? 'this server'}. Edit it, or remove it first.`,
  },
  zone_shadows: {
    status: 403,
    sentence: (f) =>
      `Zone ${f['zone'] ?? ''} would take names away from ${f['other'] ?? ''}, which belongs to another account. Ask the administrator to make it.`,
  },
  zone_not_yours: {
    status: 403,
    sentence: (f) => `Zone ${f['zone'] ?? ''} belongs to another account. Ask the administrator to change it.`,
  },
  zone_taken_over: {
    status: 409,
    sentence: (f) =>
      `Zone ${f['zone'] ?? ''} was taken over by ${f['server'] ?? ''}; what ${f['other'] ?? ''} sends of it is from before and is refused. Delete it on ${f['other'] ?? ''}, or take it over there.`,
  },
  zone_of_other_server: {
    status: 409,
    sentence: (f) =>
      `Zone ${f['zone'] ?? ''} belongs to ${f['server'] ?? ''} (serial ${f['serial'] ?? ''}), so ${f['other'] ?? ''} can't replace it. Keep it on one of them: delete it on the other, or take it over there.`,
  },
  zone_not_removed: {
    status: 409,
    sentence: (f) =>
      `Zone ${f['zone'] ?? ''} belongs to ${f['server'] ?? ''} and was not removed. Remove it there, or take it over first.`,
  },
  zone_set_back: {
    status: 409,
    sentence: (f) =>
      `Serial ${f['given'] ?? ''} of ${f['zone'] ?? ''} came from ${f['server'] ?? ''} before, which does not know of it: it was set back to an older state, or a second server runs under its name. Nothing was changed. Decide on ${f['server'] ?? ''} under Drift and conflicts: take the later version, or send its own.`,
  },
  zone_removed_before: {
    status: 409,
    sentence: (f) =>
      `Zone ${f['zone'] ?? ''} was removed by ${f['user'] ?? ''} at ${f['time'] ?? ''} with serial ${f['serial'] ?? ''}, and this version is not newer. Delete it where it came from; to bring it back, save it with a serial above that.`,
  },
  zone_refused: {
    status: 422,
    sentence: (f) =>
      `The nameserver refused zone ${f['zone'] ?? ''}, and the previous version was put back: ${f['why'] ?? ''}`,
  },
  zone_file_refused: {
    status: 422,
    sentence: (f) =>
      `The nameserver refused the file of zone ${f['zone'] ?? ''}, which was changed by hand. The text before is not on this server: the file stays as it is, and the nameserver keeps what it has (${f['why'] ?? ''}). Repair the file and rescan, or save the zone again.`,
  },
  zone_too_large: {
    status: 413,
    sentence: (f) => `Zone ${f['zone'] ?? ''} is larger than ${f['limit'] ?? ''} octets and was not read. Split it.`,
  },
  zones_not_written: {
    status: 507,
    sentence: (f) =>
      `The disk of this server refused the change (${f['why'] ?? ''}), and nothing was changed. Make room or repair it, then save again.`,
  },
  template_unknown: {
    status: 422,
    sentence: (f) => `There is no zone template "${f['template'] ?? ''}". There are: ${f['known'] ?? ''}.`,
  },
  template_variable: {
    status: 422,
    sentence: (f) =>
      `The zone template ${f['template'] ?? ''} needs the variable ${f['variable'] ?? ''}: ${f['why'] ?? ''}.`,
  },
  version_unknown: {
    status: 404,
    sentence: (f) =>
      `That version of ${f['zone'] ?? ''} is not kept any more. Look in the zone's history for those that are.`,
  },
  record_changed: {
    status: 409,
    sentence: (f) =>
      `Zone ${f['zone'] ?? ''} was changed by somebody else after you opened this page, so nothing was done. Look at its records again.`,
  },
  zone_file_sound: {
    status: 409,
    sentence: (f) => `The file of ${f['zone'] ?? ''} is as it should be, so there is nothing to bring back.`,
  },
  zone_held_there: {
    status: 503,
    sentence: (f) =>
      `${f['member'] ?? ''} has the version of ${f['zone'] ?? ''} that was lost, and does not answer. Bring the file back when it does. If it never will, save an older version from the zone's history.`,
  },
  zone_not_kept: {
    status: 404,
    sentence: (f) =>
      `The text of ${f['zone'] ?? ''} is not kept, so it can't be brought back. Create it anew, or synchronize it from a server that still has it.`,
  },
} satisfies Record<string, ErrorKind>;
