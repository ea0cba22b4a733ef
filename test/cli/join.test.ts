import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { SELF } from '../../src/access/principal.js';
import { freePort } from '../../src/operations/ports.js';
import { certificateOf } from '../../src/cli/service/service-connection.js';
import { startNode, type RunningNode } from '../../src/panel/node.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { ClusterNode } from '../cluster/cluster-node.js';
import { ROOT, zoneText } from '../cluster/zone-texts.js';
import { OUR_HEADER } from '../../src/wire-format/outcome-lines.js';
import { needs } from '../needs.js';
import { inTerminal } from './in-terminal.js';
import { runningNode } from './running-node.js';

const NAME = 'ns1.example.net';
const ZONE = zoneName('a.example');
const box = runningNode(NAME);

/** Nothing of ours listens at this address of the same machine. */
const ELSEWHERE = '127.0.0.2';
/** What is looked at on this side; of its ports there is a notice that they are of this machine alone. */
const HERE = [
  ...['service', 'folders', 'disk', 'ports', 'ports', 'ports', 'ports'],
  ...['nameserver', 'nameserver', 'certificate'],
];

let folder: string;
let web: RunningNode;
let url: string;
let tokenFile: string;
let fingerprint: string;
let place: { port: number; dnsPort: number };
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'join-web-'));
  const nameserver = { kind: 'embedded', host: '127.0.0.1', port: 0 } as const;
  web = await startNode({ name: 'web.example.net', folder, host: '127.0.0.1', port: 0, nameserver });
  ({ url, fingerprint } = web);
  await web.plugin.cluster.saveZone(ZONE, zoneText(7), ROOT);
  const { dns } = await box.node.plugin.cluster.status(SELF);
  place = { port: Number(new URL(box.node.url).port), dnsPort: dns.port };
});
afterAll(async () => {
  await web.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  tokenFile = await tokenOfWeb('all');
  configure(place);
  for (const { id } of web.plugin.cluster.members.list(ROOT)) await web.plugin.cluster.members.remove(id, ROOT);
  for (const { name } of box.node.plugin.tokens.list()) await box.node.plugin.tokens.revoke('root', name);
});

async function tokenOfWeb(...privileges: string[]): Promise<string> {
  const name = `t${Math.random().toString(36).slice(2)}`;
  const { secret } = await web.plugin.tokens.create({ user: 'root', kind: 'root', name, privileges });
  const file = join(box.folder, 'token-of-web');
  writeFileSync(file, `${secret}\n`, { mode: 0o600 });
  return file;
}

/** What node.json says of where this server answers. */
function configure({ port, dnsPort }: { port: number; dnsPort: number }): void {
  const nameserver = { kind: 'embedded', host: '127.0.0.1', port: dnsPort };
  const settings = { name: NAME, folder: box.folder, host: '127.0.0.1', port, nameserver };
  writeFileSync(join(box.folder, 'node.json'), JSON.stringify(settings));
}

type Said = {
  status: number | null;
  ok: boolean;
  findings: { check: string; state: string; what: string; fix?: string }[];
};

async function joinAt(server: string, certificate: string, ...args: string[]): Promise<Said> {
  const options = ['--token-file', tokenFile, '--fingerprint', certificate, '--config', join(box.folder, 'node.json')];
  const { status, said } = await box.json(['join', server, ...options, ...args]);
  return { status, ...(said as Omit<Said, 'status'>) };
}

const dnsclusterJoin = (...args: string[]): Promise<Said> => joinAt(url, fingerprint, ...args);

const tokensOfBox = (): string[] => box.node.plugin.tokens.list().map(({ name }) => name);
const wrongOf = ({ findings }: Said): string[] =>
  findings.filter(({ state }) => state === 'wrong').map(({ check }) => check);

describe('dnscluster join', () => {
  test('makes this server a member there, whose zones come here; a second time it only looks', async () => {
    const said = await dnsclusterJoin();
    expect([said.status, said.ok, wrongOf(said)]).toEqual([0, true, []]);
    expect(said.findings.map(({ check }) => check)).toEqual([
      ...HERE,
      ...['token', 'version', 'clock', 'name', 'address', 'dns', 'member', 'seen'],
    ]);
    const [member] = web.plugin.cluster.members.list(ROOT);
    expect(member).toMatchObject({ hostname: NAME, host: '127.0.0.1', role: 'write-only', ...place });
    await vi.waitFor(() => expect(box.node.plugin.cluster.zones.get(ZONE, SELF)?.serial).toBe(7), { timeout: 20_000 });
    const [token] = tokensOfBox();
    expect(token).toMatch(/^joined-web_example_net-/);

    const again = await dnsclusterJoin();
    expect([again.status, again.ok]).toEqual([0, true]);
    expect(again.findings.find(({ check }) => check === 'name')?.what).toMatch(/already has this server as a member/);
    expect(web.plugin.cluster.members.list(ROOT).map(({ id }) => id)).toEqual([member?.id]);
    expect(tokensOfBox()).toEqual([token]);
  });

  test('--check changes nothing on either side, and needs no configuration yet', async () => {
    rmSync(join(box.folder, 'node.json'));
    const said = await dnsclusterJoin('--check', '--name', 'ns7.example.net');
    expect([said.status, wrongOf(said)]).toEqual([0, []]);
    expect(said.findings.map(({ what }) => what).join()).toMatch(
      /name ns7\.example\.net is free.*sees this server at 127\.0\.0\.1/,
    );
    expect([web.plugin.cluster.members.list(ROOT), tokensOfBox()]).toEqual([[], []]);
    expect((await box.run(['join', url, '--token-file', tokenFile])).status).toBe(2);
  });

  test('sends no token to a server whose certificate nobody accepted', async () => {
    const { status, err } = await box.run(
      ['join', url, '--token-file', tokenFile, '--config', join(box.folder, 'node.json')],
      { env: { XDG_CONFIG_HOME: box.folder } },
    );
    expect([status, err]).toEqual([2, expect.stringContaining(fingerprint)]);
    // The file holds the token that was made last.
    expect(web.plugin.tokens.list().at(-1)).not.toHaveProperty('lastUsed');
  });

  test('a token without the privilege is named, and what to do', async () => {
    tokenFile = await tokenOfWeb('mail');
    const said = await dnsclusterJoin();
    expect([said.status, wrongOf(said)]).toEqual([1, ['token']]);
    expect(said.findings.find(({ check }) => check === 'token')?.fix).toMatch(/tokens create/);
  });

  test.each([
    ['older', () => ({}), /runs version 0, which is older/],
    ['newer', () => ({ [OUR_HEADER]: '99.0.0' }), /This server runs version .* older than version 99\.0\.0/],
    ['other software', () => ({ date: new Date().toUTCString() }), /does not run this software/],
  ])('a server with a version that does not go with this one is named: %s', async (_, headersNow, why) => {
    const other = await ClusterNode.start('other.example.net');
    try {
      const { port = 0, token } = await other.invitation('sync', ROOT);
      writeFileSync(tokenFile, token);
      other.intercept = (call, _request, response) => {
        const headers = headersNow();
        if (call !== '/healthz' || Object.keys(headers).length === 0) return false;
        response.writeHead(200, headers).end();
        return true;
      };
      const said = await joinAt(`https://127.0.0.1:${port}`, await certificateOf('127.0.0.1', port));
      expect([said.status, wrongOf(said)]).toEqual([1, ['version']]);
      expect(said.findings.find(({ check }) => check === 'version')?.what).toMatch(why);
      expect(other.cluster.members.list(ROOT)).toEqual([]);
    } finally {
      await other.end();
    }
  });

  test('a name that another member has is not taken from it', async () => {
    const other = await ClusterNode.start(NAME);
    await web.plugin.cluster.members.add(await other.invitation('write-only', ROOT), ROOT);
    const said = await dnsclusterJoin();
    expect([said.status, wrongOf(said)]).toEqual([1, ['name']]);
    expect(said.findings.find(({ check }) => check === 'name')?.fix).toMatch(/members remove ns1.example.net/);
    expect([web.plugin.cluster.members.list(ROOT).length, tokensOfBox()]).toEqual([1, []]);
    await other.end();
  });

  test('a server that the other does not reach is no member, and leaves no token behind', async () => {
    const said = await dnsclusterJoin('--address', ELSEWHERE);
    expect([said.status, wrongOf(said)]).toEqual([1, ['member']]);
    expect(said.findings.at(-1)).toMatchObject({
      what: expect.stringMatching(/did not add this server: .*ECONNREFUSED/) as string,
      fix: expect.stringMatching(/port \d+ \(TCP\) at 127\.0\.0\.2: firewall, router, --address/) as string,
    });
    expect([web.plugin.cluster.members.list(ROOT), tokensOfBox()]).toEqual([[], []]);
  });

  test('a nameserver that the other does not reach is named with the ways on which it is silent', async () => {
    // A router that passes on the port of the API alone.
    const router = createServer((from) => {
      const to = connect(place.port, '127.0.0.1');
      for (const end of [from, to]) end.on('error', () => [from, to].forEach((one) => one.destroy()));
      from.pipe(to).pipe(from);
    });
    router.listen(place.port, ELSEWHERE);
    await once(router, 'listening');
    try {
      const said = await dnsclusterJoin('--address', ELSEWHERE);
      expect([said.status, wrongOf(said)]).toEqual([1, ['seen']]);
      expect(said.findings.at(-1)?.what).toMatch(/but not the nameserver over UDP and TCP/);
      expect(said.findings.at(-1)?.fix).toContain(`port ${place.dnsPort} in, over UDP and TCP`);
    } finally {
      router.close();
    }
  });

  test('what is wrong here is found before the other server is asked to add it', async () => {
    configure({ ...place, dnsPort: await freePort() });
    chmodSync(join(box.folder, 'tls', 'tls.key'), 0o644);
    const said = await dnsclusterJoin();
    chmodSync(join(box.folder, 'tls', 'tls.key'), 0o600);
    expect([said.status, new Set(wrongOf(said))]).toEqual([1, new Set(['folders', 'ports'])]);
    expect([web.plugin.cluster.members.list(ROOT), tokensOfBox()]).toEqual([[], []]);
  });

  test('a member whose token was revoked here gets another by joining again', async () => {
    await dnsclusterJoin();
    const [before] = tokensOfBox();
    const [member] = web.plugin.cluster.members.list(ROOT);
    await box.node.plugin.tokens.revoke('root', before ?? '');
    const said = await dnsclusterJoin();
    expect([said.status, wrongOf(said)]).toEqual([0, []]);
    expect(tokensOfBox()).toEqual([expect.not.stringMatching(`^${before}$`)]);
    expect(web.plugin.cluster.members.list(ROOT)).toMatchObject([{ id: member?.id, host: '127.0.0.1' }]);
    await web.plugin.cluster.members.test(member?.id ?? '', ROOT);
  });

  test('a token on the command line is taken, told of, and hidden from the process list at once', async () => {
    const secret = readIfThere(tokenFile).trim();
    const args = ['--config', join(box.folder, 'node.json'), '--check', '--token', secret, '--json'];
    const seen: string[] = [];
    const listener = createServer((socket) => {
      for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
        const line = readIfThere(`/proc/${pid}/cmdline`);
        if (line.includes(secret)) seen.push(line);
      }
      socket.destroy();
    });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address() as AddressInfo;
    const refused = await box.run(['join', `https://127.0.0.1:${port}`, ...args, '--fingerprint', fingerprint]);
    listener.close();
    expect([refused.status, refused.err]).toEqual([3, expect.stringContaining('Use --token-file instead')]);
    expect(seen).toEqual([]);
    expect(await box.run(['join', url, ...args, '--fingerprint', fingerprint])).toMatchObject({ status: 0 });
  });

  test.skipIf(!needs('script'))(
    'a person types the token, which is not shown, and accepts the certificate',
    async () => {
      const secret = readIfThere(tokenFile).trim();
      const args = ['join', url, '--config', join(box.folder, 'node.json')];
      const asked = (answer: string): Promise<{ status: number | null; shown: string }> =>
        inTerminal(box.program, args, {
          env: { XDG_CONFIG_HOME: join(box.folder, 'config') },
          steps: [
            ['Token created on', `${secret}\r`],
            ['Is this the fingerprint', `${answer}\r`],
          ],
        });
      const no = await asked('n');
      expect([no.status, no.shown]).toEqual([2, expect.stringContaining(fingerprint)]);
      expect(web.plugin.cluster.members.list(ROOT)).toEqual([]);
      const yes = await asked('yes');
      expect([yes.status, yes.shown]).toEqual([
        0,
        expect.stringContaining(`${NAME} is a member of the cluster of web`),
      ]);
      for (const { shown } of [no, yes]) expect(shown).not.toContain(secret);
      expect(web.plugin.cluster.members.list(ROOT)).toHaveLength(1);
    },
  );
});

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
