import type { Command } from 'commander';
import { sayChange } from './change-result.js';
import { guide } from '../terminal/guide.js';
import { askService } from '../service/running-service.js';
import { asksService, targetOf, type ServiceOptions } from '../service/target.js';
import { confirm } from '../terminal/terminal.js';
import { waitOptions, type WaitOptions } from '../terminal/waiting.js';

type Options = ServiceOptions & WaitOptions & { yes?: true; evenOfOthers?: true };

/** `dnscluster zones remove`. */
export function zonesRemove(zones: Command): void {
  const command = zones
    .command('remove')
    .description('Remove a zone, here and at the members')
    .argument('<zone>', 'its name')
    .option('--even-of-others', 'also where the zone belongs to another server: from this one alone')
    .option('-y, --yes', 'do not ask');
  guide(asksService(waitOptions(command)), {
    details: 'Nameservers stop answering for it at once. "zones restore" brings it back, with the text that it had.',
    examples: { 'zones remove example.com --yes': 'Remove it without being asked, as in a script.' },
  }).action(async (zone: string, options: Options) => {
    const { wait, timeout, evenOfOthers } = options;
    const target = targetOf(options);
    await confirm(`${zone} is removed here and at the members, and is not answered for any more.`, options.yes);
    const parameters = { zone, wait, timeout, even_of_others: evenOfOthers };
    sayChange(options.json, await askService(target, 'removezone', parameters));
  });
}
