import { Option, type Command } from 'commander';
import { guide } from './terminal/guide.js';
import { newPassword, passwordOptions, type PasswordOptions } from './new-password.js';
import { note, say, table } from './terminal/output.js';
import { askService } from './service/running-service.js';
import { asksService, targetOf, type ServiceOptions } from './service/target.js';
import { confirm } from './terminal/terminal.js';

/** `dnscluster users list`. */
export function usersList(users: Command): void {
  const command = users.command('list').description('Who may log in to the bare-bones panel');
  guide(asksService(command), { examples: { 'users list': 'All users, root first.' } }).action(
    async (options: ServiceOptions) => {
      const { user: rows } = await askService(targetOf(options), 'listpanelusers');
      const lines = rows.map(({ user, kind, privileges }) => [user, kind, privileges.join(', ')]);
      const list = table(['USER', 'KIND', 'PRIVILEGES'], lines);
      say(options.json, rows, list === '' ? 'There are no users yet.\n' : list);
    },
  );
}

/** `dnscluster users add`. */
export function usersAdd(users: Command): void {
  const command = users
    .command('add')
    .description('Add a user of the bare-bones panel')
    .argument('<user>', 'small letters, digits, "_" and "-"')
    .addOption(new Option('--root', 'one who does all that root does').conflicts('privilege'))
    .addOption(new Option('--privilege <privilege...>', 'of a reseller, as clustering'));
  guide(asksService(passwordOptions(command)), {
    details:
      'A password has 12 to 256 characters. It is never taken from the command line, where everybody on the machine could read it.',
    examples: {
      'users add root --root': 'The first user; the password is asked for.',
      'users add ann --privilege clustering --generate': 'A reseller, with a password that is printed once.',
    },
  }).action(async (user: string, options: ServiceOptions & PasswordOptions & { root?: true; privilege?: string[] }) => {
    const target = targetOf(options);
    const { password, made } = await newPassword(user, options);
    const given = { user, password, root: options.root, acl: options.privilege };
    const added = await askService(target, 'addpaneluser', given);
    if (options.json !== true) note(`${user} may log in now.${made ? ' The password is shown once:' : ''}`);
    say(options.json, made ? { ...added, password } : added, made ? `${password}\n` : '');
  });
}

/** `dnscluster users password`. */
export function usersPassword(users: Command): void {
  const command = users
    .command('password')
    .description('Change the password of a user; who is logged in with the old one is logged out')
    .argument('<user>', 'as in the list of users');
  guide(asksService(passwordOptions(command)), {
    examples: { 'users password root': 'The new password is asked for.' },
  }).action(async (user: string, options: ServiceOptions & PasswordOptions) => {
    const target = targetOf(options);
    const { password, made } = await newPassword(user, options);
    await askService(target, 'setpanelpassword', { user, password });
    if (options.json !== true) note(`${user} has another password now.${made ? ' It is shown once:' : ''}`);
    say(options.json, made ? { user, password } : { user }, made ? `${password}\n` : '');
  });
}

/** `dnscluster users remove`. */
export function usersRemove(users: Command): void {
  const command = users
    .command('remove')
    .description('Remove a user of the bare-bones panel, and revoke their API tokens; their zones stay')
    .argument('<user>', 'as in the list of users')
    .option('-y, --yes', 'do not ask');
  guide(asksService(command), {
    examples: { 'users remove ann --yes': 'Remove ann without being asked, as in a script.' },
  }).action(async (user: string, options: ServiceOptions & { yes?: true }) => {
    const target = targetOf(options);
    await confirm(`${user} is logged out and can't log in any more, and their API tokens are revoked.`, options.yes);
    const gone = await askService(target, 'removepaneluser', { user });
    const tokens = gone.revoked.length === 0 ? '' : ` Revoked tokens: ${gone.revoked.join(', ')}.`;
    say(options.json, gone, `${user} is removed.${tokens}\n`);
  });
}
