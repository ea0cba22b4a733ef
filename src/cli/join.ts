import { Option, type Command } from 'commander';
import { CONFIGURATION_FILE } from '../panel/node-configuration.js';
import { Facts } from './doctor/facts.js';
import { findingLines, type Row } from './doctor/finding-lines.js';
import { EXIT, WrongUse } from './terminal/failure.js';
import { guide } from './terminal/guide.js';
import { givenToken } from './join/given-token.js';
import { becomeMember } from './join/membership.js';
import { checkOther } from './join/other-server.js';
import { checkHere } from './join/this-server.js';
import { say } from './terminal/output.js';
import { remoteTarget, type ServiceOptions } from './service/target.js';

/** The token and the fingerprint are the other server's. */
interface Options extends Omit<ServiceOptions, 'folder' | 'url'> {
  address?: string;
  role: string;
  config: string;
  check?: true;
  name?: string;
}

/** `dnscluster join`: makes this server a member of another one's cluster. */
export function join(program: Command): void {
  const command = program
    .command('join')
    .description("Make this server a member of another server's cluster, which then sends its zones here")
    .argument('<url>', 'the other server, such as https://web.example.com:2087')
    .option('--token-file <file>', 'a file with a token of the other server; - is standard input (DNSCLUSTER_TOKEN)')
    .option('--token <token>', 'the token itself; others on this machine may see it')
    .option(
      '--fingerprint <sha256>',
      "the fingerprint of the other server's certificate, as it prints it (DNSCLUSTER_FINGERPRINT)",
    )
    .option('--address <address>', 'the address of this server for the other; default: the one that the other sees')
    .addOption(
      new Option('--role <role>', 'the role of this server there')
        .choices(['write-only', 'sync'])
        .default('write-only'),
    )
    .option('--config <file>', 'the configuration file of this server', CONFIGURATION_FILE)
    .option('--check', 'only check; change nothing')
    .option('--name <name>', 'with --check, before there is a configuration: the name of this server')
    .option('--json', 'print one line of JSON, for programs');
  guide(command, {
    details: `Needs a token of root on the other server with the privilege clustering; you are asked for it if none is given. You are
also asked to accept the other server's certificate, unless its fingerprint is given.

Everything is checked first: here the service, its folders, its ports and its nameserver; there the token, the version,
the clock, whether the name is free, and the address that the other server sees. Then a token for the other server is
created here, and the other server adds this one. Finally, it says whether it reaches the API and, over UDP and TCP, the
nameserver here. If that fails, everything is undone.

Run a second time, it only checks, and repairs what the other server knows about this one. It exits with 1 if something
is wrong.`,
    examples: {
      'join https://web.example.com:2087': 'Get the zones of web.example.com from now on; you are asked for the token.',
      'join https://web.example.com:2087 --token-file - < token': 'The same in a script.',
      'join https://web.example.com:2087 --token-file token --check': 'Only check whether it would work.',
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
      `${facts.configurationFault?.why ?? ''} Name the configuration of this server with --config. Without one, only --check with --name is possible.`,
    );
  }
  const other = remoteTarget(url, await givenToken(options, url), options.fingerprint);
  const here = await checkHere(facts);
  const { fingerprint, keyPin } = here;
  const address = options.address ?? facts.settings?.address;
  const there = await checkOther(other, { name, address, fingerprint, keyPin });
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
        : 'Repair the problems, and join again.';
  say(options.json, { ok: well, server: there.hostname, findings: rows }, `${findingLines(rows)}\n${end}\n`);
  if (!well) process.exitCode = EXIT.problems;
}

function isWell(rows: readonly Row[]): boolean {
  return rows.every(({ state }) => state !== 'wrong');
}
