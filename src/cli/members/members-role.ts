import { Argument, type Command } from 'commander';
import { guide } from '../terminal/guide.js';
import { MEMBER, memberNamed, ROLES } from './member-rows.js';
import { say } from '../terminal/output.js';
import { askService } from '../service/running-service.js';
import { asksService, targetOf, type ServiceOptions } from '../service/target.js';

/** `dnscluster members role`. */
export function membersRole(members: Command): void {
  const command = members
    .command('role')
    .description('Change the DNS role of a member')
    .argument('<member>', MEMBER)
    .addArgument(new Argument('<role>', 'the new role').choices(ROLES));
  guide(asksService(command), {
    details: `standalone: it gets no changes, and is asked for zones. sync: it gets every change, and is asked for zones.
write-only: it gets every change, and is never asked.`,
    examples: { 'members role ns1.example.com write-only': 'Send ns1 every change, and never ask it for zones.' },
  }).action(async (name: string, role: string, options: ServiceOptions) => {
    const target = targetOf(options);
    const { id } = await memberNamed(target, name);
    const row = await askService(target, 'setmemberrole', { member: id, role });
    say(options.json, row, `${row.hostname} now has the role ${row.role}.\n`);
  });
}
