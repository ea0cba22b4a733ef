import type { Command } from 'commander';
import { sayChange } from './change-result.js';
import { guide } from '../terminal/guide.js';
import { askService } from '../service/running-service.js';
import { asksService, targetOf, type ServiceOptions } from '../service/target.js';
import { confirm } from '../terminal/terminal.js';
import { waitOptions, type WaitOptions } from '../terminal/waiting.js';

type Options = ServiceOptions & WaitOptions & { yes?: true; evenOfOthers?: true; keepAtMembers?: true };

/** `dnscluster zones remove`. */
export function zonesRemove(zones: Command): void {
  const command = zones
    .command('remove')
    .description('Remove a zone, here and at the members')
    .argument('<zone>', 'name of the zone')
    .option('--even-of-others', 'also a zone that belongs to another server: only from this one')
    .option('--keep-at-members', 'only from this server: members go on, and the next server that sends it has it')
    .option('-y, --yes', 'do not ask for confirmation');
  guide(asksService(waitOptions(command)), {
    details: 'Nameservers stop answering for it at once. "zones restore" undoes it.',
    examples: { 'zones remove example.com --yes': 'Remove it without a question, as in a script.' },
  }).action(async (zone: string, options: Options) => {
    const { wait, timeout, evenOfOthers, keepAtMembers } = options;
    const target = targetOf(options);
    const what =
      keepAtMembers === true ? 'here; members keep it.' : 'here and at the members, which stop answering for it.';
    await confirm(`${zone} will be removed ${what}`, options.yes);
    const parameters = { zone, wait, timeout, even_of_others: evenOfOthers, keep_at_members: keepAtMembers };
    sayChange(options.json, await askService(target, 'removezone', parameters));
  });
}
