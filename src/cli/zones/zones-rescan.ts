import type { Command } from 'commander';
import { EXIT } from '../terminal/failure.js';
import { guide } from '../terminal/guide.js';
import { printMessage, say } from '../terminal/output.js';
import { askService, type AnswerOf } from '../service/running-service.js';
import { asksService, nameOf, targetOf, type ServiceOptions } from '../service/target.js';

const HELP = `
Edit files in FOLDER/dns-cluster/zones, then run this: changed files are checked, their serials are lifted if
you did not raise them, the nameserver loads them, and members get them. A new file becomes a zone of root.
A broken file stays as you wrote it and is not used; a missing file removes nothing anywhere.

It exits with 1 if a file was not taken, or is missing.`;
const EXAMPLES = { 'zones rescan': 'Take the edited files of the service on this machine.' };

type Result = AnswerOf<'rescanzones'>;

/** `dnscluster zones rescan`: has the running service take what was changed by hand in the zone files. */
export function zonesRescan(zones: Command): void {
  const command = zones
    .command('rescan')
    .description(
      'Take zone files that were edited by hand: check them, lift serials, load them, and send them to members',
    );
  guide(asksService(command), { details: HELP, examples: EXAMPLES }).action(run);
}

async function run(options: ServiceOptions): Promise<void> {
  const target = targetOf(options);
  if (options.json !== true) printMessage(`Reading the zone files of ${nameOf(target)} ...`);
  const found = await askService(target, 'rescanzones');
  say(options.json, found, summary(found));
  const problems = found.broken.length + found.missing.length + found.removed.length + found.strange.length;
  if (problems > 0) process.exitCode = EXIT.problems;
}

/** A heading for each kind that was found, with its zones below; the number of the others last. */
function summary({ changed, added, broken, missing, removed, strange, unchanged }: Result): string {
  const parts: [heading: string, lines: string[]][] = [
    ['Edited by hand, taken', changed.map(describe)],
    ['New, taken as zones of root', added.map(describe)],
    ['Broken, not used', broken.map(({ zone, why }) => `${zone}  ${why}`)],
    ['Missing; nothing was removed anywhere. Save the zone again, or copy its file back', missing],
    ['Not taken, because the zone was removed by a command. Save it to restore it', removed],
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
