import { basename } from 'node:path';
import type { ErrorKind } from './error-kind.js';

/** Of the service that `dnscluster serve` runs, and of its configuration. */
export const SERVICE_ERRORS = {
  configuration_unreadable: {
    status: 500,
    sentence: ({ file, why }: { file: string; why: string }) =>
      `The configuration ${file} cannot be read: ${why}. Repair it, or name another file with --config.`,
  },
  configuration_invalid: {
    status: 500,
    sentence: ({ file, faults }: { file: string; faults: string }) =>
      `The configuration ${file} is wrong at ${faults}. Correct that and start again.`,
  },
  folder_unusable: {
    status: 500,
    sentence: ({ folder, why }: { folder: string; why: string }) =>
      `The data folder ${folder} cannot be used by this user: ${why}. Give it to the user of the service, or name another one.`,
  },
  zone_folder_linked: {
    status: 500,
    sentence: ({ path }: { path: string }) =>
      `${path} is a symbolic link, and links are not followed among the zone files. Put the folder itself there and start again.`,
  },
  certificate_unusable: {
    status: 500,
    sentence: ({ certificate, key, why }: { certificate: string; key: string; why: string }) =>
      `The certificate ${certificate} with the key ${key} cannot be used: ${why}. ` +
      'Give PEM files that belong together and that the service can read. Without any, it makes its own.',
  },
  own_certificate_damaged: {
    status: 500,
    sentence: ({ folder, why }: { folder: string; why: string }) =>
      `The certificate that this server made for itself in ${folder} is damaged (${why}), so it did not start. Put it back from a backup. ` +
      'Or delete the folder: a new one is made at the next start, and must be accepted on every server that has this one as a member.',
  },
  folder_half_restored: {
    status: 503,
    sentence: ({ folder }: { folder: string }) =>
      `A restore into ${folder} was begun and not finished, so no service starts there. Run dnscluster restore again with the same file.`,
  },
  folder_not_empty: {
    status: 409,
    sentence: ({ folder, held }: { folder: string; held: string }) =>
      `${folder} holds data already (${held}), so nothing was restored. With --force it is set aside in that folder, and the backup takes its place.`,
  },
  backup_unusable: {
    status: 422,
    sentence: ({ file, why }: { file: string; why: string }) =>
      `${file} can't be used as a backup: ${why}. Nothing was changed. Use another one.`,
  },
  backup_of_other: {
    status: 422,
    sentence: ({ folder, layout }: { folder: string; layout: string }) =>
      `The backup is of ${layout === 'node' ? 'a node with its panel and users' : "a plugin's folder in another panel"}, and ${folder} is not, so nothing was restored. Name the right folder with --folder.`,
  },
  folder_full: {
    status: 507,
    sentence: ({ folder }: { folder: string }) =>
      `There is no room in ${folder} to repair what a crash left half done, so this server did not start. Nothing is lost: make room and start it again.`,
  },
  state_lost: {
    status: 503,
    sentence: ({ file }: { file: string }) =>
      `${file} and its copy are lost, so nothing was changed; DNS is answered as before. Stop this server and restore a backup (dnscluster restore). ` +
      `To begin without what was in it, run: dnscluster state forget ${basename(file)}`,
  },
  state_not_written: {
    status: 507,
    sentence: ({ file, why }: { file: string; why: string }) =>
      `The disk of this server refused the change of ${file} (${why}), and nothing was changed. Make room or repair the disk, then try again.`,
  },
} satisfies Record<string, ErrorKind>;
