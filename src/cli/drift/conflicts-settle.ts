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
    .description(
      'Make a zone this server’s: its version goes everywhere, and what the other server sends of it is refused',
    )
    .argument('<zone>', 'its name')
    .option('-y, --yes', 'do not ask');
  guide(asksService(command), {
    details:
      'A zone that is not here yet is fetched from a member first. Delete it on the other server, or its people will see a zone that nobody asks.',
    examples: { 'conflicts take-over example.com': 'This server has example.com from now on.' },
  }).action(async (zone: string, options: ServiceOptions & { yes?: true }) => {
    const target = targetOf(options);
    await confirm(
      `${zone} belongs to this server from now on; its version replaces that of any other server, which is refused.`,
      options.yes,
    );
    sayChange(options.json, await askService(target, 'takeoverzone', { zone }));
  });
}

/** `dnscluster conflicts forget`. */
export function conflictsForget(conflicts: Command): void {
  const command = conflicts
    .command('forget')
    .description('Put a conflict away that is settled')
    .argument('<zone>', 'its name');
  guide(asksService(command), {
    details: 'It is listed again when the two servers meet again.',
    examples: { 'conflicts forget example.com': 'The zone was deleted on one of the servers.' },
  }).action(async (zone: string, options: ServiceOptions) => {
    const target = targetOf(options);
    if (!(await conflictsOf(target)).some((one) => one.zone === zone)) {
      throw new WrongUse(`There is no conflict of ${zone}. "conflicts list" names them.`);
    }
    await askService(target, 'forgetconflict', { zone });
    say(options.json, { forgotten: zone }, `The conflict of ${zone} is put away.\n`);
  });
}

const POLICIES = {
  newest: 'The later serial wins where two servers write a zone.',
  first: 'A zone that two servers write stays with the first of them.',
} as const;

/** `dnscluster conflicts policy`. */
export function conflictsPolicy(conflicts: Command): void {
  const command = conflicts
    .command('policy')
    .description('Whose version is kept where two servers write the same zone, from now on')
    .addArgument(
      new Argument('<policy>', 'the newest serial wins, or the first server keeps it').choices(Object.keys(POLICIES)),
    );
  guide(asksService(command), {
    examples: { 'conflicts policy first': 'Nobody takes a zone from the server that had it first.' },
  }).action(async (policy: keyof typeof POLICIES, options: ServiceOptions) => {
    await askService(targetOf(options), 'setconflictpolicy', { policy });
    say(options.json, { policy }, `${POLICIES[policy]}\n`);
  });
}
