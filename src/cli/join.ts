import { Option, type Command } from 'commander';
import { CONFIGURATION_FILE } from '../panel/node-configuration.js';
import { Facts } from './doctor/facts.js';
import { findingLines, type Row } from './doctor/finding-lines.js';
import { EXIT, WrongUse } from './terminal/failure.js';
import { guide } from './terminal/guide.js';
import { givenToken } from './join/given-token.js';
import { becomeMember } from './join/membership.js';
import { lookAtOther } from './join/other-server.js';
import { lookHere } from './join/this-server.js';
import { say } from './terminal/output.js';
import { remoteTarget } from './service/target.js';

interface Options {
  token?: string;
  tokenFile?: string;
  fingerprint?: string;
  address?: string;
  role: string;
  config: string;
  check?: true;
  name?: string;
  json?: true;
}

/** `dnscluster join`: makes this server a member of another one's cluster. */
export function join(program: Command): void {
  const command = program
    .command('join')
    .description("Make this server a member of another one's cluster: that one sends its zones here from then on")
    .argument('<url>', 'of the other server, as https://web.example.com:2087')
    .option('--token-file <file>', 'that holds a token of the other server, - is standard input (DNSCLUSTER_TOKEN)')
    .option('--token <token>', 'the token itself; others on this machine may see it')
    .option('--fingerprint <sha256>', "of the other server's certificate, as it prints it (DNSCLUSTER_FINGERPRINT)")
    .option('--address <address>', 'by which the other is to reach this server; what it sees where absent')
    .addOption(
      new Option('--role <role>', 'of this server there').choices(['write-only', 'sync']).default('write-only'),
    )
    .option('--config <file>', 'the configuration of this server', CONFIGURATION_FILE)
    .option('--check', 'only look whether everything agrees; change nothing')
    .option('--name <name>', 'with --check, before there is a configuration: what this server is to be called')
    .option('--json', 'print the answer as one line of JSON, for programs');
  guide(command, {
    details: `Needs a token of root on the other server with the privilege clustering; where none is given, it is asked for. The other server's certificate
is shown and asked about, unless its fingerprint is given.

Everything that must agree is looked at first: here the service, its folders, its ports and its nameserver; there the token, the version, the clock, whether
the name is free, and the address that the other server sees. Then a token is made here for the other server, and that one adds this server. At last it says
whether it reaches the API and, over UDP and TCP, the nameserver here. Nothing is left behind where it does not come to that.

A second time it only looks whether all is well, and repairs what the other server knows of this one. It exits with 1 where something is wrong.`,
    examples: {
      'join https://web.example.com:2087': 'Get the zones of web.example.com from now on; the token is asked for.',
      'join https://web.example.com:2087 --token-file - < token': 'The same in a script.',
      'join https://web.example.com:2087 --token-file token --check': 'Only look whether it would go well.',
    },
  }).action(run);
}

async function run(url: string, options: Options): Promise<void> {
  const { check, config, role } = options;
  // Before anything that takes time.
  if (options.token !== undefined) process.title = 'dnscluster join';
  const facts = await Facts.gather({ config });
  const name = (facts.settings?.name ?? options.name ?? '').toLowerCase();
  if (facts.settings === undefined && (check !== true || name === '' || facts.configurationFault?.isMissing !== true)) {
    throw new WrongUse(
      `${facts.configurationFault?.why ?? ''} Name the configuration of this server with --config; before there is one, only --check with --name is possible.`,
    );
  }
  const other = remoteTarget(url, await givenToken(options, url), options.fingerprint);
  const here = await lookHere(facts);
  const { fingerprint } = here;
  const address = options.address ?? facts.settings?.address;
  const there = await lookAtOther(other, { name, address, fingerprint });
  const rows: Row[] = [...here.findings, ...there.findings];
  if (check !== true && isWell(rows) && facts.settings !== undefined && fingerprint !== undefined) {
    rows.push(...(await becomeMember(there, { settings: facts.settings, fingerprint, role })));
  }
  const well = isWell(rows);
  const end =
    check === true
      ? 'Nothing was changed.'
      : well
        ? `${name} is a member of the cluster of ${there.hostname}.`
        : 'Repair what is wrong, and join again.';
  say(options.json, { ok: well, server: there.hostname, findings: rows }, `${findingLines(rows)}\n${end}\n`);
  if (!well) process.exitCode = EXIT.problems;
}

function isWell(rows: readonly Row[]): boolean {
  return rows.every(({ state }) => state !== 'wrong');
}
