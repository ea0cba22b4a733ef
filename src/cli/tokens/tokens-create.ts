import { InvalidArgumentError, Option, type Command } from 'commander';
import { PRIVILEGES } from '../../access/privileges.js';
import { guide } from '../terminal/guide.js';
import { printMessage, say } from '../terminal/output.js';
import { askService } from '../service/running-service.js';
import { asksService, targetOf, type ServiceOptions } from '../service/target.js';

interface Options extends ServiceOptions {
  privilege: readonly string[];
  expires?: number;
  address?: readonly string[];
}

/** `dnscluster tokens create`. */
export function tokensCreate(tokens: Command): void {
  const command = tokens
    .command('create')
    .description('Create an API token; it is printed once and kept nowhere')
    .argument('<name>', 'letters, digits, "_" and "-"')
    .addOption(
      new Option('--privilege <privilege...>', 'what it may do')
        .choices(PRIVILEGES.map(({ name }) => name))
        .default(['clustering'], 'clustering'),
    )
    .option('--expires <when>', 'a date (2027-01-31), or a time from now (90d, 12h)', timeOf)
    .option('--address <address...>', 'the only addresses and ranges that it may be used from');
  guide(asksService(command), {
    details: 'Only the token goes to standard output.',
    examples: {
      'tokens create web1': 'A token with which web1 can add this server to its cluster.',
      'tokens create script --privilege all --expires 90d --address 192.0.2.0/24 > token':
        'A token for a script, in a file.',
    },
  }).action(async (name: string, options: Options) => {
    const given = {
      token_name: name,
      acl: options.privilege,
      expires_at: options.expires,
      whitelist_ip: options.address,
    };
    const { token, ...details } = await askService(targetOf(options), 'api_token_create', given);
    const until = details.expires_at === null ? '' : ` until ${dayOf(details.expires_at)}`;
    if (options.json !== true)
      printMessage(
        `The token ${details.name} has the privileges ${details.acls.join(', ')}${until}. It is shown only once:`,
      );
    say(options.json, { token, ...details }, `${token}\n`);
  });
}

/** A Unix time in UTC, as `2027-01-31 00:00Z`. */
export function dayOf(seconds: number): string {
  return `${new Date(seconds * 1_000).toISOString().slice(0, 16).replace('T', ' ')}Z`;
}

const SECONDS: Readonly<Record<string, number>> = { d: 86_400, h: 3_600 };

/** Unix seconds. */
function timeOf(text: string): number {
  const [, count, unit = ''] = /^([0-9]{1,5})([dh])$/.exec(text) ?? [];
  if (count !== undefined) return Math.floor(Date.now() / 1_000) + Number(count) * (SECONDS[unit] ?? 0);
  const day = Date.parse(text);
  if (Number.isNaN(day)) throw new InvalidArgumentError('Enter it as 2027-01-31, 90d or 12h.');
  return Math.floor(day / 1_000);
}
