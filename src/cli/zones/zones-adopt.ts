import { Option, type Command } from 'commander';
import { parseMemberHost } from '../../members/member-address.js';
import { sentenceOf } from '../../errors.js';
import { operatedServers } from '../../nameservers/nameserver-settings.js';
import type { OperatedServer } from '../../nameservers/server-kind.js';
import { configuredCandidates, withoutUnwritten } from '../adopt/configured-candidates.js';
import type { Candidate, Sound } from '../adopt/candidate.js';
import { importZones, zonesOfService } from '../adopt/import.js';
import { planOf, withForeign } from '../adopt/plan.js';
import { AdoptReport } from '../adopt/report.js';
import { foreignZones, switchZones } from '../adopt/switch.js';
import { readTsigKey, transferredCandidates, zonesToTransfer } from '../adopt/transferred-candidates.js';
import { EXIT, ServiceUnreachable, WrongUse } from '../terminal/failure.js';
import { guide } from '../terminal/guide.js';
import { printMessage, say } from '../terminal/output.js';
import { asksService, targetOf, type ServiceOptions, type Target } from '../service/target.js';
import { confirm, isPerson } from '../terminal/terminal.js';

const DNS_PORT = 53;
const SERVERS = operatedServers();
const NAME_A_SOURCE = `Name a source: --from ${[...SERVERS.keys()].join('|')}, or --axfr SERVER --zones NAMES.`;

const DETAILS = `
Takes the primary zones of another nameserver: from the configuration of one on this machine (--from), or from any by
zone transfer (--axfr). The plan is shown first, and you are asked to confirm it. Zones that are left out are named with
the reason. Nothing is changed on the other server, unless --switch is given: this server's own nameserver can't have a
zone twice, so the zone's statement is removed from its configuration (of which a copy is kept) in the same step in
which the zone is served from the store.

With --dry-run the service need not run; then the plan is for a server without zones.

It exits with 1 if a primary zone is not taken.`;

/** What is said of a nameserver on this machine. */
interface LocalSource {
  from?: string;
  config?: string;
  include?: string;
  server?: string;
}

/** What is said of a nameserver that transfers its zones. */
interface TransferSource {
  axfr?: string;
  zones?: string;
  tsigKey?: string;
}

interface Options extends ServiceOptions, LocalSource, TransferSource {
  owner?: string;
  newest?: true;
  switch?: true;
  dryRun?: true;
  yes?: true;
}

/** `dnscluster zones adopt`: takes the zones of an existing nameserver into the store. */
export function zonesAdopt(zones: Command): void {
  const command = zones
    .command('adopt')
    .description('Take the zones of an existing nameserver: from its configuration, or by zone transfer')
    .addOption(
      new Option('--from <server>', 'the nameserver software whose configuration to read').choices([...SERVERS.keys()]),
    )
    .option('--config <file>', 'the configuration file, if it is not at the place that Debian uses')
    .option('--include <folder>', 'allow $INCLUDE of files inside this folder; they become part of the zone')
    .option('--server <address>', 'where that server answers DNS, to compare serials (default: 127.0.0.1:53)')
    .option('--axfr <address>', 'the nameserver to transfer zones from, such as 192.0.2.1 or ns1.example.com:53')
    .option('--zones <names>', 'the zones to transfer: names separated by commas, or a file with one per line')
    .option('--tsig-key <file>', 'a file with the key that signs transfers, as tsig-keygen writes it')
    .option('--owner <user>', 'the account that new zones belong to (default: root)')
    .option('--newest', 'replace zones that are here if the other copy is newer')
    .option('--switch', "remove the statements of taken zones from the configuration of this server's own nameserver")
    .option('--dry-run', 'only print the plan')
    .option('-y, --yes', 'do not ask for confirmation');
  guide(asksService(command), {
    details: DETAILS,
    examples: {
      'zones adopt --from bind --dry-run': 'What would be taken from the BIND on this machine.',
      'zones adopt --from bind --switch': 'Take its zones; it keeps answering for them.',
      'zones adopt --axfr 192.0.2.1 --zones a.example,b.example --tsig-key transfer.key': 'Two zones by zone transfer.',
    },
  }).action(run);
}

async function run(options: Options): Promise<void> {
  const target = targetOf(options);
  const { json, dryRun, yes, owner } = options;
  refuseMixture(options);
  if (dryRun !== true && yes !== true && !isPerson()) {
    throw new WrongUse('There is no terminal to ask on. Check the plan with --dry-run, then use --yes.');
  }
  const candidates = await candidatesOf(options);
  const held = await zonesOfService(target).catch((error: unknown) => {
    if (dryRun !== true || !(error instanceof ServiceUnreachable)) throw error;
    printMessage(`${error.message} So this is the plan for a server without zones.`);
    return undefined;
  });
  const compared = planOf(candidates, held ?? new Map<string, never>(), { newest: options.newest === true });
  const isNew = compared.flatMap(({ candidate, verdict }) =>
    verdict === 'take' && 'name' in candidate ? [candidate] : [],
  );
  const foreign = held === undefined ? new Set<string>() : await foreignZones(target, isNew);
  const report = new AdoptReport(withForeign(compared, foreign, options.switch === true));
  const { wanted, switched } = report;
  if (dryRun === true) say(json, report.plan, report.planInWords);
  else {
    if (yes !== true) printMessage(report.planInWords);
    const count = wanted.length + switched.length;
    if (count > 0) await confirm(`${count} of these zones will be taken.`, yes);
    report.became(await importZones(target, wanted, { owner }, progressOf(wanted, json)));
    if (switched.length > 0) await runSwitch(target, options, report);
    say(json, report.result, report.resultInWords);
  }
  if (report.isOpen) process.exitCode = EXIT.problems;
}

/** Says to persons which files were changed, and what went wrong with it. */
async function runSwitch(target: Target, options: Options, report: AdoptReport): Promise<void> {
  const { from, configuration } = sourceOf(options);
  const { imported, copies, trouble } = await switchZones(target, report.switched, {
    from,
    configuration,
    owner: options.owner,
  });
  report.became(imported);
  for (const copy of copies) printMessage(`A copy of the configuration file is kept as ${copy}`);
  if (trouble !== undefined) printMessage(trouble);
}

function sourceOf({ from: kind = '', config }: LocalSource): { from: OperatedServer; configuration: string } {
  const from = SERVERS.get(kind);
  if (from === undefined) throw new WrongUse(NAME_A_SOURCE);
  return { from, configuration: config ?? from.configuration };
}

function refuseMixture({ from, axfr, zones, tsigKey, config, include, server, switch: isSwitch }: Options): void {
  if ((from === undefined) === (axfr === undefined)) {
    throw new WrongUse(NAME_A_SOURCE);
  }
  if (axfr !== undefined && zones === undefined)
    throw new WrongUse('Name the zones to transfer: --zones NAMES or FILE.');
  const strange = axfr === undefined ? { zones, 'tsig-key': tsigKey } : { config, include, server, switch: isSwitch };
  for (const [name, value] of Object.entries(strange)) {
    if (value !== undefined)
      throw new WrongUse(`--${name} cannot be used with --${axfr === undefined ? 'from' : 'axfr'}.`);
  }
}

async function candidatesOf(options: LocalSource & TransferSource): Promise<Candidate[]> {
  const { axfr, tsigKey, zones = '', include } = options;
  if (axfr !== undefined) {
    const key = tsigKey === undefined ? undefined : await readTsigKey(tsigKey);
    return transferredCandidates(dnsServer(axfr), await zonesToTransfer(zones), key);
  }
  const { from, configuration } = sourceOf(options);
  const configured = await configuredCandidates({ from, configuration, include });
  const server = dnsServer(options.server ?? '127.0.0.1');
  const { candidates, silent } = await withoutUnwritten(configured, server, from);
  if (silent !== undefined) {
    printMessage(`It is not known whether ${from.software} serves what its files contain: ${silent}`);
    printMessage('Name the address where it answers with --server, such as 192.0.2.1 or 127.0.0.1:5353.');
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
  return (done) => printMessage(`${done} of ${wanted.length} zones`);
}
