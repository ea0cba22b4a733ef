import { Option, type Command } from 'commander';
import { isServerType } from '../../cluster/model/member.js';
import { CPANEL } from '../../members/member-type.js';
import type { MemberRow } from '../../web/whm-api/answers/member-answer.js';
import { EXIT, WrongUse } from '../terminal/failure.js';
import { guide } from '../terminal/guide.js';
import { fieldsOf, memberOptions, memberToken, memberTrust, type MemberOptions } from './member-options.js';
import { ROLES } from './member-rows.js';
import { printMessage, say } from '../terminal/output.js';
import { askService, type Parameters } from '../service/running-service.js';
import { asksService, targetOf, type ServiceOptions, type Target } from '../service/target.js';

type Options = ServiceOptions & MemberOptions & { role: string; reverseTrust?: true };

/** `dnscluster members add`. */
export function membersAdd(members: Command): void {
  const command = members
    .command('add')
    .description('Add a member, after its certificate, token and version were checked')
    .argument('[host]', 'host name or address; none for a type other than cpanel')
    .addOption(new Option('--role <role>', 'its DNS role').choices(ROLES).makeOptionMandatory())
    .option('--reverse-trust', 'ask it to add this server too')
    .option('--type <type>', 'its member type; give the fields with --set');
  guide(asksService(memberOptions(command)), {
    details: `Create a token on the other server first ("dnscluster tokens create"). Then its certificate is shown: accept it if the
server itself prints the same fingerprint. In a script, pass that fingerprint with --member-fingerprint. It is known by
its key from then on: a renewal with the same key passes, and so does a key that the present one signed. --trust
certificate asks you after each renewal; --trust ca takes what a public authority, or the one of --ca, signed for HOST.`,
    examples: {
      'members add ns1.example.com --role write-only':
        'Add a nameserver; you are asked for its token and its certificate.',
      'members add ns1.example.com --role sync --member-token-file token --member-fingerprint AB:CD:…':
        'The same in a script.',
      'members add whm.example.com --role sync --trust ca --member-token-file token':
        'Add a cPanel server with a certificate of a public authority.',
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
        : `A member of the type ${options.type ?? ''} has no host. Give its fields with --set.`,
    );
  }
  const { role, type } = options;
  const given =
    host === undefined ? { ...fieldsOf(options), type } : { ...(await serverOf(target, host, options)), type };
  const row = await askService(target, 'addmember', { ...given, role });
  say(options.json, row, words(row));
  const { reverseTrust } = row;
  if (reverseTrust !== undefined && !reverseTrust.established) {
    printMessage(`${row.hostname} did not add this server: ${reverseTrust.said}`);
    process.exitCode = EXIT.problems;
  }
}

async function serverOf(target: Target, host: string, options: Options): Promise<Parameters> {
  const { port, dnsPort: dnsport, user = 'root', reverseTrust: reversetrust } = options;
  const trusted = await memberTrust(target, { host, port }, options);
  return { host, port, dnsport, user, ...trusted, reversetrust, token: await memberToken(options, host) };
}

function words({ hostname, role, zones, pending, reverseTrust }: MemberRow): string {
  const trust = reverseTrust?.established === true ? `${hostname} added this server too.\n` : '';
  const sent = role === 'standalone' ? '' : ` ${zones} zones are sent to it automatically (${pending} to go).`;
  return `${hostname} was added with the role ${role}.${sent}\n${trust}`;
}
