import type { Command } from 'commander';
import { driftTable, isResolved } from './drift-rows.js';
import { EXIT } from '../terminal/failure.js';
import { guide } from '../terminal/guide.js';
import { MEMBER, memberNamed, membersOf } from '../members/member-rows.js';
import { say } from '../terminal/output.js';
import { ProgressBar } from '../terminal/progress-bar.js';
import { askService } from '../service/running-service.js';
import { asksService, targetOf, type ServiceOptions } from '../service/target.js';

/** `dnscluster drift check`. */
export function driftCheck(drift: Command): void {
  const command = drift
    .command('check')
    .description('Compare members with what they should hold, now: their zones, and what their nameservers answer')
    .argument('[member...]', `${MEMBER}; default: all that zones are sent to`);
  guide(asksService(command), {
    details: `Takes some seconds for each 10,000 zones. Missing and stale zones are sent again automatically. It exits with 1 if a
difference needs a decision, or a member could not be compared in full.`,
    examples: { 'drift check': 'All members.', 'drift check ns1.example.com': 'One member.' },
  }).action(run);
}

async function run(names: readonly string[], options: ServiceOptions): Promise<void> {
  const target = targetOf(options);
  const named = await Promise.all(names.map((name) => memberNamed(target, name)));
  const members = names.length > 0 ? named : (await membersOf(target)).filter(({ role }) => role !== 'standalone');
  const bar = new ProgressBar(options.json !== true);
  let done = 0;
  const show = (): void => bar.show('members are compared', done, members.length);
  show();
  try {
    // All at once, as the service does it, but one call each: so it is known how far it is.
    const answers = await Promise.all(
      members.map(async ({ id }) => {
        const answer = await askService(target, 'checkdrift', { member: id });
        done++;
        show();
        return answer.report;
      }),
    );
    bar.end();
    const reports = answers.flat();
    say(options.json, reports, reports.length === 0 ? 'Zones are sent to no member.\n' : driftTable(reports));
    if (!reports.every(isResolved)) process.exitCode = EXIT.problems;
  } finally {
    bar.end();
  }
}
