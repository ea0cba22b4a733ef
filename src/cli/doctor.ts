import type { Command } from 'commander';
import { CONFIGURATION_FILE } from '../panel/node-configuration.js';
import { findingsOf } from './doctor/check.js';
import { CHECKS } from './doctor/checks.js';
import { Facts } from './doctor/facts.js';
import { findingLines, type Row } from './doctor/finding-lines.js';
import { EXIT, WrongUse } from './terminal/failure.js';
import { guide } from './terminal/guide.js';
import { say } from './terminal/output.js';

interface Options {
  config: string;
  folder?: string;
  only?: string;
  json?: true;
}

const NAMES = CHECKS.map(({ name }) => name);

/** `dnscluster doctor`: finds what is misconfigured on this machine, and says what to do about it. */
export function doctor(program: Command): void {
  const command = program
    .command('doctor')
    .description('Find what is misconfigured on this server, and how to repair it')
    .option('--only <checks>', `only these checks, separated by commas: ${NAMES.join(', ')}`)
    .option('--config <file>', 'the configuration file of this server', CONFIGURATION_FILE)
    .option('--folder <folder>', 'its data folder, if the configuration does not name it')
    .option('--json', 'print one line of JSON, for programs');
  guide(command, {
    details:
      "Run it as root or as the service's user. If the service does not run, it says so first and checks the rest. It " +
      'changes nothing, but gives the nameserver a zone that is nobody’s (check.dns-cluster.invalid), asks for it, and ' +
      'has it dropped. It exits with 1 if something is wrong.',
    examples: {
      doctor: 'Run all checks.',
      'doctor --only ports,nameserver --json': 'Check ports and nameserver, for a script.',
    },
  }).action(run);
}

async function run({ config, folder, only, json }: Options): Promise<void> {
  const wanted = wantedOf(only);
  const facts = await Facts.gather({ config, folder });
  const found = await Promise.all(
    CHECKS.filter(({ name }) => wanted.has(name)).map(async (check): Promise<Row[]> => {
      const findings = await findingsOf(check, facts);
      return findings.map((finding) => ({ check: check.name, ...finding }));
    }),
  );
  const rows = found.flat();
  const isWell = rows.every(({ state }) => state !== 'wrong');
  const bad = rows.filter(({ state }) => state === 'wrong').length;
  const sum = isWell ? 'Nothing is wrong.' : `Problems: ${bad}`;
  say(json, { ok: isWell, findings: rows }, `${findingLines(rows)}\n${sum}\n`);
  if (!isWell) process.exitCode = EXIT.problems;
}

function wantedOf(only: string | undefined): ReadonlySet<string> {
  if (only === undefined) return new Set(NAMES);
  const wanted = only.split(',').map((name) => name.trim());
  const unknown = wanted.find((name) => !NAMES.includes(name));
  if (unknown !== undefined) throw new WrongUse(`There is no check "${unknown}". Checks: ${NAMES.join(', ')}.`);
  return new Set(wanted);
}
