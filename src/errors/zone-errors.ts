import type { ErrorKind } from './error-kind.js';

/** Of zones: their names, their text, and files on disk. */
export const ZONE_ERRORS = {
  zone_name_invalid: {
    status: 422,
    sentence: ({ name, why }: { name: string; why: string }) =>
      `"${name}" is not a zone name: ${why}. Use a domain name such as example.com.`,
  },
  zone_invalid: {
    status: 422,
    sentence: ({ zone, first }: { zone: string; first: string }) =>
      `Zone ${zone} was refused and nothing was changed: ${first}`,
  },
  zone_unknown: {
    status: 404,
    sentence: ({ zone }: { zone: string }) =>
      `Zone ${zone} is not on this server. Check the name in the list of zones.`,
  },
  zone_exists: {
    status: 409,
    sentence: ({ zone, where = 'this server' }: { zone: string; where?: string }) =>
      `Zone ${zone} already exists on ${where}. Edit it, or remove it first.`,
  },
  name_not_permitted: {
    status: 403,
    sentence: ({ zone, rule }: { zone: string; rule: string }) =>
      `Your account may not have the zone ${zone}: ${rule}. Ask an administrator to create it, or to allow it to you.`,
  },
  zone_shadows: {
    status: 403,
    sentence: ({ zone, other }: { zone: string; other: string }) =>
      `Zone ${zone} overlaps ${other}, which belongs to another account. Ask an administrator to create it.`,
  },
  zone_not_yours: {
    status: 403,
    sentence: ({ zone }: { zone: string }) =>
      `Zone ${zone} belongs to another account. Ask an administrator to change it.`,
  },
  zone_taken_over: {
    status: 409,
    sentence: ({ zone, server, other }: { zone: string; server: string; other: string }) =>
      `Zone ${zone} was taken over by ${server}, so the older version from ${other} was refused. Delete it on ${other}, or take it over there.`,
  },
  zone_of_other_server: {
    status: 409,
    sentence: ({ zone, server, serial, other }: { zone: string; server: string; serial: number; other: string }) =>
      `Zone ${zone} belongs to ${server} (serial ${serial}), so ${other} can't replace it. Keep it on one of them: delete it on the other, or take it over there.`,
  },
  zone_not_removed: {
    status: 409,
    sentence: ({ zone, server }: { zone: string; server: string }) =>
      `Zone ${zone} belongs to ${server} and was not removed. Remove it there, or take it over first.`,
  },
  zone_left: {
    status: 409,
    sentence: ({ zone, server }: { zone: string; server: string }) =>
      `Zone ${zone} was handed over to ${server}. Change it there, or take it over here first.`,
  },
  zone_not_here: {
    status: 409,
    sentence: ({ zone, server }: { zone: string; server: string }) =>
      `Zone ${zone} belongs to ${server} and can't be handed over from here. Hand it over there, or take it over first.`,
  },
  server_unknown: {
    status: 404,
    sentence: ({ server }: { server: string }) =>
      `No member knows a server named ${server}, so nothing was handed over. Check the host name, and that the server has the same members as this one.`,
  },
  zone_epoch_ahead: {
    status: 409,
    sentence: ({ zone, server, epoch, most }: Record<'zone' | 'server', string> & Record<'epoch' | 'most', number>) =>
      `${server} claims zone ${zone} with the epoch ${epoch}; at most ${most} is plausible here, so it was refused. Look at that server, and take the zone over where it is to be.`,
  },
  zone_set_back: {
    status: 409,
    // `serial` and `digest` are of the version that is kept: the wire tells them to who sent the older one.
    sentence: ({
      zone,
      given,
      server,
    }: Record<'zone' | 'server' | 'digest', string> & Record<'given' | 'serial', number>) =>
      `${server} sent serial ${given} of ${zone} before and does not know of it now: it was set back to an older state, or a second server runs under its name. Nothing was changed. On ${server}, under Drift and conflicts, take the later version or send its own.`,
  },
  zone_removed_before: {
    status: 409,
    sentence: ({ zone, user, time, serial }: { zone: string; user: string; time: string; serial: number }) =>
      `Zone ${zone} was removed by ${user} at ${time} with serial ${serial}, and this version is not newer. Delete it on the server that sent it, or save it with a higher serial to restore it.`,
  },
  zone_refused: {
    status: 422,
    sentence: ({ zone, why }: { zone: string; why: string }) =>
      `The nameserver refused zone ${zone}, and the previous version was put back: ${why}`,
  },
  zone_file_refused: {
    status: 422,
    sentence: ({ zone, why }: { zone: string; why: string }) =>
      `The nameserver refused the file of zone ${zone}, which was edited by hand (${why}). This server no longer has the text before, so the file stays as it is and the nameserver keeps what it has. Repair the file and rescan, or save the zone again.`,
  },
  zone_too_large: {
    status: 413,
    sentence: ({ zone, limit }: { zone: string; limit: number }) =>
      `Zone ${zone} is larger than ${limit} octets and was not read. Split it into several zones.`,
  },
  zones_not_written: {
    status: 507,
    sentence: ({ why }: { why: string }) =>
      `The disk of this server refused the change (${why}), and nothing was changed. Make room or repair the disk, then save again.`,
  },
  template_unknown: {
    status: 422,
    sentence: ({ template, known }: { template: string; known: string }) =>
      `There is no zone template "${template}". There are: ${known}.`,
  },
  template_variable: {
    status: 422,
    sentence: ({ template, variable, why }: { template: string; variable: string; why: string }) =>
      `The zone template ${template} needs the variable ${variable}: ${why}.`,
  },
  version_unknown: {
    status: 404,
    sentence: ({ zone }: { zone: string }) =>
      `That version of ${zone} is no longer kept. The history of the zone lists those that are.`,
  },
  history_unreadable: {
    status: 500,
    sentence: ({ zone, why }: { zone: string; why: string }) =>
      `The history of ${zone} cannot be read (${why}). Repair the disk, or give the file to the user of the service.`,
  },
  record_changed: {
    status: 409,
    sentence: ({ zone }: { zone: string }) =>
      `Zone ${zone} was changed by somebody else after you opened this page, so nothing was done. Open its records again.`,
  },
  zone_file_sound: {
    status: 409,
    sentence: ({ zone }: { zone: string }) => `The file of ${zone} is in order, so there is nothing to restore.`,
  },
  zone_held_there: {
    status: 503,
    sentence: ({ member, zone }: { member: string; zone: string }) =>
      `${member} holds the lost version of ${zone} but does not answer. Restore the file when it answers again. If it never will, save an older version from the zone's history.`,
  },
  zone_not_kept: {
    status: 404,
    sentence: ({ zone }: { zone: string }) =>
      `The text of ${zone} is not kept, so it can't be restored. Create it again, or synchronize it from a server that still has it.`,
  },
} satisfies Record<string, ErrorKind>;
