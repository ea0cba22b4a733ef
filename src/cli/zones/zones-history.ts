import type { Command } from 'commander';
import { guide } from '../terminal/guide.js';
import { say, table } from '../terminal/output.js';
import { askService, type AnswerOf } from '../service/running-service.js';
import { asksService, targetOf, type ServiceOptions } from '../service/target.js';

type Row = AnswerOf<'listzonehistory'>['version'][number];

/** `dnscluster zones history`. */
export function zonesHistory(zones: Command): void {
  const command = zones
    .command('history')
    .description('List the changes of a zone, the newest first')
    .argument('<zone>', 'name of the zone');
  guide(asksService(command), {
    details: `The last 50 are kept. "zones show ZONE --at TIME" prints the version before the change at that time. Save it again to
restore it; it gets a serial above the present one.`,
    examples: {
      'zones history example.com': 'When it was changed, and by whom.',
      'zones show example.com --at 2026-11-28T10:00:00.000Z | dnscluster zones save example.com -':
        'Undo the change of that time.',
    },
  }).action(async (zone: string, options: ServiceOptions) => {
    const { version: rows } = await askService(targetOf(options), 'listzonehistory', { zone });
    const lines = rows.map(({ time, user, via, ...ended }) => [...[time, `${user} (${via})`], changeOf(ended)]);
    const list = table(['TIME', 'BY', 'CHANGE'], lines);
    say(options.json, rows, list === '' ? `${zone} has no recorded changes.\n` : list);
  });
}

function changeOf({ change, serial, newSerial, newOwner }: Omit<Row, 'time' | 'user' | 'via'>): string {
  if (change === 'given') return `given to ${newOwner ?? 'another user'} at serial ${serial}`;
  return change === 'removed' ? `removed at serial ${serial}` : `serial ${serial} to ${newSerial ?? 'a later one'}`;
}
