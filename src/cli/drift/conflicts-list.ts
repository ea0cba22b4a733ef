import type { Command } from 'commander';
import { timeAgo } from '../../presentation/words.js';
import { EXIT } from '../terminal/failure.js';
import { guide } from '../terminal/guide.js';
import { say, table } from '../terminal/output.js';
import { askService, type AnswerOf } from '../service/running-service.js';
import { asksService, targetOf, type ServiceOptions, type Target } from '../service/target.js';

/** The conflicts that a service knows, the newest first. */
export async function conflictsOf(target: Target): Promise<AnswerOf<'listconflicts'>['conflict']> {
  return (await askService(target, 'listconflicts')).conflict;
}

/** `dnscluster conflicts list`. */
export function conflictsList(conflicts: Command): void {
  const command = conflicts.command('list').description('List zones that two servers write with different content');
  guide(asksService(command), {
    details: 'It exits with 1 if there is a conflict.',
    examples: { 'conflicts list': 'Which servers write the same zone, and whose version is kept.' },
  }).action(async (options: ServiceOptions) => {
    const rows = await conflictsOf(targetOf(options));
    const lines = rows.map(({ zone, servers, kept, metAt, since, last }) => [
      ...[zone, servers.join(' and '), `${kept}, at ${metAt}`, timeAgo(since), timeAgo(last)],
    ]);
    const list = table(['ZONE', 'SERVERS', 'VERSION KEPT', 'SINCE', 'LAST'], lines);
    say(options.json, rows, list === '' ? 'There are no conflicts.\n' : list);
    if (rows.length > 0) process.exitCode = EXIT.problems;
  });
}
