import { join, resolve, sep } from 'node:path';
import type { Command } from 'commander';
import { layoutOf } from '../backup/backed-up-files.js';
import { writeBackup } from '../backup/write-backup.js';
import { folderOf, isThere, pluginFolderOf, worksOnFiles, type FolderOptions } from './data-folder.js';
import { WrongUse } from './terminal/failure.js';
import { guide } from './terminal/guide.js';
import { holdFiles } from './held-files.js';
import { printMessage, say } from './terminal/output.js';

const HELP = `
Everything that the server keeps goes into one archive (tar, gzip) with a manifest of SHA-256 hashes: zones and their
history, members, settings, hashes of tokens, users, certificate, audit log. The service may run and change zones
meanwhile; the archive has what the server held when the backup was finished.

The file holds the server's keys and the tokens of its members, so it has mode 0600. Keep it safe, on another machine.
The configuration of dnscluster serve is not in it.`;
const EXAMPLES = {
  'backup /root/dns-cluster.tar.gz': 'Back up the service on this machine.',
  'backup web.tar.gz --folder /srv/web --force': 'Back up another service, and replace an earlier backup.',
};

/** `dnscluster backup FILE`: everything that a server keeps, in one file. */
export function backup(program: Command): void {
  const command = program
    .command('backup <file>')
    .description('Back up everything that this server keeps, while it runs')
    .option('--force', 'replace an existing file');
  guide(worksOnFiles(command), { details: HELP, examples: EXAMPLES }).action(run);
}

async function run(file: string, options: FolderOptions & { force?: true }): Promise<void> {
  const folder = folderOf(options);
  const plugin = await pluginFolderOf(folder);
  const path = resolve(file);
  if (`${path}${sep}`.startsWith(`${resolve(folder)}${sep}`)) {
    throw new WrongUse(
      `${file} would be inside the folder that is backed up, and be lost with it. Name a file elsewhere.`,
    );
  }
  if (options.force !== true && (await isThere(path))) {
    throw new WrongUse(`${file} already exists. Name another file, or replace it with --force.`);
  }
  const held = await holdFiles(plugin);
  try {
    if (options.json !== true) printMessage(`Backing up ${folder}${held.running ? ', whose service runs' : ''} ...`);
    const layout = plugin === join(folder) ? 'plugin' : await layoutOf(folder);
    const { files, made } = await writeBackup(path, { folder, layout, signal: held.signal });
    const octets = files.reduce((sum, { size }) => sum + size, 0);
    const zones = files.filter(({ path: kept }) => /(^|\/)zones\/[0-9a-f]{2}\/[^/]+$/.test(kept)).length;
    const result = { file: path, made, running: held.running, files: files.length, zones, octets };
    say(options.json, result, `${file}: ${zones} zones, ${files.length} files, ${octets} octets.\n`);
  } finally {
    await held.release();
  }
}
