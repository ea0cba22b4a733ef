import type { Command } from 'commander';
import { askService, type AnswerOf } from '../service/running-service.js';
import { asksService, targetOf, type ServiceOptions } from '../service/target.js';
import { EXIT } from '../terminal/failure.js';
import { guide } from '../terminal/guide.js';
import { say } from '../terminal/output.js';

/** Zones in one call. */
const MOST_ZONES = 256;

/** `dnscluster zones owner`. */
export function zonesOwner(zones: Command): void {
  const command = zones
    .command('owner')
    .description('Give zones to a user, who sees and changes them from then on')
    .argument('<zone...>', 'their names')
    .requiredOption('--to <user>', 'the user who is to have them');
  guide(asksService(command), {
    details: `The zones are served throughout: their texts, serials and home servers stay as they are. Their histories go
along, and the new owner can read them. A server that a user has added gets only that user's zones, and keeps
what it has of a zone that is given away.

It exits with 1 where a zone was not given.`,
    examples: {
      'zones owner a.example b.example --to ann': 'Give two zones to ann.',
      'zones list --without-owner --names | xargs dnscluster zones owner --to bob':
        'Give all zones of removed users to bob.',
    },
  }).action(async (names: string[], { to: owner, ...options }: ServiceOptions & { to: string }) => {
    const target = targetOf(options);
    const rows: AnswerOf<'setzoneowner'>['zone'] = [];
    for (let at = 0; at < names.length; at += MOST_ZONES) {
      const zone = names.slice(at, at + MOST_ZONES);
      rows.push(...(await askService(target, 'setzoneowner', { zone, owner })).zone);
    }
    const lines = rows.map(({ zone, error }) => `${zone}: ${error?.reason ?? `belongs to ${owner} now`}\n`);
    say(options.json, rows, lines.join(''));
    if (rows.some(({ error }) => error !== undefined)) process.exitCode = EXIT.problems;
  });
}
