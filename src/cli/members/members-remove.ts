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
    .description('Remove a member from the cluster; it keeps its zones')
    .argument('<member>', MEMBER)
    .option('-y, --yes', 'do not ask for confirmation');
  guide(asksService(command), {
    details: 'To undo this, add it again with a token.',
    examples: { 'members remove ns1.example.com --yes': 'Remove it without a question, as in a script.' },
  }).action(async (name: string, options: ServiceOptions & { yes?: true }) => {
    const target = targetOf(options);
    const { id, hostname } = await memberNamed(target, name);
    await confirm(
      `${hostname} will be removed from the cluster and get no more changes. It keeps its zones.`,
      options.yes,
    );
    await askService(target, 'removemember', { member: id });
    say(options.json, { removed: hostname }, `${hostname} was removed from the cluster.\n`);
  });
}
