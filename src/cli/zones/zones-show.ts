import { Option, type Command } from 'commander';
import { sentenceOf } from '../../errors.js';
import { replaceFile } from '../../state/durable-file.js';
import { WrongUse } from '../terminal/failure.js';
import { guide } from '../terminal/guide.js';
import { memberNamed } from '../members/member-rows.js';
import { printMessage, say, sayText } from '../terminal/output.js';
import { asksService, targetOf, type ServiceOptions, type Target } from '../service/target.js';
import { zoneTextAt, zoneTextBefore, zoneTextOf } from './zone-text.js';

interface Options extends ServiceOptions {
  output?: string;
  member?: string;
  at?: string;
}

/** `dnscluster zones show`. */
export function zonesShow(zones: Command): void {
  const command = zones
    .command('show')
    .description('Print the master file of a zone, octet for octet')
    .argument('<zone>', 'name of the zone')
    .option('-o, --output <file>', 'write it to this file')
    .option('--member <member>', 'the copy of this member')
    .addOption(
      new Option('--at <time>', 'the version before the change at this time in "zones history"').conflicts('member'),
    );
  guide(asksService(command), {
    details: 'With --json the text is base64 in text_b64: a master file can hold any octet.',
    examples: {
      'zones show example.com': 'Print the zone.',
      'zones show example.com --output example.com.zone': 'Write it to a file, to edit and save.',
    },
  }).action(run);
}

async function run(zone: string, options: Options): Promise<void> {
  const target = targetOf(options);
  const { output, json } = options;
  const text = await textOf(target, zone, options);
  if (output !== undefined) {
    await replaceFile(output, text, 0o644).catch((error: unknown) => {
      throw new WrongUse(`${output} cannot be written: ${sentenceOf(error)}`, error);
    });
    if (json === true) say(json, { zone, output, octets: text.length }, '');
    else printMessage(`${zone}: ${text.length} octets written to ${output}`);
  } else if (json === true) say(json, { zone, text_b64: text.toString('base64') }, '');
  else sayText(text);
}

async function textOf(target: Target, zone: string, { member, at }: Options): Promise<Buffer> {
  if (at !== undefined) return zoneTextBefore(target, at, zone);
  return member === undefined
    ? zoneTextOf(target, zone)
    : zoneTextAt(target, (await memberNamed(target, member)).id, zone);
}
