import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { builtProgram } from './built-program.js';

const folder = mkdtempSync(join(tmpdir(), 'cli-'));
const file = join(folder, 'zone');

const program = builtProgram();
afterAll(() => rmSync(folder, { recursive: true }));

function dnscluster(...args: string[]): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync('node', [program, ...args], {
    encoding: 'latin1',
    timeout: 20_000,
  });
  return { status, out: stdout, err: stderr };
}

function check(text: string, ...options: string[]): ReturnType<typeof dnscluster> {
  writeFileSync(file, text);
  return dnscluster('zones', 'check', 'example.org', file, ...options);
}

const GOOD = '$TTL 300\n@ SOA ns1 h 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.1\n';
const BAD = `${GOOD}www A 192.0.2.300\nmail MX ten mail\n`;

describe('dnscluster zones check', () => {
  test('a good zone: 0 and the number of records', () => {
    expect(check(GOOD)).toEqual({ status: 0, out: 'example.org: ok, 3 records\n', err: '' });
  });

  test('a bad zone: 1 and every error with line and column', () => {
    const { status, out, err } = check(BAD);
    expect(status).toBe(1);
    expect(out).toBe('');
    expect(err).toMatch(/^error: example\.org:5:7: .*address/m);
    expect(err).toMatch(/^error: example\.org:6:9: .*preference/m);
    expect(err).toMatch(/refused, 2 errors/);
  });

  test('records that cannot be a zone together: 1', () => {
    expect(check(`${GOOD}c CNAME a\nc TXT x\n`)).toMatchObject({
      status: 1,
      err: expect.stringMatching(/example\.org:6: /) as string,
    });
  });

  test('a warning refuses nothing', () => {
    expect(check(`${GOOD}m MX 1 nowhere\n`)).toMatchObject({
      status: 0,
      err: expect.stringMatching(/^warning: /) as string,
    });
  });

  test('--canonical: the zone as named-compilezone prints it', () => {
    const zone = 'test/zones/20-misc-types.zone';
    const { status, out } = dnscluster('zones', 'check', 'example.org', zone, '--canonical');
    expect({ status, out }).toEqual({ status: 0, out: readFileSync(zone.replace('.zone', '.truth'), 'latin1') });
  });

  test('--json: one line for programs', () => {
    const good = check(GOOD, '--json', '--canonical');
    expect(good.status).toBe(0);
    const said = JSON.parse(good.out) as { canonical: string };
    expect(said).toMatchObject({ zone: 'example.org', ok: true, records: 3, issues: [] });
    expect(said.canonical.split('\n')).toHaveLength(4);
    const bad = check(BAD, '--json');
    expect(bad.status).toBe(1);
    expect(JSON.parse(bad.out)).toMatchObject({
      ok: false,
      records: 0,
      issues: [
        { line: 5, column: 7 },
        { line: 6, column: 9 },
      ],
    });
  });

  test('$INCLUDE is refused unless a folder is named for it', () => {
    const text = '$INCLUDE more\n';
    writeFileSync(join(folder, 'more'), GOOD);
    expect(check(text)).toMatchObject({ status: 1, err: expect.stringMatching(/INCLUDE is not allowed/) as string });
    expect(check(text, '--include', folder)).toMatchObject({ status: 0, out: 'example.org: ok, 3 records\n' });
  });

  test.each([
    ['a file that is not there', ['zones', 'check', 'example.org', '/nowhere/zone']],
    ['a folder', ['zones', 'check', 'example.org', '/']],
    ['a name that is no zone name', ['zones', 'check', '../x', 'test/zones/inc.zone']],
    ['no file', ['zones', 'check', 'example.org']],
    ['an unknown option', ['zones', 'check', 'example.org', 'x', '--nonsense']],
    ['an unknown command', ['zones', 'destroy']],
  ])('%s: 2, and why', (_what, args) => {
    const { status, out, err } = dnscluster(...args);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).not.toBe('');
    expect(err).not.toMatch(/\n\s+at /);
  });

  test('--help: 0', () => {
    expect(dnscluster('zones', 'check', '--help')).toMatchObject({
      status: 0,
      out: expect.stringContaining('--canonical') as string,
    });
  });
});
