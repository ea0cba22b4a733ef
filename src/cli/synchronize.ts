import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import { PHASES, ZONE_STATES } from '../presentation/words.js';
import { EXIT, ServiceRefusal } from './terminal/failure.js';
import { guide } from './terminal/guide.js';
import { printMessage, say, table } from './terminal/output.js';
import { ProgressBar } from './terminal/progress-bar.js';
import { askService, type AnswerOf, type Parameters } from './service/running-service.js';
import { asksService, targetOf, type ServiceOptions, type Target } from './service/target.js';

const SOON = 50;
const LATER = 500;
/** At most this many rows are shown whole. */
const FEW = 10;

type Job = AnswerOf<'synchronizejob'>;
type Row = NonNullable<Job['row']>[number];

interface Options extends ServiceOptions {
  full?: true;
  plan?: true;
}

const HERE = 'Fetch the newest copies from members to this server only';
const EVERYWHERE = 'Fetch the newest copies from members, and send them to the members that get changes';

/** `dnscluster synczone`. */
export function syncZone(program: Command): void {
  oneZone(program.command('synczone').description(`${EVERYWHERE}: one zone`), 'all');
}

/** `dnscluster synczonelocal`. */
export function syncZoneLocal(program: Command): void {
  oneZone(program.command('synczonelocal').description(`${HERE}: one zone`), 'local');
}

/** `dnscluster syncall`. */
export function syncAll(program: Command): void {
  allZones(program.command('syncall').description(`${EVERYWHERE}: all zones`), 'all');
}

/** `dnscluster synclocal`. */
export function syncLocal(program: Command): void {
  allZones(program.command('synclocal').alias('syncalllocal').description(`${HERE}: all zones`), 'local');
}

const DETAILS = `Problems are listed by zone and server. It exits with 1 if a server could not be compared, a zone was not taken or sent,
or clustering is off. Ctrl-C cancels; finished zones are kept.`;

function oneZone(command: Command, direction: 'local' | 'all'): void {
  guide(asksService(withPlan(command.argument('<zone>', 'name of the zone'))), {
    details: DETAILS,
    examples: { [`${command.name()} example.com`]: `${command.description().split(':')[0] ?? ''}.` },
  }).action((zone: string, options: Options) => run({ zone, direction }, options));
}

function allZones(command: Command, direction: 'local' | 'all'): void {
  command.option('--full', 'include zones that are not on this server');
  const name = command.name();
  guide(asksService(withPlan(command)), {
    details: DETAILS,
    examples: {
      [name]: 'The zones of this server.',
      [`${name} --full --plan`]: 'Print which newer and which unknown zones members have.',
    },
  }).action((options: Options) => run({ direction, unconfigured: options.full }, options));
}

function withPlan(command: Command): Command {
  return command.option('--plan', 'only print what would be fetched');
}

async function run(wanted: Parameters, options: Options): Promise<void> {
  const target = targetOf(options);
  await refuseWhileOff(target);
  const started = await askService(target, 'startsynchronize', { ...wanted, plan: options.plan });
  const over = await followed(target, started.job, new ProgressBar(options.json !== true));
  if (over.state === 'failed') {
    throw new ServiceRefusal(over.error ?? 'The synchronization failed.', EXIT.problems, { code: 'failed' });
  }
  say(options.json, over, options.plan === true ? planWords(over) : resultWords(over));
  if (over.state === 'cancelled') printMessage('Cancelled; finished zones are kept.');
  const isWell =
    over.state === 'done' && over.result?.unreachable.length === 0 && over.row?.some(needsSomebody) !== true;
  if (!isWell) process.exitCode = EXIT.problems;
}

async function refuseWhileOff(target: Target): Promise<void> {
  const { clustering } = await askService(target, 'clusterstatus');
  if (clustering) return;
  const sentence =
    'DNS clustering is off on this server, so nothing was synchronized. Enable it on the page DNS Cluster.';
  throw new ServiceRefusal(sentence, EXIT.problems, { code: 'clustering_off' });
}

/** Until it is over; Ctrl-C cancels it. */
async function followed(target: Target, id: string, bar: ProgressBar): Promise<Job> {
  const cancel = (): void => void askService(target, 'cancelsynchronize', { job: id }).catch(() => undefined);
  process.once('SIGINT', cancel);
  try {
    for (let wait = SOON; ; wait = Math.min(wait * 2, LATER)) {
      const now = await askService(target, 'synchronizejob', { job: id });
      if (now.state !== 'running') return now;
      const { phase, done, total } = now.progress;
      bar.show(PHASES[phase], done, total);
      await pause(wait);
    }
  } finally {
    process.off('SIGINT', cancel);
    bar.end();
  }
}

function needsSomebody({ tone, outcome }: Row): boolean {
  return tone === 'bad' || outcome === ZONE_STATES.pending.label;
}

function planWords({ result }: Job): string {
  const { newer = [], unreachable = [] } = result ?? {};
  const rows = newer.map(({ zone, member, serial, here }) => [zone, member, serial, here ?? 'not here']);
  const silent = unreachable.map(
    ({ member, zone, reason }) => `${member}${zone === undefined ? '' : `, ${zone}`}: ${reason}\n`,
  );
  const list = table(['ZONE', 'NEWER AT', 'SERIAL', 'HERE'], rows);
  return `${list === '' ? 'No member has a newer copy.\n' : list}${silent.join('')}`;
}

/** Of one zone all, else what needs somebody; below, how many have come how far. */
function resultWords({ row: rows = [], outcomes = {} }: Job): string {
  const total = Object.values(outcomes).reduce((sum, count) => sum + count, 0);
  const shown = total <= FEW ? rows : rows.filter(needsSomebody);
  const lines = shown.map((one) => [one.zone, one.server, one.outcome, one.detail]);
  const more = shown.length === rows.length && total > rows.length ? '… and more\n' : '';
  const counts = Object.entries(outcomes).map(([outcome, count]) => `${outcome}: ${count}\n`);
  if (total === 0) return 'There was nothing to do.\n';
  return `${table(['ZONE', 'SERVER', 'OUTCOME', 'DETAIL'], lines)}${more}${counts.join('')}`;
}
