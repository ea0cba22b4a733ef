import type { Command } from 'commander';
import { askService, type AnswerOf } from '../service/running-service.js';
import { asksService, targetOf, type ServiceOptions } from '../service/target.js';
import { WrongUse } from '../terminal/failure.js';
import { guide } from '../terminal/guide.js';
import { sayOutcomes } from './change-result.js';

/** Zones in one call. */
const MOST_ZONES = 256;

interface Options extends ServiceOptions {
  to: string;
  owner?: string;
}

/** `dnscluster zones hand-over`. */
export function zonesHandOver(zones: Command): void {
  const command = zones
    .command('hand-over')
    .description('Hand zones over to another server, as when an account moves there')
    .argument('[zone...]', 'their names')
    .option('--owner <account>', 'all zones of this account instead')
    .requiredOption('--to <server>', 'host name of the server to which they belong from then on');
  guide(asksService(command), {
    details: `The members serve them throughout: with this server's text until the other one has sent its own. It does that at
once if it has the zone already. Here they can't be changed any more, and removing them, as with the account, leaves
them at the members. "conflicts take-over" takes one back.

It exits with 1 where a zone was refused.`,
    examples: {
      'zones hand-over --owner ann --to web2.example.com': 'All zones of an account that moved to web2.example.com.',
      'zones hand-over a.example b.example --to web2.example.com': 'Two zones.',
    },
  }).action(async (named: string[], { to: server, owner, ...options }: Options) => {
    if (named.length > 0 === (owner !== undefined)) throw new WrongUse('Name zones, or use --owner.');
    const target = targetOf(options);
    const names = owner === undefined ? named : await ownedBy(target, owner);
    if (names.length === 0) throw new WrongUse(`${owner ?? ''} has no zones here.`);
    const outcomes: AnswerOf<'handoverzones'>['outcome'] = [];
    for (let at = 0; at < names.length; at += MOST_ZONES) {
      const zone = names.slice(at, at + MOST_ZONES);
      outcomes.push(...(await askService(target, 'handoverzones', { zone, server })).outcome);
    }
    sayOutcomes(options.json, outcomes);
  });
}

async function ownedBy(target: ReturnType<typeof targetOf>, account: string): Promise<string[]> {
  const { zone } = await askService(target, 'listzones');
  return zone.flatMap(({ domain, owner, member }) => (owner === account && member === undefined ? domain : []));
}
