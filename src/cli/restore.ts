import type { Command } from 'commander';
import { restoreFolder } from '../backup/restore-folder.js';
import { folderOf, isThere, worksOnFiles, type FolderOptions } from './data-folder.js';
import { WrongUse } from './terminal/failure.js';
import { guide } from './terminal/guide.js';
import { note, say } from './terminal/output.js';

const HELP = `
Stop the service first. The whole archive is compared with its manifest before anything is touched. Where the folder holds data, nothing
is done without --force; with it, what was there is set aside inside the folder.

Start the service then, and look for drift before anything is changed (Drift and conflicts, or checkdrift in the API): a member's copy
that is newer than the backup's is listed there, to be taken. Zones that were made since are listed as extra, and can be taken, too. What
was removed since the backup is here again: members of this software refuse it and say so, so remove it once more.

It exits with 1 where the service runs, the folder holds data, or the archive is not as it was written.`;
const EXAMPLES = {
  'restore /root/dns-cluster.tar.gz': 'After a disk was lost: into the empty folder of the service.',
  'restore /root/dns-cluster.tar.gz --force': 'In place of what is there, which is set aside.',
};

/** `dnscluster restore FILE`: a folder as a backup has it. */
export function restore(program: Command): void {
  const command = program
    .command('restore <file>')
    .description('Restore a backup into the folder of a service that is stopped')
    .option('--force', 'also where the folder holds data, which is set aside');
  guide(worksOnFiles(command), { details: HELP, examples: EXAMPLES }).action(run);
}

async function run(file: string, options: FolderOptions & { force?: true }): Promise<void> {
  const folder = folderOf(options);
  if (!(await isThere(file))) throw new WrongUse(`There is no file ${file}.`);
  if (options.json !== true) note(`Restoring ${file} into ${folder} ...`);
  const { manifest, setAside } = await restoreFolder(file, folder, { force: options.force === true });
  const { made, files } = manifest;
  const aside = setAside.map((path) => `What was there lies in ${path}.\n`).join('');
  say(
    options.json,
    { folder, made, files: files.length, setAside },
    `${folder} is as it was at ${made} (${files.length} files).\n${aside}Start the service, look for drift, and take the newer copies that members have before anything is changed.\n`,
  );
}
