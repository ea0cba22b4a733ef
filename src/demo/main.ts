#!/usr/bin/env node
/** `npm start`: the whole product on one machine, with nothing to set up. */
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError, Option } from 'commander';
import { sentenceOf } from '../errors.js';
import { DEFAULT_KIND } from '../nameservers/kinds.js';
import { NAMESERVER_KINDS, type NameserverKind } from '../nameservers/nameserver-settings.js';
import { PACKAGE_ROOT } from '../operations/version.js';
import { runCommand } from './commands.js';
import { Demo } from './demo.js';
import { welcome } from './welcome.js';

interface Options {
  zones: string;
  data?: string;
  ports?: number;
  nameserver: NameserverKind;
  json?: boolean;
}

const program = new Command('npm start --')
  .description('Starts a web server panel and two nameservers on loopback ports, and keeps their zones the same.')
  .option(
    '--zones <folder>',
    'import the zone files of this folder',
    fileURLToPath(new URL('examples/zones', PACKAGE_ROOT)),
  )
  .option('--data <folder>', 'keep everything in this folder (default: a temporary one, thrown away at the end)')
  .option('--ports <first>', 'use six ports from this one on (default: free ones)', portNumber)
  .addOption(
    new Option('--nameserver <kind>', 'the nameserver of each node').choices(NAMESERVER_KINDS).default(DEFAULT_KIND),
  )
  .option(
    '--json',
    'print one line of JSON on standard output when all is ready; text for people goes to standard error',
  )
  .addHelpText('after', '\nCommands on standard input: stop NAME, start NAME, status, quit. NAME is web, ns1 or ns2.')
  .parse();
const options = program.opts<Options>();

function portNumber(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1024 || port > 65_000)
    throw new InvalidArgumentError('a port from 1024 to 65000');
  return port;
}

const out = options.json === true ? process.stderr : process.stdout;
const say = (text: string): void => {
  out.write(`${text}\n`);
};

async function main(): Promise<void> {
  const ended = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => ended.abort());
  const demo = await Demo.start({ ...options, data: options.data, ports: options.ports }, say);
  const close = async (): Promise<void> => {
    say('stopping');
    await demo.close();
    process.exit(0);
  };
  ended.signal.addEventListener('abort', () => void close());
  if (ended.signal.aborted) {
    await close();
    return;
  }
  void demo.ready.then(() => {
    if (options.json === true) process.stdout.write(`${JSON.stringify(demo.line())}\n`);
    else say(welcome(demo.line(), options.nameserver));
  });
  // The end of standard input ends nothing: scripts run the demo with none.
  for await (const line of createInterface({ input: process.stdin })) {
    if ((await runCommand(demo, line, say)) === 'quit') ended.abort();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`The demo could not start: ${sentenceOf(error)}\n`);
  process.exitCode = 1;
});
