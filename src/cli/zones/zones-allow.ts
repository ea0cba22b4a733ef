import type { Command } from 'commander';
import { guide } from '../terminal/guide.js';
import { say } from '../terminal/output.js';
import { askService } from '../service/running-service.js';
import { asksService, targetOf, type ServiceOptions } from '../service/target.js';

/** `dnscluster zones allow`. */
export function zonesAllow(zones: Command): void {
  const command = zones
    .command('allow')
    .description('Allow an account names that the rules for names forbid')
    .argument('<account>', 'user name of the account')
    .argument('[zone...]', 'all names that it may make; none takes back what was allowed');
  guide(asksService(command), {
    details: `Accounts make no single labels, no public suffixes, no names of the cluster's servers, no reverse zones of whole networks,
and nothing at, above or below another account's zones. These names replace those that were allowed to the account.`,
    examples: {
      'zones allow ann ac.uk': 'Let ann make ac.uk.',
      'zones allow ann': 'Allow ann nothing beyond the rules.',
    },
  }).action(async (account: string, names: string[], options: ServiceOptions) => {
    const { settings } = await askService(targetOf(options), 'setallowednames', { account, zone: names });
    const allowed = settings.allowedNames.flatMap((one) => (one.account === account ? one.zone : []));
    const said = allowed.length === 0 ? 'no names beyond the rules' : allowed.join(', ');
    say(options.json, { account, allowed }, `${account} may make ${said}.\n`);
  });
}
