import type { Command } from 'commander';
import { EXIT } from '../terminal/failure.js';
import { guide } from '../terminal/guide.js';
import { note, say } from '../terminal/output.js';
import { askService, type AnswerOf } from '../service/running-service.js';
import { asksService, nameOf, targetOf, type ServiceOptions } from '../service/target.js';

const HELP = `
Edit files in FOLDER/dns-cluster/zones, then run this: what changed is checked, its serial is lifted where
you did not raise it, the nameserver loads it, and members get it. A new file is taken as a zone of root's.
A broken file stays as you wrote it and is not used; a file that is gone removes nothing anywhere.

It exits with 1 where some files are not taken or missing.`;
const EXAMPLES = { 'zones rescan': 'Take what was edited in the files of the service on this machine.' };

type Result = AnswerOf<'rescanzones'>;

/** `dnscluster zones rescan`: has the running service take what was changed by hand in the zone files. */
export function zonesRescan(zones: Command): void {
  const command = zones
    .command('rescan')
    .description(
      'Take zone files that were changed by hand on disk: check them, lift serials, load them, send them to members',
    );
  guide(asksService(command), { details: HELP, examples: EXAMPLES }).action(run);
}

async function run(options: ServiceOptions): Promise<void> {
  const target = targetOf(options);
  if (options.json !== true) note(`Reading the zone files of ${nameOf(target)} ...`);
  const found = await askService(target, 'rescanzones');
  say(options.json, found, summary(found));
  const problems = found.broken.length + found.missing.length + found.removed.length + found.strange.length;
  if (problems > 0) process.exitCode = EXIT.problems;
}

/** One heading a kind that was found, with its zones below; the count of the others last. */
function summary({ changed, added, broken, missing, removed, strange, unchanged }: Result): string {
  const parts: [heading: string, lines: string[]][] = [
    ['Changed by hand, taken', changed.map(describe)],
    ['New, taken as zones of root', added.map(describe)],
    ['Broken, left as they are and not used', broken.map(({ zone, why }) => `${zone}  ${why}`)],
    ['Missing; nothing was removed anywhere: save the zone again, or copy its file back', missing],
    ['Not taken, because the zone was removed by a command: save it to bring it back', removed],
    ['Not taken, because no zone file belongs there', strange],
  ];
  const found = parts.filter(([, lines]) => lines.length > 0);
  const said = found.map(
    ([heading, lines]) => `${heading}: ${lines.length}\n${lines.map((line) => `  ${line}\n`).join('')}`,
  );
  return `${said.join('')}Unchanged: ${unchanged}\n`;
}

function describe({ zone, serial, lifted, local }: Result['changed'][number]): string {
  const place =
    local.state === 'served' ? 'served' : `waits: ${local.reason ?? 'the nameserver has not loaded it yet'}`;
  return `${zone}  serial ${serial}${lifted ? ' (lifted)' : ''}, ${place}`;
}
