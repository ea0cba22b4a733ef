import type { Command } from 'commander';
import { driftTable, isResolved } from './drift-rows.js';
import { EXIT } from '../terminal/failure.js';
import { guide } from '../terminal/guide.js';
import { MEMBER, memberNamed, membersOf } from '../members/member-rows.js';
import { say } from '../terminal/output.js';
import { askService } from '../service/running-service.js';
import { asksService, targetOf, type ServiceOptions } from '../service/target.js';

/** `dnscluster drift list`. */
export function driftList(drift: Command): void {
  const command = drift
    .command('list')
    .description('List how members differed from what they should hold at the last check')
    .option('--member <member>', `only this one: ${MEMBER}`);
  guide(asksService(command), {
    details: `Members are checked once an hour, and by "drift check". Missing and stale zones are sent again automatically. It exits
with 1 if a difference needs a decision, or a member could not be compared in full.`,
    examples: {
      'drift list': 'All members.',
      'drift list --member ns1.example.com --json': 'One member, for a script.',
    },
  }).action(async ({ member, ...options }: ServiceOptions & { member?: string }) => {
    const target = targetOf(options);
    const wanted = member === undefined ? await membersOf(target) : [await memberNamed(target, member)];
    const { report } = await askService(target, 'listdrift');
    const shown = report.filter((one) => wanted.some(({ id }) => id === one.member));
    const unseen = wanted.filter(({ id, role }) => role !== 'standalone' && !shown.some((one) => one.member === id));
    const waiting = unseen.map(
      ({ hostname }) => `${hostname} was not checked yet: run dnscluster drift check ${hostname}\n`,
    );
    const words = `${driftTable(shown)}${waiting.join('')}`;
    say(options.json, shown, words === '' ? 'Zones are sent to no member.\n' : words);
    if (!shown.every(isResolved)) process.exitCode = EXIT.problems;
  });
}
