import { Option, type Command } from 'commander';
import { parseMemberHost } from '../../cluster/members/member-address.js';
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
import { note, say } from '../terminal/output.js';
import { asksService, targetOf, type ServiceOptions, type Target } from '../service/target.js';
import { confirm, isPerson } from '../terminal/terminal.js';

const DNS_PORT = 53;
const SERVERS = operatedServers();
const SAY_FROM_WHERE = `Say from where: --from ${[...SERVERS.keys()].join('|')}, or --axfr SERVER --zones NAMES.`;

const DETAILS = `
Takes the primary zones of another nameserver: from the configuration of one on this machine (--from), or from any by zone transfer
(--axfr). The plan is shown first, and asked for. What is not taken is named with its reason. Nothing of the other server is changed,
unless --switch is given: a zone that this server's own nameserver has from its configuration can't be there twice, so its statement is
taken out of the configuration (of which a copy is kept) in the step in which the zone is served from the store.

With --dry-run the service need not run: the plan is that of a server without zones then.

It exits with 1 where a primary zone is not taken.`;

interface Options extends ServiceOptions {
  from?: string;
  config?: string;
  include?: string;
  server?: string;
  axfr?: string;
  zones?: string;
  tsigKey?: string;
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
    .addOption(new Option('--from <server>', 'the software whose configuration is read').choices([...SERVERS.keys()]))
    .option('--config <file>', 'that configuration, where it is not where Debian has it')
    .option('--include <folder>', 'allow $INCLUDE of files inside this folder; they become part of the zone')
    .option('--server <address>', 'where that server answers DNS, to compare its serials (127.0.0.1:53)')
    .option('--axfr <address>', 'the nameserver from which zones are transferred, as 192.0.2.1 or ns1.example.com:53')
    .option('--zones <names>', 'the zones to transfer: names with commas between, or a file with one a line')
    .option('--tsig-key <file>', 'the key that signs transfers, as tsig-keygen writes it')
    .option('--owner <user>', 'the account to which new zones belong (root)')
    .option('--newest', 'replace what is here already where the other copy is newer')
    .option('--switch', "take the statements of zones that this server's own nameserver has out of its configuration")
    .option('--dry-run', 'only say what would be done')
    .option('-y, --yes', 'do not ask');
  guide(asksService(command), {
    details: DETAILS,
    examples: {
      'zones adopt --from bind --dry-run': 'What would be taken of the BIND on this machine.',
      'zones adopt --from bind --switch': 'Take its zones; it goes on answering for them.',
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
  const candidates = await candidatesOf(options);
  const held = await zonesOfService(target).catch((error: unknown) => {
    if (dryRun !== true || !(error instanceof ServiceUnreachable)) throw error;
    note(`${error.message} So the plan is that of a server without zones.`);
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
    if (yes !== true) note(report.planInWords);
    const count = wanted.length + switched.length;
    if (count > 0) await confirm(`${count} of these zones are taken.`, yes);
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
  for (const copy of copies) note(`As it was before, a file of the configuration is kept as ${copy}`);
  if (trouble !== undefined) note(trouble);
}

function sourceOf({ from: kind = '', config }: Options): { from: OperatedServer; configuration: string } {
  const from = SERVERS.get(kind);
  if (from === undefined) throw new WrongUse(SAY_FROM_WHERE);
  return { from, configuration: config ?? from.configuration };
}

function refuseMixture({ from, axfr, zones, tsigKey, config, include, server, switch: isSwitch }: Options): void {
  if ((from === undefined) === (axfr === undefined)) {
    throw new WrongUse(SAY_FROM_WHERE);
  }
  if (axfr !== undefined && zones === undefined)
    throw new WrongUse('Say which zones to transfer: --zones NAMES or FILE.');
  const strange = axfr === undefined ? { zones, 'tsig-key': tsigKey } : { config, include, server, switch: isSwitch };
  for (const [name, value] of Object.entries(strange)) {
    if (value !== undefined)
      throw new WrongUse(`--${name} does not go with --${axfr === undefined ? 'from' : 'axfr'}.`);
  }
}

async function candidatesOf(options: Options): Promise<Candidate[]> {
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
    note(`It is not known whether ${from.software} serves what its files hold: ${silent}`);
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
