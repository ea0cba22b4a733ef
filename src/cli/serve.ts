import { spawn } from 'node:child_process';
import type { Command } from 'commander';
import { SELF } from '../access/principal.js';
import { sentenceOf } from '../errors.js';
import { CONFIGURATION_FILE, readNodeConfiguration } from '../panel/node-configuration.js';
import type { RunningNode } from '../panel/node.js';
import { EXIT, WrongUse } from './terminal/failure.js';
import { printMessage } from './terminal/output.js';

/** Milliseconds for an ordered end: what is in hand is written, connections are closed. */
const STOP_WITHIN = 30_000;
/** For what is still open then, milliseconds: a question to the system's resolver can't be cut off. */
const LINGER = 500;

const HELP = `
The file sets name, folder, host, port, address, nameserver, memberTypes and tls of this server (docs/operations.md).
The server runs in the foreground until SIGTERM or SIGINT. It logs to node.log in its folder, and warnings and errors
to standard error.

Exit codes: 0 ended as asked, 1 could not start or did not end in time, 2 the configuration is wrong.`;

/** `dnscluster serve`: runs this server, panel and plugin, in the foreground. */
export function serve(program: Command): void {
  program
    .command('serve')
    .description('Run this server: pages, API and nameserver')
    .option('--config <file>', 'its configuration file', CONFIGURATION_FILE)
    .addHelpText('after', HELP)
    .exitOverride()
    .action(run);
}

async function run({ config }: { config: string }): Promise<void> {
  const asked = endAsked();
  const settings = await readNodeConfiguration(config).catch((error: unknown) => {
    throw new WrongUse(sentenceOf(error), error);
  });
  const { name } = settings;
  // Loaded only now: the other commands need none of it, and answer sooner.
  const { startNode } = await import('../panel/node.js');
  const node = await startNode({ ...settings, console: 'warn' });
  printMessage(await described(name, node));
  await tellSupervisor('READY=1');
  const signal = await asked;
  await tellSupervisor('STOPPING=1');
  printMessage(`${name} ends (${signal})`);
  const late = setTimeout(() => {
    printMessage(`${name} did not end within ${STOP_WITHIN / 1_000} seconds and is ended by force`);
    process.exit(EXIT.problems);
  }, STOP_WITHIN);
  await node.stop();
  clearTimeout(late);
  printMessage(`${name} has ended`);
  setTimeout(() => process.exit(), LINGER).unref();
}

/** Listens from the first moment: who is asked to end during a long start ends after it. */
function endAsked(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, resolve);
  });
}

async function described(name: string, { url, fingerprint, plugin }: RunningNode): Promise<string> {
  const { zones, nameserver } = await plugin.cluster.status(SELF);
  const { software, version, running, reason } = nameserver;
  const serving = running ? `${software} ${version}`.trim() : `no nameserver yet: ${reason ?? 'it does not run'}`;
  return `${name} is ready at ${url}, certificate ${fingerprint}, ${zones} zones, ${serving}`;
}

/** Where systemd started us it waits to be told. Its socket is of a kind that Node can't open; its own program can. */
async function tellSupervisor(what: 'READY=1' | 'STOPPING=1'): Promise<void> {
  if (process.env['NOTIFY_SOCKET'] === undefined) return;
  const child = spawn('systemd-notify', [what], { stdio: 'ignore' });
  await new Promise((resolve) => child.once('error', resolve).once('exit', resolve));
}
