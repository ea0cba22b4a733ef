import { Option, type Command } from 'commander';
import { guide } from '../terminal/guide.js';
import { membersOf, memberTable } from './member-rows.js';
import { say } from '../terminal/output.js';
import { asksService, targetOf, type ServiceOptions } from '../service/target.js';

/** `dnscluster members list`. */
export function membersList(members: Command): void {
  const command = members
    .command('list')
    .description('List the members with role, state and zones in sync')
    .addOption(new Option('--names', 'print only the host names').conflicts('json'));
  const examples = {
    'members list': 'All members.',
    'members list --names': 'One host name per line, for a loop in a shell.',
  };
  guide(asksService(command), { examples }).action(async (options: ServiceOptions & { names?: true }) => {
    const rows = await membersOf(targetOf(options));
    if (options.names === true) say(undefined, rows, rows.map(({ hostname }) => `${hostname}\n`).join(''));
    else say(options.json, rows, rows.length === 0 ? 'The cluster has no members yet.\n' : memberTable(rows));
  });
}
