import type { Command } from 'commander';
import { guide } from './guide.js';
import { membersOf, memberTable } from './member-rows.js';
import { say } from './output.js';
import { asksService, targetOf, type ServiceOptions } from './target.js';

/** `dnscluster members list`. */
export function membersList(members: Command): void {
  const command = members.command('list').description('The members with role, state and how far their zones are');
  guide(asksService(command), { examples: { 'members list': 'All members.' } }).action(
    async (options: ServiceOptions) => {
      const rows = await membersOf(targetOf(options));
      say(options.json, rows, rows.length === 0 ? 'The cluster has no members yet.\n' : memberTable(rows));
    },
  );
}
