import type { Command } from 'commander';
import { restoreFolder } from '../backup/restore-folder.js';
import { folderOf, isThere, worksOnFiles, type FolderOptions } from './data-folder.js';
import { WrongUse } from './terminal/failure.js';
import { guide } from './terminal/guide.js';
import { printMessage, say } from './terminal/output.js';

const HELP = `
Stop the service first. The whole archive is compared with its manifest before anything is touched. If the folder holds
data, nothing is done without --force; with it, the old data is set aside inside the folder.

Then start the service, and run "drift check" before you change anything: it lists copies at members that are newer than
the backup's, and zones that were created since as extra. Both can be taken ("drift take"). Zones that were removed
since the backup are here again; members with this software refuse them and say so. Remove them once more.

It exits with 1 if the service runs, the folder holds data, or the archive was changed.`;
const EXAMPLES = {
  'restore /root/dns-cluster.tar.gz': 'After a disk was lost: restore into the empty folder of the service.',
  'restore /root/dns-cluster.tar.gz --force': 'Replace the present data, which is set aside.',
};

/** `dnscluster restore FILE`: a folder as a backup has it. */
export function restore(program: Command): void {
  const command = program
    .command('restore <file>')
    .description('Restore a backup into the folder of a service that is stopped')
    .option('--force', 'also if the folder holds data, which is set aside');
  guide(worksOnFiles(command), { details: HELP, examples: EXAMPLES }).action(run);
}

async function run(file: string, options: FolderOptions & { force?: true }): Promise<void> {
  const folder = folderOf(options);
  if (!(await isThere(file))) throw new WrongUse(`There is no file ${file}.`);
  if (options.json !== true) printMessage(`Restoring ${file} into ${folder} ...`);
  const { manifest, setAside } = await restoreFolder(file, folder, { force: options.force === true });
  const { made, files } = manifest;
  const aside = setAside.map((path) => `The old data is in ${path}.\n`).join('');
  say(
    options.json,
    { folder, made, files: files.length, setAside },
    `${folder} is as it was at ${made} (${files.length} files).\n${aside}Start the service, run "drift check", and take newer copies from members before you change anything.\n`,
  );
}
