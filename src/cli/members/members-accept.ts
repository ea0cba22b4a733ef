import type { Command } from 'commander';
import { isTrusted } from '../../members/cpanel/trust.js';
import { guide } from '../terminal/guide.js';
import { printMessage, say } from '../terminal/output.js';
import { WrongUse } from '../terminal/failure.js';
import { askService } from '../service/running-service.js';
import { asksService, targetOf, type ServiceOptions } from '../service/target.js';
import { memberTrust, trustOptions, type TrustOptions } from './member-options.js';
import { MEMBER, memberNamed } from './member-rows.js';

type Options = ServiceOptions & TrustOptions;

/** `dnscluster members accept`. */
export function membersAccept(members: Command): void {
  const command = members
    .command('accept')
    .description('Accept the certificate that a member shows now, after it was renewed')
    .argument('<member>', MEMBER);
  guide(asksService(trustOptions(command)), {
    details:
      'You see the accepted certificate and the present one. Accept it if the member itself prints the same fingerprint; it gets all zones again then.',
    examples: {
      'members accept ns1.example.com': 'Look at it, compare, accept.',
      'members accept ns1.example.com --member-fingerprint AB:CD:…': 'The same in a script.',
    },
  }).action(run);
}

async function run(name: string, options: Options): Promise<void> {
  const target = targetOf(options);
  const before = await memberNamed(target, name);
  const { id, hostname, host, port, ca } = before;
  if (port === 0) throw new WrongUse(`${hostname} shows no certificate that could be accepted.`);
  const { trust, memberFingerprint: given } = options;
  if (given === undefined && trust === undefined && options.ca === undefined) {
    const shown = await askService(target, 'lookatserver', { host, port, ca });
    if (isTrusted(before, shown)) {
      say(options.json, before, `${hostname} shows what it is known by. There is nothing to accept.\n`);
      return;
    }
    printMessage(`Accepted until now:\n${before.fingerprint}`);
  }
  const trusted = await memberTrust(target, { host, port }, options, before);
  const row = await askService(target, 'editmember', { member: id, ...trusted });
  say(options.json, row, `The certificate of ${hostname} is accepted: ${row.fingerprint}\n`);
}
