import { Option, type Command } from 'commander';
import { guide } from './terminal/guide.js';
import { newPassword, passwordOptions, type PasswordOptions } from './new-password.js';
import { printMessage, say, table } from './terminal/output.js';
import { askService } from './service/running-service.js';
import { asksService, targetOf, type ServiceOptions } from './service/target.js';
import { confirm } from './terminal/terminal.js';

/** `dnscluster users list`. */
export function usersList(users: Command): void {
  const command = users.command('list').description('List the users of the bare-bones panel');
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
    .argument('<user>', 'lowercase letters, digits, "_" and "-"')
    .addOption(new Option('--root', 'a user with all the rights of root').conflicts('privilege'))
    .addOption(new Option('--privilege <privilege...>', 'privileges of a reseller, for example clustering'));
  guide(asksService(passwordOptions(command)), {
    details:
      'A password has 12 to 256 characters. It is never read from the command line, where everybody could see it.',
    examples: {
      'users add root --root': 'The first user; you are asked for the password.',
      'users add ann --privilege clustering --generate': 'A reseller, with a generated password that is printed once.',
    },
  }).action(async (user: string, options: ServiceOptions & PasswordOptions & { root?: true; privilege?: string[] }) => {
    const target = targetOf(options);
    const { password, made } = await newPassword(user, options);
    const given = { user, password, root: options.root, acl: options.privilege };
    const added = await askService(target, 'addpaneluser', given);
    if (options.json !== true)
      printMessage(`${user} may log in now.${made ? ' The password is shown only once:' : ''}`);
    say(options.json, made ? { ...added, password } : added, made ? `${password}\n` : '');
  });
}

/** `dnscluster users password`. */
export function usersPassword(users: Command): void {
  const command = users
    .command('password')
    .description('Change the password of a user; sessions with the old one end')
    .argument('<user>', 'name of the user');
  guide(asksService(passwordOptions(command)), {
    examples: { 'users password root': 'You are asked for the new password.' },
  }).action(async (user: string, options: ServiceOptions & PasswordOptions) => {
    const target = targetOf(options);
    const { password, made } = await newPassword(user, options);
    await askService(target, 'setpanelpassword', { user, password });
    if (options.json !== true) printMessage(`${user} has a new password.${made ? ' It is shown only once:' : ''}`);
    say(options.json, made ? { user, password } : { user }, made ? `${password}\n` : '');
  });
}

interface RemovalOptions extends ServiceOptions {
  zonesTo?: string;
  removeZones?: true;
  yes?: true;
}

/** `dnscluster users remove`. */
export function usersRemove(users: Command): void {
  const command = users
    .command('remove')
    .description('Remove a user of the bare-bones panel and revoke their API tokens')
    .argument('<user>', 'name of the user')
    .option('--zones-to <user>', 'give their zones to this user')
    .addOption(new Option('--remove-zones', 'remove their zones, here and at the members').conflicts('zonesTo'))
    .option('-y, --yes', 'do not ask for confirmation');
  guide(asksService(command), {
    details: `A user who has zones is not removed until you say what becomes of them. Servers that the user added to the cluster
are sent nothing more, and keep what they have.`,
    examples: {
      'users remove ann --zones-to bob': 'Give the zones of ann to bob, then remove ann.',
      'users remove ann --yes': 'Remove ann, who has no zones, without a question, as in a script.',
    },
  }).action(async (user: string, options: RemovalOptions) => {
    const { zonesTo: zones_to, removeZones: remove_zones } = options;
    const target = targetOf(options);
    const loss = remove_zones === true ? await zonesInWords(target, user) : '';
    await confirm(`${user} will be logged out for good, and their API tokens revoked.${loss}`, options.yes);
    const gone = await askService(target, 'removepaneluser', { user, zones_to, remove_zones });
    const tokens = gone.revoked.length === 0 ? '' : ` Revoked tokens: ${gone.revoked.join(', ')}.`;
    const became = zones_to === undefined ? 'Removed' : `Given to ${zones_to}`;
    const zones = gone.zones === 0 ? '' : ` ${became}: ${counted(gone.zones)}.`;
    const members = gone.members.length === 0 ? '' : ` No longer members: ${gone.members.join(', ')}.`;
    say(options.json, gone, `${user} was removed.${tokens}${zones}${members}\n`);
  });
}

/** How many zones of a user will be removed. */
async function zonesInWords(target: ReturnType<typeof targetOf>, user: string): Promise<string> {
  const { zone } = await askService(target, 'listzones');
  const theirs = zone.filter(({ owner, ownerRemoved, member }) => {
    return member === undefined && owner === user && ownerRemoved !== true;
  });
  return ` ${counted(theirs.length)} will be removed, here and at the members, and will no longer be served.`;
}

function counted(zones: number): string {
  return zones === 1 ? '1 zone' : `${zones} zones`;
}
