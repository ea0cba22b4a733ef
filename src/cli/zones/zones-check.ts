import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { checkZone } from '../../dns/check.js';
import { parseZone } from '../../dns/zone-text/parser.js';
import { printZone } from '../../dns/zone-text/printer.js';
import type { Zone } from '../../dns/zone.js';
import { isClusterError, sentenceOf, type ZoneIssue } from '../../errors.js';
import { zoneName } from '../../zones/zone-name.js';
import { EXIT, WrongUse } from '../terminal/failure.js';
import { guide } from '../terminal/guide.js';
import { printMessage, printIssues, say, sayText } from '../terminal/output.js';

interface Options {
  canonical?: true;
  json?: true;
  include?: string;
}

/** `dnscluster zones check NAME FILE`: reads and checks a master file; needs no running service. */
export function zonesCheck(zones: Command): void {
  const command = zones
    .command('check <zone> <file>')
    .description('Check a zone file: print the number of records, or each error with line and column')
    .option('--canonical', 'print one record per line in canonical order, like named-compilezone -s full')
    .option('--json', 'print one line of JSON, for programs')
    .option('--include <folder>', 'allow $INCLUDE of files inside this folder');
  guide(command, {
    details: 'No service needs to run. It exits with 1 if the zone has an error.',
    examples: EXAMPLES,
  }).action(run);
}

const EXAMPLES = {
  'zones check example.com example.com.zone': 'Check whether the file is a valid zone.',
  'zones check example.com example.com.zone --canonical': 'Print it like named-compilezone.',
};

function run(name: string, file: string, options: Options): void {
  const text = read(name, file);
  const { zone, issues } = inspect(name, text, options);
  const errors = issues.filter(({ severity }) => severity === 'error');
  const ok = errors.length === 0 && zone !== undefined;
  if (!ok) process.exitCode = EXIT.problems;
  if (options.json === true) {
    const canonical = ok && options.canonical === true ? { canonical: printZone(zone) } : {};
    say(true, { zone: name, ok, records: ok ? zone.records.length : 0, issues, ...canonical }, '');
    return;
  }
  printIssues(issues);
  if (!ok) printMessage(`${name}: refused, ${errors.length} ${errors.length === 1 ? 'error' : 'errors'}`);
  else if (options.canonical === true) sayText(Buffer.from(printZone(zone), 'latin1'));
  else say(undefined, undefined, `${name}: ok, ${zone.records.length} records\n`);
}

/** What may fail for a reason outside the zone: a bad name, a file that cannot be read. */
function read(name: string, file: string): Buffer {
  try {
    zoneName(name);
    return readFileSync(file);
  } catch (error) {
    throw new WrongUse(sentenceOf(error), error);
  }
}

function inspect(name: string, text: Buffer, options: Options): { zone?: Zone; issues: readonly ZoneIssue[] } {
  try {
    const zone = parseZone(text, name, options.include === undefined ? {} : { include: options.include });
    return { zone, issues: [...zone.warnings, ...checkZone(zone, name)] };
  } catch (error) {
    if (isClusterError(error, 'zone_invalid')) return { issues: error.issues };
    throw error;
  }
}
