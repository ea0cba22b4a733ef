import { Argument, type Command } from 'commander';
import { sayChange, sayOutcomes } from '../zones/change-result.js';
import { conflictsOf } from './conflicts-list.js';
import { WrongUse } from '../terminal/failure.js';
import { guide } from '../terminal/guide.js';
import { say } from '../terminal/output.js';
import { askService, type AnswerOf } from '../service/running-service.js';
import { asksService, targetOf, type ServiceOptions } from '../service/target.js';
import { confirm } from '../terminal/terminal.js';

/** Zones in one call. */
const MOST_ZONES = 256;

interface TakeOver extends ServiceOptions {
  of?: string;
  all?: true;
  plan?: true;
  yes?: true;
}

/** `dnscluster conflicts take-over`. */
export function conflictsTakeOver(conflicts: Command): void {
  const command = conflicts
    .command('take-over')
    .description('Take zones over: the versions here go everywhere, and the other server is refused')
    .argument('[zone...]', 'their names')
    .option('--of <server>', 'with --all: the zones here that belong to this server, or that it has too')
    .option('--all', 'every zone of that server')
    .option('--plan', 'only list the zones')
    .option('-y, --yes', 'do not ask for confirmation');
  guide(asksService(command), {
    details: `A zone that is named and not here yet is fetched from a member first. Remove it on the other server afterwards:
nobody asks it there. It exits with 1 if a zone was refused.`,
    examples: {
      'conflicts take-over example.com': 'example.com belongs to this server from now on.',
      'conflicts take-over --of web1.example.com --all --plan': 'Which zones of a server that is gone would be taken.',
    },
  }).action(takeOver);
}

async function takeOver(named: string[], options: TakeOver): Promise<void> {
  const { of, all = false, plan = false, json } = options;
  if (named.length > 0 ? of !== undefined || all : of === undefined || !all)
    throw new WrongUse('Name zones, or use --of SERVER --all.');
  const target = targetOf(options);
  const zones = of === undefined ? named : (await askService(target, 'takeoverzones', { of, plan: true })).zone;
  const [first = ''] = zones;
  if (plan || zones.length === 0) {
    say(json, zones, zones.length === 0 ? 'There are no such zones.\n' : zones.map((zone) => `${zone}\n`).join(''));
    return;
  }
  const which = zones.length === 1 ? first : `Each of ${zones.length} zones`;
  await confirm(
    `${which} will belong to this server. The version here replaces that of any other server.`,
    options.yes,
  );
  if (of === undefined && zones.length === 1) {
    sayChange(json, await askService(target, 'takeoverzone', { zone: first }));
    return;
  }
  const outcomes: AnswerOf<'takeoverzones'>['outcome'] = [];
  for (let at = 0; at < zones.length; at += MOST_ZONES) {
    const zone = zones.slice(at, at + MOST_ZONES);
    outcomes.push(...(await askService(target, 'takeoverzones', { zone })).outcome);
  }
  sayOutcomes(json, outcomes);
}

/** `dnscluster conflicts forget`. */
export function conflictsForget(conflicts: Command): void {
  const command = conflicts
    .command('forget')
    .description('Dismiss a conflict that is settled')
    .argument('<zone>', 'name of the zone');
  guide(asksService(command), {
    details: 'It is listed again if the two servers write the zone again.',
    examples: { 'conflicts forget example.com': 'The zone was removed on one of the servers.' },
  }).action(async (zone: string, options: ServiceOptions) => {
    const target = targetOf(options);
    if (!(await conflictsOf(target)).some((one) => one.zone === zone)) {
      throw new WrongUse(`There is no conflict of ${zone}. See "conflicts list".`);
    }
    await askService(target, 'forgetconflict', { zone });
    say(options.json, { forgotten: zone }, `The conflict of ${zone} was dismissed.\n`);
  });
}

const POLICIES = {
  newest: 'If two servers write a zone, the newest serial wins.',
  first: 'If two servers write a zone, the first server keeps it.',
} as const;

/** `dnscluster conflicts policy`. */
export function conflictsPolicy(conflicts: Command): void {
  const command = conflicts
    .command('policy')
    .description('Set whose version is kept if two servers write the same zone')
    .addArgument(
      new Argument('<policy>', 'newest: the newest serial wins; first: the first server keeps it').choices(
        Object.keys(POLICIES),
      ),
    );
  guide(asksService(command), {
    examples: { 'conflicts policy first': 'The server that had a zone first keeps it.' },
  }).action(async (policy: keyof typeof POLICIES, options: ServiceOptions) => {
    await askService(targetOf(options), 'setconflictpolicy', { policy });
    say(options.json, { policy }, `${POLICIES[policy]}\n`);
  });
}
