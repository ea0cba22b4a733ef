import { Option, type Command } from 'commander';
import { parseMemberHost } from '../cluster/member-address.js';
import { sentenceOf } from '../errors.js';
import { SOURCES, type SourceKind } from '../nameservers/configured-zones.js';
import { configuredCandidates, withoutUnwritten } from './adopt/configured-candidates.js';
import type { Candidate, Sound } from './adopt/candidate.js';
import { importZones, zonesOfService } from './adopt/import.js';
import { planOf } from './adopt/plan.js';
import { AdoptReport } from './adopt/report.js';
import { readTsigKey, transferredCandidates, zonesToTransfer } from './adopt/transferred-candidates.js';
import { EXIT, WrongUse } from './failure.js';
import { guide } from './guide.js';
import { note, say } from './output.js';
import { asksService, targetOf, type ServiceOptions } from './target.js';
import { confirm, isPerson } from './terminal.js';

const DNS_PORT = 53;
const KINDS = Object.keys(SOURCES) as SourceKind[];

const DETAILS = `
Takes the primary zones of another nameserver: from the configuration of one on this machine (--from), or from any by zone transfer
(--axfr). The plan is shown first, and asked for; nothing of the other server is changed. What is not taken is named with its reason.

It exits with 1 where a primary zone is not taken.`;

interface Options extends ServiceOptions {
  from?: SourceKind;
  config?: string;
  include?: string;
  server?: string;
  axfr?: string;
  zones?: string;
  tsigKey?: string;
  owner?: string;
  newest?: true;
  dryRun?: true;
  yes?: true;
}

/** `dnscluster zones adopt`: takes the zones of an existing nameserver into the store. */
export function zonesAdopt(zones: Command): void {
  const command = zones
    .command('adopt')
    .description('Take the zones of an existing nameserver: from its configuration, or by zone transfer')
    .addOption(new Option('--from <server>', 'the software whose configuration is read').choices(KINDS))
    .option('--config <file>', 'that configuration, where it is not where Debian has it')
    .option('--include <folder>', 'allow $INCLUDE of files inside this folder; they become part of the zone')
    .option('--server <address>', 'where that server answers DNS, to compare its serials (127.0.0.1:53)')
    .option('--axfr <address>', 'the nameserver from which zones are transferred, as 192.0.2.1 or ns1.example.com:53')
    .option('--zones <names>', 'the zones to transfer: names with commas between, or a file with one a line')
    .option('--tsig-key <file>', 'the key that signs transfers, as tsig-keygen writes it')
    .option('--owner <user>', 'the account to which new zones belong (root)')
    .option('--newest', 'replace what is here already where the other copy is newer')
    .option('--dry-run', 'only say what would be done')
    .option('-y, --yes', 'do not ask');
  guide(asksService(command), {
    details: DETAILS,
    examples: {
      'zones adopt --from bind --dry-run': 'What would be taken of the BIND on this machine.',
      'zones adopt --axfr 192.0.2.1 --zones a.example,b.example --tsig-key transfer.key': 'Two zones by zone transfer.',
    },
  }).action(run);
}

async function run(options: Options): Promise<void> {
  const target = targetOf(options);
  const { json, dryRun, yes, owner } = options;
  refuseMixture(options);
  if (dryRun !== true && yes !== true && !isPerson()) {
    throw new WrongUse('Nobody can be asked here: look at the plan with --dry-run first, then say --yes.');
  }
  const report = new AdoptReport(
    planOf(await candidatesOf(options), await zonesOfService(target), { newest: options.newest === true }),
  );
  const { wanted } = report;
  if (dryRun === true) say(json, report.plan, report.planInWords);
  else {
    if (yes !== true) note(report.planInWords);
    if (wanted.length > 0) await confirm(`${wanted.length} of these zones are taken.`, yes);
    report.became(await importZones(target, wanted, { owner }, progressOf(wanted, json)));
    say(json, report.result, report.resultInWords);
  }
  if (report.isOpen) process.exitCode = EXIT.problems;
}

function refuseMixture({ from, axfr, zones, tsigKey, config, include, server }: Options): void {
  if ((from === undefined) === (axfr === undefined)) {
    throw new WrongUse(`Say from where: --from ${KINDS.join('|')}, or --axfr SERVER --zones NAMES.`);
  }
  if (axfr !== undefined && zones === undefined)
    throw new WrongUse('Say which zones to transfer: --zones NAMES or FILE.');
  const strange = axfr === undefined ? { zones, 'tsig-key': tsigKey } : { config, include, server };
  for (const [name, value] of Object.entries(strange)) {
    if (value !== undefined)
      throw new WrongUse(`--${name} does not go with --${axfr === undefined ? 'from' : 'axfr'}.`);
  }
}

async function candidatesOf(options: Options): Promise<Candidate[]> {
  const { axfr, from, tsigKey, zones = '', include } = options;
  if (axfr !== undefined) {
    const key = tsigKey === undefined ? undefined : await readTsigKey(tsigKey);
    return transferredCandidates(dnsServer(axfr), await zonesToTransfer(zones), key);
  }
  const kind = from ?? 'bind';
  const configuration = options.config ?? SOURCES[kind].configuration;
  const configured = await configuredCandidates({ kind, configuration, include });
  const server = dnsServer(options.server ?? '127.0.0.1');
  const { candidates, silent } = await withoutUnwritten(configured, server, kind);
  if (silent !== undefined) {
    note(`It is not known whether ${SOURCES[kind].software} serves what its files hold: ${silent}`);
    note('Name the address where it answers with --server, as 192.0.2.1 or 127.0.0.1:5353.');
  }
  return candidates;
}

function dnsServer(given: string): { host: string; port: number } {
  try {
    const { host, port, portGiven } = parseMemberHost(given);
    return { host, port: portGiven ? port : DNS_PORT };
  } catch (error) {
    throw new WrongUse(sentenceOf(error), error);
  }
}

function progressOf(wanted: readonly Sound[], json: true | undefined): (done: number) => void {
  if (json === true || !process.stderr.isTTY) return () => undefined;
  return (done) => note(`${done} of ${wanted.length} zones`);
}
