import { Option, type Command } from 'commander';
import { guide } from './terminal/guide.js';
import { changes } from './logs/changes.js';
import { LEVELS, serviceLog } from './logs/service-log.js';
import { MEMBER, memberNamed } from './members/member-rows.js';
import { say } from './terminal/output.js';
import { asksService, targetOf, type ServiceOptions } from './service/target.js';
import { wholeOf } from './terminal/waiting.js';

interface Options extends ServiceOptions {
  service?: true;
  zone?: string;
  member?: string;
  user?: string;
  level: keyof typeof LEVELS;
  limit: number;
  follow?: true;
}

const USUAL = 100;

/** `dnscluster logs`. */
export function logs(program: Command): void {
  const command = program
    .command('logs')
    .description('Who changed what (the page Activity), or what the service itself logs; the newest last')
    .option('--service', 'what the service logs, instead: node.log in its folder')
    .option('--zone <zone>', 'of this zone alone')
    .option('--member <member>', `of this member alone, by ${MEMBER}`)
    .addOption(new Option('--user <user>', 'by this user alone').conflicts('service'))
    .addOption(
      new Option('--level <level>', 'with --service: of this level and above')
        .choices(Object.keys(LEVELS))
        .default('info'),
    )
    .option('--limit <lines>', 'so many at most', wholeOf, USUAL)
    .option('-f, --follow', 'go on with what comes, until Ctrl-C');
  guide(asksService(command), {
    details: `Refused changes are there, too, with the reason. Of a change of many zones at once the first five are named. With --follow, --json prints one
line for each entry.`,
    examples: {
      'logs --zone example.com': 'What was done with example.com, and by whom.',
      'logs --follow': 'What is done from now on.',
      'logs --service --level warning --member ns1.example.com': 'What went wrong with a member.',
    },
  }).action(run);
}

async function run({ service, zone, member, user, level, limit, follow, ...options }: Options): Promise<void> {
  const target = targetOf(options);
  const named = member === undefined ? undefined : await memberNamed(target, member);
  const batches =
    service === true
      ? serviceLog(target, { zone, member: named?.hostname, level }, limit)
      : changes(target, { zone, member: named, user }, limit);
  for await (const lines of batches) {
    const words = lines.map((line) => `${line.words}\n`).join('');
    if (follow !== true) {
      say(
        options.json,
        lines.map(({ entry }) => entry),
        words === '' ? 'There is nothing of that.\n' : words,
      );
      return;
    }
    if (options.json === true) for (const { entry } of lines) say(true, entry, '');
    else say(undefined, undefined, words);
  }
}
