import type { Command } from 'commander';
import { sentenceOf } from '../../errors.js';
import { zoneName } from '../../zones/zone-name.js';
import { EXIT, WrongUse } from '../terminal/failure.js';
import { readGiven } from '../service/given-file.js';
import { guide } from '../terminal/guide.js';
import { memberNamed } from '../members/member-rows.js';
import { say, sayText } from '../terminal/output.js';
import { recordDifference } from './record-difference.js';
import { asksService, targetOf, type ServiceOptions, type Target } from '../service/target.js';
import { unifiedDifference } from '../../presentation/line-difference.js';
import { zoneTextAt, zoneTextOf } from './zone-text.js';

interface Options extends ServiceOptions {
  member?: string;
  text?: true;
}

/** `dnscluster zones diff`. */
export function zonesDiff(zones: Command): void {
  const command = zones
    .command('diff')
    .description('Compare a zone of this server with the copy of a member, or with a master file')
    .argument('<zone>', 'name of the zone')
    .argument('[file]', 'a master file; - is standard input')
    .option('--member <member>', 'compare with the copy of this member')
    .option('--text', 'compare the texts line by line (unified format), not the records');
  guide(asksService(command), {
    details:
      'Lines with - are only on this server, lines with + only on the other side. It exits with 1 if anything differs.',
    examples: {
      'zones diff example.com --member ns1.example.com': 'How the copy of ns1 differs.',
      'zones diff example.com example.com.zone --text': 'What saving this file would change.',
    },
  }).action(run);
}

async function run(name: string, file: string | undefined, options: Options): Promise<void> {
  const zone = checked(name);
  const target = targetOf(options);
  const { where, text: there } = await otherSide(target, zone, file, options.member);
  const here = await zoneTextOf(target, zone);
  const heading = `--- ${zone} on this server\n+++ ${zone} ${where}\n`;
  if (options.text === true) {
    const difference = unifiedDifference(here.toString('latin1'), there.toString('latin1'));
    const words = difference === '' ? '' : heading + difference;
    if (options.json === true) say(true, { zone, same: difference === '', difference }, '');
    else sayText(Buffer.from(words, 'latin1'));
    if (difference !== '') process.exitCode = EXIT.problems;
    return;
  }
  const changes = recordDifference(zone, here, there);
  const lines = changes.map(({ change, record }) => `${change === 'gone' ? '-' : '+'}${record}\n`);
  say(
    options.json,
    { zone, same: changes.length === 0, changes },
    changes.length === 0 ? '' : heading + lines.join(''),
  );
  if (changes.length > 0) process.exitCode = EXIT.problems;
}

function checked(name: string): ReturnType<typeof zoneName> {
  try {
    return zoneName(name);
  } catch (error) {
    throw new WrongUse(sentenceOf(error), error);
  }
}

async function otherSide(
  target: Target,
  zone: string,
  file: string | undefined,
  member: string | undefined,
): Promise<{ where: string; text: Buffer }> {
  if (file !== undefined && member === undefined) return { where: `in ${file}`, text: await readGiven(file) };
  if (file !== undefined || member === undefined) {
    throw new WrongUse('Name what to compare with: a file, or --member MEMBER.');
  }
  const { id, hostname } = await memberNamed(target, member);
  return { where: `at ${hostname}`, text: await zoneTextAt(target, id, zone) };
}
