import { dirname } from 'node:path';
import type { Command } from 'commander';
import { FolderLock } from '../state/folder-lock.js';
import { StateRecord } from '../state/state-record.js';
import { isThere, stateFileIn, folderOf, worksOnFiles, type FolderOptions } from './data-folder.js';
import { WrongUse } from './terminal/failure.js';
import { guide } from './terminal/guide.js';
import { say } from './terminal/output.js';
import { confirm } from './terminal/terminal.js';

const HELP = `
Stop the service first. A state file that is lost together with its copy is never taken for an empty one: the server
answers DNS and refuses changes, until a backup is restored or you say here that you begin without what was in the file.

It exits with 1 if the service runs, and with 2 if the file is not lost.`;
const EXAMPLES = {
  'state forget cluster.json': 'Begin without the members and settings that were in it.',
  'state forget tokens.json --yes': 'Without a question, as in a script.',
};

/** `dnscluster state forget FILE`: begins without what was in a lost state file. */
export function stateForget(state: Command): void {
  const command = state
    .command('forget <file>')
    .description('Begin without what was in a state file that is lost')
    .option('-y, --yes', 'do not ask for confirmation');
  guide(worksOnFiles(command), { details: HELP, examples: EXAMPLES }).action(run);
}

async function run(name: string, options: FolderOptions & { yes?: true }): Promise<void> {
  const file = await stateFileIn(folderOf(options), name);
  if ((await isThere(file)) || (await isThere(`${file}.bak`)))
    throw new WrongUse(`${file} or its copy is there, so it is not lost. Start the service: it says what it finds.`);
  const folder = dirname(file);
  const record = await StateRecord.read(folder);
  if (!record.has('made', name)) throw new WrongUse(`There never was a state file ${file}.`);
  await confirm(`What was in ${file} is given up for good.`, options.yes);
  const lock = await FolderLock.take(folder);
  try {
    await record.set('made', [name], false);
  } finally {
    await lock.release();
  }
  say(options.json, { forgotten: file }, `${file} begins anew when the service starts.\n`);
}
