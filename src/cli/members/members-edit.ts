import { Option, type Command } from 'commander';
import { WrongUse } from '../terminal/failure.js';
import { guide } from '../terminal/guide.js';
import { fieldsOf, memberFingerprint, memberOptions, memberToken, type MemberOptions } from './member-options.js';
import { MEMBER, memberNamed, ROLES } from './member-rows.js';
import { say } from '../terminal/output.js';
import { askService } from '../service/running-service.js';
import { asksService, targetOf, type ServiceOptions } from '../service/target.js';

type Options = ServiceOptions & MemberOptions & { role?: string; host?: string };

/** `dnscluster members edit`. */
export function membersEdit(members: Command): void {
  const command = members
    .command('edit')
    .description(
      'Change address, credentials or role of a member, after it answered with them; what is not named stays',
    )
    .argument('<member>', MEMBER)
    .option('--host <host>', 'its new host name or address')
    .addOption(new Option('--role <role>', 'what it is for').choices(ROLES));
  guide(asksService(memberOptions(command)), {
    details: 'Another address is another server until its certificate is accepted, as when it was added.',
    examples: {
      'members edit ns1.example.com --member-token-file token': 'Use a new token from now on.',
      'members edit ns1.example.com --host 192.0.2.53': 'It has another address now.',
    },
  }).action(run);
}

async function run(name: string, options: Options): Promise<void> {
  const target = targetOf(options);
  const before = await memberNamed(target, name);
  const { host, port, dnsPort: dnsport, user, role, memberTokenFile, memberFingerprint: given } = options;
  const fields = fieldsOf(options);
  const token = memberTokenFile === undefined ? undefined : await memberToken(options, before.host);
  const change = { ...fields, host, port, dnsport, user, role, token };
  if (given === undefined && Object.values(change).every((value) => value === undefined)) {
    throw new WrongUse('Say what is to be different of the member, as --host or --role.');
  }
  const isMoved = (host ?? before.host) !== before.host || (port ?? before.port) !== before.port;
  const at = { host: host ?? before.host, port: port ?? before.port };
  const fingerprint = isMoved ? await memberFingerprint(target, at, given) : given;
  const row = await askService(target, 'editmember', { ...change, fingerprint, member: before.id });
  say(options.json, row, `${row.hostname} is changed: ${row.host}, port ${row.port}, role ${row.role}.\n`);
}
