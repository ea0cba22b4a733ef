import { Argument, type Command } from 'commander';
import { sayChange } from '../zones/change-result.js';
import { conflictsOf } from './conflicts-list.js';
import { WrongUse } from '../terminal/failure.js';
import { guide } from '../terminal/guide.js';
import { say } from '../terminal/output.js';
import { askService } from '../service/running-service.js';
import { asksService, targetOf, type ServiceOptions } from '../service/target.js';
import { confirm } from '../terminal/terminal.js';

/** `dnscluster conflicts take-over`. */
export function conflictsTakeOver(conflicts: Command): void {
  const command = conflicts
    .command('take-over')
    .description('Take a zone over: the version here goes everywhere, and the other server is refused')
    .argument('<zone>', 'name of the zone')
    .option('-y, --yes', 'do not ask for confirmation');
  guide(asksService(command), {
    details:
      'A zone that is not here yet is fetched from a member first. Remove it on the other server afterwards: nobody asks it there.',
    examples: { 'conflicts take-over example.com': 'example.com belongs to this server from now on.' },
  }).action(async (zone: string, options: ServiceOptions & { yes?: true }) => {
    const target = targetOf(options);
    await confirm(
      `${zone} will belong to this server. The version here replaces that of any other server.`,
      options.yes,
    );
    sayChange(options.json, await askService(target, 'takeoverzone', { zone }));
  });
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
