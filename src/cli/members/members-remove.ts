import type { Command } from 'commander';
import { guide } from '../terminal/guide.js';
import { MEMBER, memberNamed } from './member-rows.js';
import { say } from '../terminal/output.js';
import { askService } from '../service/running-service.js';
import { asksService, targetOf, type ServiceOptions } from '../service/target.js';
import { confirm } from '../terminal/terminal.js';

/** `dnscluster members remove`. */
export function membersRemove(members: Command): void {
  const command = members
    .command('remove')
    .description('Delete a member from the cluster; its zones stay there')
    .argument('<member>', MEMBER)
    .option('-y, --yes', 'do not ask');
  guide(asksService(command), {
    details: 'To have it again, it must be added again, with a token.',
    examples: { 'members remove ns1.example.com --yes': 'Delete it without being asked, as in a script.' },
  }).action(async (name: string, options: ServiceOptions & { yes?: true }) => {
    const target = targetOf(options);
    const { id, hostname } = await memberNamed(target, name);
    await confirm(
      `${hostname} is deleted from the cluster and gets no changes any more; its zones stay there.`,
      options.yes,
    );
    await askService(target, 'removemember', { member: id });
    say(options.json, { removed: hostname }, `${hostname} is deleted from the cluster.\n`);
  });
}
