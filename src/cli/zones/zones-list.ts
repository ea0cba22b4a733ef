import { Option, type Command } from 'commander';
import { guide } from '../terminal/guide.js';
import { say, table } from '../terminal/output.js';
import { askService, type AnswerOf } from '../service/running-service.js';
import { asksService, targetOf, type ServiceOptions } from '../service/target.js';

type Row = AnswerOf<'listzones'>['zone'][number];

interface Options extends ServiceOptions {
  owner?: string;
  withoutOwner?: true;
  match?: string;
  elsewhere?: true;
  names?: true;
}

/** `dnscluster zones list`. */
export function zonesList(zones: Command): void {
  const command = zones
    .command('list')
    .description('List the zones of this server')
    .option('--owner <account>', 'only zones of this account')
    .option('--without-owner', 'only zones of users who are removed')
    .option('--match <text>', 'only zones whose name contains this text')
    .option('--elsewhere', 'list the zones that only members have instead')
    .addOption(new Option('--names', 'print only the names').conflicts('json'));
  guide(asksService(command), {
    examples: {
      'zones list --owner ann': 'The zones of the account ann.',
      'zones list --names': 'One name per line, for a loop in a shell.',
    },
  }).action(run);
}

async function run(options: Options): Promise<void> {
  const { owner, withoutOwner = false, match = '', elsewhere = false } = options;
  const { zone } = await askService(targetOf(options), 'listzones');
  const wanted = zone.filter(
    (row) =>
      (row.member !== undefined) === elsewhere &&
      (owner === undefined || row.owner === owner) &&
      (!withoutOwner || row.ownerRemoved === true) &&
      row.domain.includes(match.toLowerCase()),
  );
  if (options.names === true) say(undefined, undefined, wanted.map(({ domain }) => `${domain}\n`).join(''));
  else say(options.json, wanted, words(wanted, elsewhere));
}

function words(rows: readonly Row[], elsewhere: boolean): string {
  if (rows.length === 0) return 'There are no such zones.\n';
  if (elsewhere)
    return table(
      ['ZONE', 'AT'],
      rows.map(({ domain, member = '' }) => [domain, member]),
    );
  return table(
    ['ZONE', 'SERIAL', 'OWNER', 'CHANGED'],
    rows.map(({ domain, serial = '', owner = '', ownerRemoved, modified }) => [
      ...[domain, serial],
      ownerRemoved === true ? `${owner} (removed)` : owner,
      timeOf(modified),
    ]),
  );
}

/** In UTC, to the second. */
function timeOf(milliseconds: number | undefined): string {
  if (milliseconds === undefined) return '';
  return `${new Date(milliseconds).toISOString().slice(0, 19).replace('T', ' ')}Z`;
}
