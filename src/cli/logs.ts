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
    .description('Print who changed what (the page Activity), or the log of the service; the newest last')
    .option('--service', 'print the log of the service instead: node.log in its folder')
    .option('--zone <zone>', 'only entries of this zone')
    .option('--member <member>', `only entries of this member: ${MEMBER}`)
    .addOption(new Option('--user <user>', 'only changes by this user').conflicts('service'))
    .addOption(
      new Option('--level <level>', 'with --service: this level and above')
        .choices(Object.keys(LEVELS))
        .default('info'),
    )
    .option('--limit <lines>', 'at most this many', wholeOf, USUAL)
    .option('-f, --follow', 'keep printing new entries until Ctrl-C');
  guide(asksService(command), {
    details: `Refused changes are listed too, with the reason. A change of many zones at once names the first five. With --follow,
--json prints one line for each entry.`,
    examples: {
      'logs --zone example.com': 'Who changed example.com, and how.',
      'logs --follow': 'Every change from now on.',
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
        words === '' ? 'There are no such entries.\n' : words,
      );
      return;
    }
    if (options.json === true) for (const { entry } of lines) say(true, entry, '');
    else say(undefined, undefined, words);
  }
}
