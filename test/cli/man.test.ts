import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dnscluster } from '../../src/cli/commands.js';
import { pathOf, withAllBelow } from '../../src/cli/terminal/command-tree.js';
import { guideOf } from '../../src/cli/terminal/guide.js';
import { needs } from '../needs.js';
import { builtProgram, runProgram } from './built-program.js';

/** How a terminal of old was told bold. */
const OVERPRINTED = new RegExp(`.${String.fromCharCode(8)}`, 'gu');

const program = builtProgram();
const folder = mkdtempSync(join(tmpdir(), 'man-'));
const file = join(folder, 'dnscluster.1');
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeAll(async () => {
  const { status, out } = await runProgram(program, ['man']);
  expect(status).toBe(0);
  writeFileSync(file, out);
});

/** What a program says of the page; its complaints are on standard error, or (mandoc) on standard output. */
function say(name: string, ...args: string[]): { status: number | null; out: string; err: string } {
  const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C.UTF-8' };
  const { status, stdout, stderr } = spawnSync(name, [...args, file], { encoding: 'utf8', timeout: 30_000, env });
  return { status, out: stdout, err: stderr };
}

describe('dnscluster man', () => {
  test.skipIf(!needs('groff', 'mandoc'))('is a page that groff and mandoc read without a complaint', () => {
    expect(say('groff', '-ww', '-man', '-Tutf8', '-z')).toEqual({ status: 0, out: '', err: '' });
    expect(say('mandoc', '-Tlint', '-Wwarning')).toEqual({ status: 0, out: '', err: '' });
  });

  test.skipIf(!needs('mandoc'))(
    'has every command with what it does, its options and examples, as --help has them',
    async () => {
      const shown = say('mandoc', '-Tutf8').out.replaceAll(OVERPRINTED, '').replaceAll(/\s+/g, ' ');
      const missing = withAllBelow(await dnscluster())
        .filter((command) => command.parent !== null && command.commands.length === 0)
        .flatMap((command) => [
          `${command.description()}.`,
          ...command.options.filter(({ hidden }) => !hidden).map(({ flags, description }) => `${flags} ${description}`),
          ...Object.entries(guideOf(command)?.examples ?? {}).map(([line, effect]) => `dnscluster ${line} ${effect}`),
        ])
        .filter((text) => !shown.includes(text.replaceAll(/\s+/g, ' ')));
      expect(missing).toEqual([]);
      for (const word of ['EXIT STATUS', 'ENVIRONMENT', '/etc/dns-cluster/node.json', 'DNSCLUSTER_TOKEN'])
        expect(shown).toContain(word);
      expect(withAllBelow(await dnscluster()).map(pathOf)).toContain('man');
    },
  );
});
