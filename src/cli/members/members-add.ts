import { Option, type Command } from 'commander';
import { CPANEL, isServerType } from '../../cluster/model/member.js';
import type { MemberRow } from '../../web/whm-api/answers/member-answer.js';
import { EXIT, WrongUse } from '../terminal/failure.js';
import { guide } from '../terminal/guide.js';
import { fieldsOf, memberFingerprint, memberOptions, memberToken, type MemberOptions } from './member-options.js';
import { ROLES } from './member-rows.js';
import { note, say } from '../terminal/output.js';
import { askService, type Parameters } from '../service/running-service.js';
import { asksService, targetOf, type ServiceOptions, type Target } from '../service/target.js';

type Options = ServiceOptions & MemberOptions & { role: string; reverseTrust?: true };

/** `dnscluster members add`. */
export function membersAdd(members: Command): void {
  const command = members
    .command('add')
    .description('Add a member: its certificate, its token and its version are tried before anything is kept')
    .argument('[host]', 'its host name or address; none for another type than cpanel')
    .addOption(new Option('--role <role>', 'what it is for').choices(ROLES).makeOptionMandatory())
    .option('--reverse-trust', 'ask it to add this server, too')
    .option('--type <type>', 'of the member; its fields are given with --set');
  guide(asksService(memberOptions(command)), {
    details: `Make a token on the other server first ("dnscluster tokens create"). Its certificate is shown: accept it when its fingerprint is the one
that the server itself prints. Where nobody can be asked, give that fingerprint with --member-fingerprint.`,
    examples: {
      'members add ns1.example.com --role write-only': 'Add a nameserver; its token and its certificate are asked for.',
      'members add ns1.example.com --role sync --member-token-file token --member-fingerprint AB:CD:…':
        'The same in a script.',
      'members add --type vpsnet --role write-only --set username=me --set-file apikey=FILE':
        'Add a hosted DNS service.',
    },
  }).action(run);
}

async function run(host: string | undefined, options: Options): Promise<void> {
  const target = targetOf(options);
  const isServer = isServerType(options.type ?? CPANEL);
  if (isServer === (host === undefined)) {
    throw new WrongUse(
      isServer
        ? 'Name the host to add: members add HOST.'
        : `A member of the type ${options.type ?? ''} has no host: give its fields with --set.`,
    );
  }
  const { role, type } = options;
  const given =
    host === undefined ? { ...fieldsOf(options), type } : { ...(await serverOf(target, host, options)), type };
  const row = await askService(target, 'addmember', { ...given, role });
  say(options.json, row, words(row));
  const { reverseTrust } = row;
  if (reverseTrust !== undefined && !reverseTrust.established) {
    note(`${row.hostname} did not add this server: ${reverseTrust.said}`);
    process.exitCode = EXIT.problems;
  }
}

async function serverOf(target: Target, host: string, options: Options): Promise<Parameters> {
  const { port, dnsPort: dnsport, user = 'root', reverseTrust: reversetrust } = options;
  const fingerprint = await memberFingerprint(target, { host, port }, options.memberFingerprint);
  return { host, port, dnsport, user, fingerprint, reversetrust, token: await memberToken(options, host) };
}

function words({ hostname, role, zones, pending, reverseTrust }: MemberRow): string {
  const trust = reverseTrust?.established === true ? `${hostname} has added this server, too.\n` : '';
  const sent = role === 'standalone' ? '' : ` ${zones} zones go there by themselves (${pending} to send).`;
  return `${hostname} is added with the role ${role}.${sent}\n${trust}`;
}
