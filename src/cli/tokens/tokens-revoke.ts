import type { Command } from 'commander';
import { guide } from '../terminal/guide.js';
import { say } from '../terminal/output.js';
import { askService } from '../service/running-service.js';
import { asksService, targetOf, type ServiceOptions } from '../service/target.js';
import { confirm } from '../terminal/terminal.js';

/** `dnscluster tokens revoke`. */
export function tokensRevoke(tokens: Command): void {
  const command = tokens
    .command('revoke')
    .description('Revoke API tokens: they no longer work')
    .argument('<name...>', 'names of tokens')
    .option('--user <user>', 'revoke tokens of this user instead of root')
    .option('-y, --yes', 'do not ask for confirmation');
  guide(asksService(command), {
    examples: { 'tokens revoke web1 --yes': 'Revoke it without a question, as in a script.' },
  }).action(async (names: readonly string[], options: ServiceOptions & { user?: string; yes?: true }) => {
    const target = targetOf(options);
    const { user, yes, json } = options;
    const what = names.length === 1 ? `The token ${names.join()}` : `The tokens ${names.join(', ')}`;
    await confirm(`${what} will be revoked for good.`, yes);
    await askService(target, 'api_token_revoke', { token_name: names, user });
    say(json, { revoked: names }, `${what} ${names.length === 1 ? 'was' : 'were'} revoked.\n`);
  });
}
