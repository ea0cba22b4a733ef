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
    .addArgument(new Argument('<role>', 'what it is for').choices(ROLES));
  guide(asksService(command), {
    details: `standalone: nothing is sent to it, it is asked for zones. sync: every change is sent to it, and it is asked for zones.
write-only: every change is sent to it, and it is never asked.`,
    examples: { 'members role ns1.example.com write-only': 'Send ns1 every change, and never ask it.' },
  }).action(async (name: string, role: string, options: ServiceOptions) => {
    const target = targetOf(options);
    const { id } = await memberNamed(target, name);
    const row = await askService(target, 'setmemberrole', { member: id, role });
    say(options.json, row, `${row.hostname} has the role ${row.role}.\n`);
  });
}
