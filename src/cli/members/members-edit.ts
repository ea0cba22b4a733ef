import { Option, type Command } from 'commander';
import { WrongUse } from '../terminal/failure.js';
import { guide } from '../terminal/guide.js';
import { fieldsOf, memberOptions, memberToken, memberTrust, type MemberOptions } from './member-options.js';
import { MEMBER, memberNamed, ROLES } from './member-rows.js';
import { say } from '../terminal/output.js';
import { askService } from '../service/running-service.js';
import { asksService, targetOf, type ServiceOptions } from '../service/target.js';

type Options = ServiceOptions & MemberOptions & { role?: string; host?: string };

/** `dnscluster members edit`. */
export function membersEdit(members: Command): void {
  const command = members
    .command('edit')
    .description('Change the address, credentials or role of a member, after they were tested; the rest stays')
    .argument('<member>', MEMBER)
    .option('--host <host>', 'its new host name or address')
    .addOption(new Option('--role <role>', 'its DNS role').choices(ROLES));
  guide(asksService(memberOptions(command)), {
    details:
      'At a new address you are asked to accept the certificate, unless it is what the member is known by already.',
    examples: {
      'members edit ns1.example.com --member-token-file token': 'Use a new token from now on.',
      'members edit ns1.example.com --host 192.0.2.53': 'Use its new address.',
      'members edit ns1.example.com --trust key': 'Let renewed certificates with the same key pass.',
    },
  }).action(run);
}

async function run(name: string, options: Options): Promise<void> {
  const target = targetOf(options);
  const before = await memberNamed(target, name);
  const { host, port, dnsPort: dnsport, user, role, memberTokenFile } = options;
  const { memberFingerprint: given, trust, ca } = options;
  const fields = fieldsOf(options);
  const token = memberTokenFile === undefined ? undefined : await memberToken(options, before.host);
  const change = { ...fields, host, port, dnsport, user, role, token };
  if ([given, trust, ca, ...Object.values(change)].every((value) => value === undefined)) {
    throw new WrongUse('Name what to change, for example --host or --role.');
  }
  const isMoved = (host ?? before.host) !== before.host || (port ?? before.port) !== before.port;
  const at = { host: host ?? before.host, port: port ?? before.port };
  const isAsked = isMoved || given !== undefined || trust !== undefined || ca !== undefined;
  const trusted = isAsked ? await memberTrust(target, at, options, before) : {};
  const row = await askService(target, 'editmember', { ...change, ...trusted, member: before.id });
  say(options.json, row, `${row.hostname} was changed: ${row.host}, port ${row.port}, role ${row.role}.\n`);
}
