import { lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ClusterNode } from '../cluster/cluster-node.js';
import { ROOT, zoneText } from '../cluster/zone-texts.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { certificateOf } from '../../src/cli/service/service-connection.js';
import { builtProgram, runProgram, type Run } from './built-program.js';
import { inTerminal } from './in-terminal.js';

const program = builtProgram();
const OTHER = Array<string>(32).fill('AB').join(':');

let node: ClusterNode;
let folder: string;
let url: string;
let token: string;
let tokenFile: string;
let fingerprint: string;
beforeAll(async () => {
  node = await ClusterNode.start('ns1');
  folder = mkdtempSync(join(tmpdir(), 'target-'));
  url = `https://${node.address}`;
  const { user, kind } = ROOT;
  ({ secret: token } = await node.tokens.create({ user, kind, name: 'script', privileges: ['clustering'] }));
  tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, `${token}\n`, { mode: 0o600 });
  fingerprint = await certificateOf('127.0.0.1', Number(new URL(url).port));
});
afterAll(async () => {
  await node.end();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => void node.calls.splice(0));

const rescan = (args: readonly string[], env: Record<string, string> = {}): Promise<Run> =>
  runProgram(program, ['zones', 'rescan', '--json', ...args], { env: { XDG_CONFIG_HOME: folder, ...env } });

describe('a command that asks a service elsewhere', () => {
  test('is done with the token of a file, and by the environment alone', async () => {
    const asked = await rescan(['--url', url, '--token-file', tokenFile, '--fingerprint', fingerprint.toLowerCase()]);
    expect(asked).toMatchObject({ status: 0, err: '' });
    expect(JSON.parse(asked.out)).toMatchObject({ unchanged: 0 });
    const env = { DNSCLUSTER_URL: url, DNSCLUSTER_TOKEN: token, DNSCLUSTER_FINGERPRINT: fingerprint };
    expect(await rescan([], env)).toMatchObject({ status: 0 });
    expect(node.calls).toEqual(Array(2).fill('/json-api/rescanzones?api.version=1'));
  });

  test('takes --folder before an address of the environment', async () => {
    const env = { DNSCLUSTER_URL: url, DNSCLUSTER_TOKEN: token, DNSCLUSTER_FINGERPRINT: fingerprint };
    const { status, err } = await rescan(['--folder', folder], env);
    expect([status, err]).toEqual([3, expect.stringContaining(`No DNS cluster service runs on ${folder}.`)]);
  });

  test('sends nothing where the certificate is another one, and shows the one that it met', async () => {
    const { status, err } = await rescan(['--url', url, '--token-file', tokenFile, '--fingerprint', OTHER]);
    expect([status, err]).toEqual([3, expect.stringContaining(fingerprint)]);
    expect(node.calls).toEqual([]);
  });

  test('sends nothing where the certificate is not known and no person can be asked, and shows it', async () => {
    const { status, err } = await rescan(['--url', url, '--token-file', tokenFile]);
    expect([status, err]).toEqual([2, expect.stringContaining(fingerprint)]);
    expect(err).toContain('--fingerprint');
    expect(node.calls).toEqual([]);
  });

  test('takes no token from the command line, where everybody could read it', async () => {
    const { status, out, err } = await rescan(['--url', url, '--token', token, '--fingerprint', fingerprint]);
    expect([status, err]).toEqual([2, expect.stringMatching(/command line.*--token-file/)]);
    expect(out + err).not.toContain(token);
    expect(node.calls).toEqual([]);
  });

  test.each([
    ['no token', () => ['--url', url, '--fingerprint', fingerprint], 2, /--token-file FILE, or DNSCLUSTER_TOKEN/],
    ['no https', () => ['--url', 'http://127.0.0.1:1', '--token-file', tokenFile], 2, /https:\/\//],
    ['two services', () => ['--url', url, '--folder', folder, '--token-file', tokenFile], 2, /one of them/],
    ['a wrong fingerprint', () => ['--url', url, '--token-file', tokenFile, '--fingerprint', 'AB'], 2, /32 pairs/],
    ['no token in the file', () => ['--url', url, '--token-file', '/dev/null'], 2, /the first line is empty/],
    ['no file', () => ['--url', url, '--token-file', join(folder, 'none')], 2, /cannot be read/],
    [
      'nobody who listens',
      () => ['--url', 'https://127.0.0.1:1', '--token-file', tokenFile, '--fingerprint', OTHER],
      3,
      /127\.0\.0\.1, port 1 cannot be reached: .*ECONNREFUSED/,
    ],
  ])('says what is wrong with %s', async (_, args, code, sentence) => {
    const { status, err } = await rescan(args());
    expect([status, err]).toEqual([code, expect.stringMatching(sentence)]);
  });

  test('says that the token is refused, or lacks a privilege', async () => {
    const pinned = ['--url', url, '--fingerprint', fingerprint];
    const wrong = await rescan(pinned, { DNSCLUSTER_TOKEN: 'WRONG' });
    expect([wrong.status, wrong.err]).toEqual([4, expect.stringContaining('refused the token')]);
    const { secret } = await node.tokens.create({ user: 'ann', kind: 'reseller', name: 'mail', privileges: ['mail'] });
    const lacking = await rescan(pinned, { DNSCLUSTER_TOKEN: secret });
    expect([lacking.status, lacking.err]).toEqual([4, expect.stringContaining('required privileges (clustering)')]);
    expect(JSON.parse(lacking.out)).toMatchObject({ error: { code: 'privilege_missing' } });
  });

  test('knows a server whose certificate this user accepted before', async () => {
    const known = join(folder, 'dnscluster');
    mkdirSync(known, { recursive: true });
    writeFileSync(join(known, 'known-servers'), `${node.address} ${fingerprint}\n`);
    expect(await rescan(['--url', url, '--token-file', tokenFile])).toMatchObject({ status: 0 });
    writeFileSync(join(known, 'known-servers'), `${node.address} ${OTHER}\n`);
    const { status, err } = await rescan(['--url', url, '--token-file', tokenFile]);
    expect([status, err]).toEqual([3, expect.stringMatching(/Nothing was sent.*known-servers/s)]);
    rmSync(known, { recursive: true });
  });

  test('asks nobody again where the accepted certificates cannot be read, and leaves them as they are', async () => {
    const file = join(folder, 'dnscluster', 'known-servers');
    mkdirSync(dirname(file));
    // Nobody can read it, root neither; and it could be replaced.
    symlinkSync(file, file);
    const { status, shown } = await inTerminal(program, ['zones', 'rescan', '--url', url, '--token-file', tokenFile], {
      env: { XDG_CONFIG_HOME: folder },
      steps: [['[y/N]', 'y\n']],
    });
    expect([status, shown]).toEqual([2, expect.stringContaining(`Repair ${file}`)]);
    expect(shown).not.toContain('[y/N]');
    expect(node.calls).toEqual([]);
    expect(lstatSync(file).isSymbolicLink()).toBe(true);
    rmSync(join(folder, 'dnscluster'), { recursive: true });
  });
});

describe('a terminal obeys nothing', () => {
  const asked = (): string[] => ['--url', url, '--token-file', tokenFile, '--fingerprint', fingerprint];

  test('that a server says', async () => {
    const reason = 'Zone is fine.\u001b[2J\u001b]0;renamed\u0007\r\u009b31m \u202egpj';
    node.intercept = (_call, request, response) => {
      request.resume();
      response.end(JSON.stringify({ metadata: { version: 1, reason, result: 0 }, data: { code: 'zone_unknown' } }));
      return true;
    };
    const { err } = await runProgram(program, ['zones', 'list', ...asked()]);
    node.intercept = () => false;
    expect(err).toBe('Zone is fine.\\x1b[2J\\x1b]0;renamed\\x07\\x0d\\x9b31m \\u202egpj\n');
  });

  test('that stands in a zone, which a file and a program get octet for octet', async () => {
    const text = zoneText(5, '192.0.2.1', 'red: \u001b[31m');
    await node.cluster.saveZone(zoneName('odd.example'), text, ROOT);
    const show = ['zones', 'show', 'odd.example', ...asked()];
    expect((await runProgram(program, show)).out).toBe(text.toString());
    const { shown } = await inTerminal(program, show);
    expect(shown).toBe(text.toString().replace('\u001b', '\\x1b'));
  });
});
