import type { Command } from 'commander';
import type { Resolution } from '../../cluster/model/drift-kinds.js';
import { EXIT, WrongUse } from '../terminal/failure.js';
import { guide } from '../terminal/guide.js';
import { MEMBER, memberNamed } from '../members/member-rows.js';
import { printMessage, say } from '../terminal/output.js';
import { ProgressBar } from '../terminal/progress-bar.js';
import { askService, type AnswerOf } from '../service/running-service.js';
import { asksService, targetOf, type ServiceOptions, type Target } from '../service/target.js';
import { confirm } from '../terminal/terminal.js';

/** Zones in one call: progress is shown between calls. */
const AT_ONCE = 50;

type Outcome = AnswerOf<'settledrift'>['outcome'][number];

interface Way {
  description: string;
  details: string;
  /** What is asked before. */
  question?: (zones: string, member: string) => string;
  done: string;
  /** Of which kinds `--all` means the differences; a zone that is named is for the service to judge. */
  kinds: (kind: string) => boolean;
}

const WAYS: Readonly<Record<Resolution, Way>> = {
  send: {
    description: 'Send zones of this server to a member again, replacing what it has',
    details: 'The serial is lifted above the one there. Edits made there are lost.',
    question: (zones, member) => `${zones} at ${member} will be replaced by the version of this server.`,
    done: 'sent again',
    kinds: (kind) => kind !== 'extra',
  },
  take: {
    description: 'Take zones as a member has them, replacing what this server has',
    details:
      'This is a normal change: the serial is above both, all members get it, and "zones history" has the version before.',
    done: 'taken from there',
    kinds: (kind) => ['ahead', 'edited', 'extra'].includes(kind),
  },
  remove: {
    description: 'Remove zones at a member that this server no longer has',
    details: 'If a member would lose many of its zones, the removals are held until "members allow-removals".',
    question: (zones, member) => `${zones} will be removed at ${member}, which stops answering for it.`,
    done: 'removed there',
    kinds: (kind) => kind === 'extra',
  },
};

/** `dnscluster drift send`. */
export const driftSend = (drift: Command): void => resolves(drift, 'send');
/** `dnscluster drift take`. */
export const driftTake = (drift: Command): void => resolves(drift, 'take');
/** `dnscluster drift remove`. */
export const driftRemove = (drift: Command): void => resolves(drift, 'remove');

function resolves(drift: Command, how: Resolution): void {
  const { description, details, question } = WAYS[how];
  const command = drift
    .command(how)
    .description(description)
    .argument('<member>', MEMBER)
    .argument('[zone...]', 'zones that "drift list" names')
    .option('--all', 'every zone of that list that allows this');
  if (question !== undefined) command.option('-y, --yes', 'do not ask for confirmation');
  const yes = question === undefined ? '' : ' --yes';
  guide(asksService(command), {
    details: `${details} It exits with 1 if a zone was refused.`,
    examples: {
      [`drift ${how} ns1.example.com a.example`]: 'One zone.',
      [`drift ${how} ns1.example.com --all${yes}`]: 'All of them, as in a script.',
    },
  }).action((member: string, zones: readonly string[], options: Options) => run(how, member, zones, options));
}

interface Options extends ServiceOptions {
  all?: true;
  yes?: true;
}

async function run(how: Resolution, name: string, named: readonly string[], options: Options): Promise<void> {
  if (named.length > 0 === (options.all === true)) throw new WrongUse('Name zones, or use --all.');
  const target = targetOf(options);
  const { id, hostname } = await memberNamed(target, name);
  const { question, done, kinds } = WAYS[how];
  const zones = options.all === true ? await differing(target, id, kinds) : named;
  const [first = ''] = zones;
  const which = zones.length === 1 ? `The zone ${first}` : `Each of ${zones.length} zones`;
  if (question !== undefined && zones.length > 0) await confirm(question(which, hostname), options.yes);
  const outcomes = await resolve(target, { member: id, how, zones }, new ProgressBar(options.json !== true));
  const refused = outcomes.flatMap((one) => ('refused' in one ? [one] : []));
  for (const { zone, refused: why } of refused) printMessage(`${zone}: ${why}`);
  const sum = `${outcomes.length - refused.length} of ${outcomes.length} zones were ${done} (${hostname}).\n`;
  say(options.json, outcomes, zones.length === 0 ? `No difference at ${hostname} allows this.\n` : sum);
  if (refused.length > 0) process.exitCode = EXIT.problems;
}

async function differing(target: Target, member: string, kinds: Way['kinds']): Promise<string[]> {
  const { report } = await askService(target, 'listdrift');
  const found = report.find((one) => one.member === member)?.differences ?? [];
  return found.filter(({ kind, repaired }) => repaired === undefined && kinds(kind)).map(({ zone }) => zone);
}

async function resolve(
  target: Target,
  { zones, ...what }: { member: string; how: Resolution; zones: readonly string[] },
  bar: ProgressBar,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  try {
    for (let at = 0; at < zones.length; at += AT_ONCE) {
      bar.show('zones', at, zones.length);
      const some = zones.slice(at, at + AT_ONCE);
      outcomes.push(...(await askService(target, 'settledrift', { ...what, zone: some })).outcome);
    }
  } finally {
    bar.end();
  }
  return outcomes;
}
