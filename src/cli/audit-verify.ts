import { join } from 'node:path';
import type { Command } from 'commander';
import { verifyAudit, type AuditVerdict } from '../operations/audit-chain.js';
import { auditFiles } from '../operations/audit-log.js';
import { folderOf, pluginFolderOf, worksOnFiles, type FolderOptions } from './data-folder.js';
import { EXIT, WrongUse } from './terminal/failure.js';
import { guide } from './terminal/guide.js';
import { say } from './terminal/output.js';

const HELP = `
Each entry of the audit log carries a hash over itself and the entry before it. An entry that was changed, inserted or
removed later breaks that chain, and the first such place is named. The service may run or not.

Whoever can write the file can also make a whole new chain, or cut off its end. So keep the hash of the last entry
elsewhere: it is in the daily summary by mail, in the log at each start, and printed here. --seen searches for it.

It exits with 1 if the chain is broken, or does not contain the hash of --seen.`;
const EXAMPLES = {
  'audit verify': 'Check the audit log of the service on this machine.',
  'audit verify --seen 5f1c…': 'Check also that it has the entry whose hash was in a mail.',
};
const HASH = /^[0-9a-f]{64}$/;
const NOT_FOUND = 'No entry has the hash of --seen: entries were cut off, or the log was rewritten.\n';

/** `dnscluster audit verify`: is the audit log as it was written? */
export function auditVerify(audit: Command): void {
  const command = audit
    .command('verify')
    .description('Check whether anybody changed the audit log')
    .option('--seen <hash>', 'the hash of an entry that must be in it');
  guide(worksOnFiles(command), { details: HELP, examples: EXAMPLES }).action(run);
}

async function run(options: FolderOptions & { seen?: string }): Promise<void> {
  const { seen, json } = options;
  if (seen !== undefined && !HASH.test(seen)) throw new WrongUse(`"${seen}" is not a hash: it has 64 hex digits.`);
  const folder = await pluginFolderOf(folderOf(options));
  const verdict = await verifyAudit(auditFiles(join(folder, 'audit.log')), seen);
  const ok = verdict.broken === undefined && verdict.found !== false;
  say(json, { ok, ...verdict }, wordsFor(verdict));
  if (!ok) process.exitCode = EXIT.problems;
}

function wordsFor({ lines, first, end, broken, found }: AuditVerdict): string {
  if (lines === 0) return `The audit log is empty.\n${found === false ? NOT_FOUND : ''}`;
  const range = `Entries ${first} to ${end.number}, the last with hash ${end.hash}.\n`;
  const place =
    broken === undefined
      ? 'Nobody changed the audit log.\n'
      : `The audit log was changed: ${broken.file}, line ${broken.line}: ${broken.why}.\n`;
  return `${range}${place}${found === false ? NOT_FOUND : ''}`;
}
