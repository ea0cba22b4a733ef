import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { zoneName } from '../../src/zones/zone-name.js';
import { ClusterNode } from '../cluster/cluster-node.js';
import { ROOT, zoneText } from '../cluster/zone-texts.js';
import { needs } from '../needs.js';
import { lineInTerminal } from './in-terminal.js';
import { runningNode } from './running-node.js';

const web = runningNode();
const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** Where the scripts lie, and `dnscluster` itself. */
let folder: string;
let env: Record<string, string>;
/** Members: one of them says that it has another name. */
let nodes: ClusterNode[] = [];
beforeAll(async () => {
  folder = join(web.folder, 'completion');
  mkdirSync(join(folder, 'folder'), { recursive: true });
  for (const shell of SHELLS) {
    const { status, out } = await web.run(['completion', shell]);
    expect(status).toBe(0);
    writeFileSync(join(folder, shell), out);
  }
  const program = join(folder, 'dnscluster');
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${web.program}' "$@"\n`);
  chmodSync(program, 0o755);
  env = {
    ...{ PATH: `${folder}:${process.env['PATH'] ?? ''}`, HOME: folder, TERM: 'xterm', LC_ALL: 'C.UTF-8' },
    DNSCLUSTER_FOLDER: web.folder,
  };
  for (const name of ['shop.example', 'shelf.example', 'other.example'])
    await web.node.plugin.cluster.saveZone(zoneName(name), zoneText(5), ROOT);
  nodes = await Promise.all(['ns1.example.net', 'evil.example.net'].map((name) => ClusterNode.start(name)));
  const [ns1, evil] = nodes;
  if (ns1 === undefined || evil === undefined) throw new Error('two nodes were started');
  evil.intercept = (call, _, response) => {
    if (call === 'gethostname') response.end('--evil');
    return call === 'gethostname';
  };
  for (const node of nodes) await web.node.plugin.cluster.members.add(await node.invitation('write-only', ROOT), ROOT);
});
afterAll(() => Promise.all(nodes.map((node) => node.end())));

/** Runs a shell in the folder of the scripts; what it printed. */
async function shell(...args: string[]): Promise<{ status: number | null; out: string }> {
  const [program = '', ...rest] = args;
  const child = spawn(program, rest, { env, cwd: folder, timeout: 60_000 });
  let out = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (out += part.toString()));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, out };
}

describe('the completion for bash', () => {
  /** What bash offers for this line; the last word is what is typed of a word. */
  async function offered(line: string): Promise<string[]> {
    const words = line
      .replace('FOLDER', web.folder)
      .split(' ')
      .map((word) => `'${word}'`);
    const asked = `. ./bash; COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _dnscluster; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { status, out } = await shell('bash', '--norc', '-c', asked);
    expect(status).toBe(0);
    return out.split('\n').filter((word) => word !== '');
  }

  test.each([
    ['a command', 'dnscluster mem', ['members']],
    ['the commands of a group', 'dnscluster conflicts ', ['list', 'take-over', 'forget', 'policy', '-h', '--help']],
    ['an option', 'dnscluster members add --ro', ['--role']],
    ['the values of an option', 'dnscluster members add --role s', ['standalone', 'sync']],
    ['the values of an argument', 'dnscluster conflicts policy f', ['first']],
    ['a shell', 'dnscluster completion z', ['zsh']],
    ['a file behind an option', 'dnscluster zones list --token-file ba', ['bash']],
    ['a file as an argument', 'dnscluster restore zs', ['zsh']],
    ['an option where an argument is due', 'dnscluster zones show --mem', ['--member']],
    ['a zone of the service', 'dnscluster zones show sh', ['shelf.example', 'shop.example']],
    ['a zone of the service that the line names', 'dnscluster zones show --folder FOLDER ot', ['other.example']],
    ['a member of the service', 'dnscluster members remove n', ['ns1.example.net']],
    ['further values of an option', 'dnscluster tokens create x --privilege all clu', ['clustering']],
    ['nothing where nothing fits', 'dnscluster members nothing', []],
    ['nothing behind a word that is no command', 'dnscluster members nothing ', []],
    ['nothing of a service that can’t be asked', 'dnscluster zones show --folder /nonexistent ', []],
  ])('offers %s', async (_, line, words) => {
    expect((await offered(line)).sort()).toEqual([...words].sort());
  });

  test('offers no name that a shell or the program would read as something else', async () => {
    const members = web.node.plugin.cluster.members.list(ROOT).map(({ hostname }) => hostname);
    expect(members.sort()).toEqual(['--evil', 'ns1.example.net']);
    expect(await offered('dnscluster members remove ')).toEqual(['ns1.example.net']);
  });

  test('offers every command that there is', async () => {
    const help = (await web.run(['--help'])).out;
    const listed = [...help.matchAll(/^ {2}([a-z]+)(?:\|([a-z]+))? {2,}|^ {2}([a-z]+) [[<]/gm)].flatMap((found) =>
      found.slice(1).filter((name) => Boolean(name) && name !== 'help'),
    );
    expect(listed.length).toBeGreaterThan(15);
    expect(await offered('dnscluster ')).toEqual(expect.arrayContaining(listed));
  });

  test.skipIf(!needs('script'))(
    'completes at TAB in a bash that somebody types in',
    async () => {
      const { status, shown } = await lineInTerminal('bash --norc --noprofile -i', {
        env: { ...env, TERM: 'dumb' },
        steps: [
          [/[$#] /, `PS1='ready> '; . ${folder}/bash\n`],
          [/\nready> /, 'dnscluster mem\t'],
          ['dnscluster members ', 'dis\t'],
          ['disable ', '--fo\t'],
          // The line is discarded by a key: an interrupt can come before the shell awaits one.
          ['--folder ', '\x15exit 7\n'],
        ],
      });
      expect([status, shown]).toEqual([7, expect.stringContaining('dnscluster members disable --folder ')]);
    },
    60_000,
  );
});

describe('the completion for other shells', () => {
  test.skipIf(!needs(...SHELLS)).each(SHELLS)('%s reads it without a complaint', async (name) => {
    expect(await shell(name, '-n', name)).toEqual({ status: 0, out: '' });
  });

  test.skipIf(!needs('zsh'))('zsh takes it as a script and as a file of its function path', async () => {
    const sourced = 'autoload -Uz compinit && compinit -D -u && . ./zsh && print -r -- $_comps[dnscluster]';
    expect(await shell('zsh', '-f', '-c', sourced)).toEqual({ status: 0, out: '_dnscluster\n' });
    const found =
      'mkdir f; cp zsh f/_dnscluster; fpath=($PWD/f $fpath); autoload -Uz compinit && compinit -D -u && print -r -- $_comps[dnscluster]';
    expect(await shell('zsh', '-f', '-c', found)).toEqual({ status: 0, out: '_dnscluster\n' });
  });

  test.skipIf(!needs('zsh', 'script'))(
    'completes at TAB in a zsh that somebody types in',
    async () => {
      const { status, shown } = await lineInTerminal('zsh -f -i', {
        env: { ...env, TERM: 'dumb' },
        steps: [
          [/[%#] /, `PS1='ready> '; autoload -Uz compinit && compinit -D -u && . ${folder}/zsh\n`],
          [/\rready> /, 'dnscluster mem\t'],
          ['members ', 'dis\t'],
          ['disable ', 'ns\t'],
          ['ns1.example.net ', '--fo\t'],
          ['--folder ', '\x15exit 7\n'],
        ],
      });
      expect([status, shown]).toEqual([7, expect.stringContaining('--folder ')]);
    },
    60_000,
  );

  test.skipIf(!needs('fish')).each([
    ['a command', 'dnscluster mem', /^members\tThe servers of the cluster$/],
    ['an option', 'dnscluster members add --ro', /^--role\t/],
    ['the values of an option', 'dnscluster members add --role sy', /^sync\t/],
    ['a zone of the service', 'dnscluster zones show shop', /^shop\.example$/],
    ['a file', 'dnscluster restore fis', /^fish$/],
    ['a folder', 'dnscluster status --folder fold', /^folder\/(\t|$)/],
  ])('fish offers %s', async (_, line, wanted) => {
    const { status, out } = await shell('fish', '--no-config', '-c', `source ./fish; complete -C '${line}'`);
    expect([status, out.trim()]).toEqual([0, expect.stringMatching(wanted)]);
  });
});
