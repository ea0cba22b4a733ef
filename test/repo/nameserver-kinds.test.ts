import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { DEFAULT_KIND } from '../../src/nameservers/kinds.js';
import { NAMESERVER_KINDS, nameserverSettings, operatedServers } from '../../src/nameservers/nameserver-settings.js';

const HEADINGS = ['What it is', 'Configuration', 'How changes are applied', 'Read-back', 'Limits'];

/** Files and folders, other than a kind's own, that name one, and why. It may only shrink. */
const NAMING: Readonly<Record<string, string>> = {
  'bench/': 'measures this software with one kind beside what that software does alone',
  'src/members/member-types.ts': 'lists member types',
  'src/members/powerdns-api/': 'a member type',
  'test/browser/pages.test.ts': 'shows the form of a member type',
  'test/debian-packages': 'a database for the tests of a member type',
  'test/faults/dead-nameserver.test.ts': 'wants a server that drops questions while it hangs',
  'test/install/': 'says what the packages of each leave on a machine',
  'test/members/': 'member types',
  'test/panel/node-configuration.test.ts': 'every kind as a person writes it',
  'test/servers/transfer.test.ts': 'primaries with the syntax of their keys',
  'test/state/include-file.test.ts': 'writes the file in one syntax',
};

const operated = [...operatedServers()];
const distinctive = operated.flatMap(([kind, { software, program }]) => [kind, software, program]);
/** Words that mean other things, too, and count only where they stand for a kind: as a string of its own. */
const PLAIN = ['bind', DEFAULT_KIND];
const words = distinctive.filter((word) => !PLAIN.includes(word.toLowerCase()) && word !== 'named');
const NAME = new RegExp(`\\b(${words.join('|')}|pdns|knotc)\\b`, 'i');
const QUOTED = new RegExp(`(['"\`])(${PLAIN.join('|')})\\1`);

const tracked = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' })
  .split('\n')
  .filter((file) => /^(src|installer|install\.sh|templates|views|public|package\.json|bench|test)\b/.test(file))
  .filter((file) => existsSync(file) && !/\.(png|pcap|gz)$/.test(file));
const isOfKinds = (file: string): boolean =>
  file === 'src/nameservers/kinds.ts' ||
  file === 'test/repo/nameserver-kinds.test.ts' ||
  NAMESERVER_KINDS.some((kind) => file.includes(`/nameservers/${kind}/`) || file.startsWith(`test/servers/${kind}/`));
// Tests take the two plain kinds as an example of a nameserver.
const naming = tracked.filter((file) => {
  const text = isOfKinds(file) ? '' : readFileSync(file, 'utf8');
  return NAME.test(text) || (!file.startsWith('test/') && QUOTED.test(text));
});

describe('a nameserver is one folder and one line', () => {
  test('no file names a kind but those of its folder, the table of kinds, and a few with a reason', () => {
    const allowed = Object.keys(NAMING);
    const strange = naming.filter((file) => !allowed.some((path) => file === path || file.startsWith(path)));
    expect(strange).toEqual([]);
    expect(allowed.filter((path) => !naming.some((file) => file.startsWith(path)))).toEqual([]);
  });

  test.each(NAMESERVER_KINDS)('the folder of %s tells people what they look for', (kind) => {
    const text = readFileSync(`src/nameservers/${kind}/README.md`, 'utf8');
    expect([...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)).toEqual(HEADINGS);
    expect(readFileSync('docs/nameservers.md', 'utf8')).toContain(`\`${kind}\``);
  });

  test.each(NAMESERVER_KINDS)('the installer says of %s what the program says', (kind) => {
    const names = ['SETTINGS', 'CONFIGURATION', 'PROGRAM'].map((name) => `"$NAMESERVER_${name}"`).join(' ');
    const script = `. installer/common.sh; . src/nameservers/${kind}/install.sh; printf '%s\\n' ${names}`;
    const [settings = '', configuration, program] = execFileSync('bash', ['-euc', script], { encoding: 'utf8' }).split(
      '\n',
    );
    expect(nameserverSettings.parse(JSON.parse(settings))).toMatchObject({ kind, port: 53 });
    const server = operatedServers().get(kind);
    expect([configuration, program]).toEqual([server?.configuration ?? '', server?.program ?? '']);
  });

  test('install.sh knows every kind, and the same default', () => {
    const help = execFileSync('./install.sh', ['--help'], { encoding: 'utf8' });
    const [, kinds = '', byDefault] = /--nameserver KIND +(.*): the default is (\w+),/.exec(help) ?? [];
    expect(kinds.split(', ').sort()).toEqual([...NAMESERVER_KINDS].sort());
    expect(byDefault).toBe(DEFAULT_KIND);
  });
});
