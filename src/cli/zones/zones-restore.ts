import type { Command } from 'commander';
import { timeAgo } from '../../presentation/words.js';
import { sayChange } from './change-result.js';
import { guide } from '../terminal/guide.js';
import { say, table } from '../terminal/output.js';
import { askService } from '../service/running-service.js';
import { asksService, targetOf, type ServiceOptions } from '../service/target.js';
import { waitOptions, type WaitOptions } from '../terminal/waiting.js';

/** `dnscluster zones removed`. */
export function zonesRemoved(zones: Command): void {
  const command = zones.command('removed').description('List zones that were removed here, the newest first');
  guide(asksService(command), { examples: { 'zones removed': 'What "zones restore" can restore.' } }).action(
    async (options: ServiceOptions) => {
      const { zone: rows } = await askService(targetOf(options), 'listremovedzones');
      const lines = rows.map(({ zone, serial, removedAt, user }) => [zone, serial, timeAgo(removedAt), user]);
      const list = table(['ZONE', 'SERIAL', 'REMOVED', 'BY'], lines);
      say(options.json, rows, list === '' ? 'No zone was removed here.\n' : list);
    },
  );
}

/** `dnscluster zones restore`. */
export function zonesRestore(zones: Command): void {
  const command = zones
    .command('restore')
    .description('Restore a removed zone, to its owner, with a serial above any that was served')
    .argument('<zone>', 'name of the zone');
  guide(asksService(waitOptions(command)), {
    examples: { 'zones restore example.com': 'Restore it, here and at the members.' },
  }).action(async (zone: string, options: ServiceOptions & WaitOptions) => {
    const { wait, timeout } = options;
    sayChange(options.json, await askService(targetOf(options), 'restorezone', { zone, wait, timeout }));
  });
}
