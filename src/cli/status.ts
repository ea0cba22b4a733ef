import type { Command } from 'commander';
import { nameserverLine } from '../presentation/words.js';
import { EXIT } from './terminal/failure.js';
import { guide } from './terminal/guide.js';
import { memberTable } from './members/member-rows.js';
import { say } from './terminal/output.js';
import { askService, type AnswerOf } from './service/running-service.js';
import { asksService, targetOf, type ServiceOptions } from './service/target.js';

type Status = AnswerOf<'clusterstatus'>;

/** `dnscluster status`: the server, its nameserver, its members. */
export function statusCommand(program: Command): void {
  const command = program
    .command('status')
    .description('Show the state of this server, its nameserver and its members');
  guide(asksService(command), {
    details:
      'It exits with 1 if the nameserver does not run, a member fails or is disabled, or a zone file is missing or broken.',
    examples: { status: 'The service on this machine.', 'status --json': 'The same for a script.' },
  }).action(run);
}

async function run(options: ServiceOptions): Promise<void> {
  const found = await askService(targetOf(options), 'clusterstatus');
  say(options.json, found, words(found));
  const { nameserver, members, damaged } = found;
  const isWell = nameserver.running && damaged.length === 0 && members.every(({ state }) => state === 'online');
  if (!isWell) process.exitCode = EXIT.problems;
}

function words({ hostname, clustering, zones, nameserver, members, damaged }: Status): string {
  const runs = nameserver.running
    ? nameserverLine(nameserver)
    : `not running: ${nameserver.reason ?? 'no reason is known.'}`;
  const lines = [
    `Server: ${hostname}, ${zones} ${zones === 1 ? 'zone' : 'zones'}`,
    `Nameserver: ${runs}`,
    `Clustering: ${clustering ? 'on' : 'off; changes wait and are not lost'}`,
    `Members: ${members.length === 0 ? 'none' : members.length}`,
    ...damaged.map(({ zone, why }) => `Zone file of ${zone}: ${why}`),
  ];
  return `${lines.join('\n')}\n${members.length === 0 ? '' : '\n'}${memberTable(members)}`;
}
