import type { Command } from 'commander';
import { timeAgo } from '../../presentation/words.js';
import { guide } from '../terminal/guide.js';
import { say, table } from '../terminal/output.js';
import { askService } from '../service/running-service.js';
import { asksService, targetOf, type ServiceOptions } from '../service/target.js';
import { dayOf } from './tokens-create.js';

/** `dnscluster tokens list`. */
export function tokensList(tokens: Command): void {
  const command = tokens
    .command('list')
    .description('List API tokens: privileges, expiry, addresses, and last use')
    .option('--user <user>', 'list the tokens of this user instead of root');
  guide(asksService(command), {
    examples: { 'tokens list': 'The tokens of root.', 'tokens list --user ann': 'The tokens of ann.' },
  }).action(async ({ user, ...options }: ServiceOptions & { user?: string }) => {
    const { tokens: found } = await askService(targetOf(options), 'api_token_list', { user });
    const rows = Object.values(found).map(({ name, acls, expires_at: end, whitelist_ips: from, last_used: used }) => [
      name,
      Object.entries(acls)
        .filter(([, given]) => given === 1)
        .map(([privilege]) => privilege)
        .join(', '),
      end === null ? 'never' : dayOf(end),
      from === null ? 'anywhere' : from.join(', '),
      used === null ? 'never' : timeAgo(used * 1_000),
    ]);
    const list = table(['TOKEN', 'PRIVILEGES', 'EXPIRES', 'FROM', 'USED'], rows);
    say(options.json, Object.values(found), list === '' ? 'There are no tokens.\n' : list);
  });
}
