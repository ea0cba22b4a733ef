import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmod, chown, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { generate } from 'selfsigned';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Finding } from '../../src/cli/doctor/check.js';
import { findingsOf } from '../../src/cli/doctor/check.js';
import { nodeFinding } from '../../src/cli/doctor/program-checks.js';
import { Facts } from '../../src/cli/doctor/facts.js';
import { freePort } from '../../src/operations/ports.js';
import { startNode, type NodeSettings, type RunningNode } from '../../src/panel/node.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { builtProgram, runProgram } from '../cli/built-program.js';
import { ClusterNode } from '../cluster/cluster-node.js';
import { ROOT } from '../cluster/zone-texts.js';
import { needs } from '../needs.js';
import { OperatorsNamed } from '../servers/bind/operator.js';
import { mayMount, SmallDisk } from '../small-disk.js';

const program = builtProgram();
const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin`;
const DAY = 24 * 3600_000;
const ZONE = zoneName('a.example');
const TEXT = '$TTL 300\n@ SOA ns1.host.example. h.host.example. 1 3600 600 86400 300\n@ NS ns1.host.example.\n';

interface Said {
  status: number | null;
  ok: boolean;
  findings: (Finding & { check: string })[];
}

describe.skipIf(!needs('named', 'named-checkconf'))(
  'dnscluster doctor on a server with a BIND of the operator, and a member',
  () => {
    let folder: string;
    let config: string;
    let named: OperatorsNamed;
    let settings: NodeSettings;
    let web: RunningNode;
    let member: { settings: NodeSettings; node: RunningNode; id: string };

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'dns-cluster-doctor-'));
      config = join(folder, 'node.json');
      named = await OperatorsNamed.configure();
      await named.start();
      settings = {
        ...{ name: 'web.example.net', folder: join(folder, 'web'), host: '127.0.0.1', port: await freePort() },
        nameserver: { kind: 'bind', ...named.dns, operator: named.operator },
      };
      await writeFile(config, JSON.stringify(settings));
      web = await startNode(settings);
      const nameserver = { kind: 'embedded', host: '127.0.0.1', port: await freePort() } as const;
      const of = {
        name: 'ns1.example.net',
        folder: join(folder, 'ns1'),
        host: '127.0.0.1',
        port: await freePort(),
        nameserver,
      };
      const node = await startNode(of);
      const invited = { user: 'root', kind: 'root', name: 'web', privileges: ['clustering'] } as const;
      const { secret } = await node.plugin.tokens.create({ ...invited, privileges: ['clustering'] });
      const joining = { host: '127.0.0.1', port: of.port, dnsPort: nameserver.port, user: 'root', token: secret };
      const { id } = await web.plugin.cluster.members.add({ ...joining, role: 'write-only' }, ROOT);
      member = { settings: of, node, id };
      await web.plugin.cluster.saveZone(ZONE, Buffer.from(TEXT), ROOT, { wait: 'served' });
    });
    afterAll(async () => {
      await web.stop();
      await member.node.stop();
      await named.end();
      await rm(folder, { recursive: true, force: true });
    });

    async function doctor(args: readonly string[] = [], env: Record<string, string> = {}): Promise<Said> {
      const run = await runProgram(program, ['doctor', '--config', config, '--json', ...args], {
        env: { PATH, ...env },
      });
      return { status: run.status, ...(JSON.parse(run.out || run.err) as Omit<Said, 'status'>) };
    }

    /** What is wrong, by its check: what, and how to put it right. */
    async function wrongs(
      args?: readonly string[],
      env?: Record<string, string>,
    ): Promise<[check: string, what: string, fix: string][]> {
      const { status, ok, findings } = await doctor(args, env);
      const found = findings.filter(({ state }) => state === 'wrong');
      expect([status, ok]).toEqual(found.length === 0 ? [0, true] : [1, false]);
      return found.map(({ check, what, fix = '' }) => [check, what, fix]);
    }

    const like = (text: RegExp): string => expect.stringMatching(text) as string;
    const data = (name: string): string => join(settings.folder, 'dns-cluster', name);

    test('finds nothing where all is well, and says at which addresses it is answered', async () => {
      expect(await wrongs()).toEqual([]);
      const { findings } = await doctor();
      const said = findings.map(({ check, state, what }) => `${check} ${state} ${what}`);
      expect(said).toContainEqual(like(/^ports ok DNS answers over UDP and TCP at 127\.0\.0\.1:\d+\.$/));
      expect(said).toContainEqual(like(/^ports ok The API answers by TLS at 127\.0\.0\.1:\d+\.$/));
      expect(said).toContainEqual(like(/^ports notice Only this machine can ask/));
      expect(said).toContainEqual(like(/^clock ok The clock is in step with 1 member\./));
      expect(new Set(findings.map(({ check }) => check)).size).toBe(13);
      const words = await runProgram(program, ['doctor', '--config', config], { env: { PATH } });
      expect(words.out).toMatch(/^ok {6}service .*\n[^]*\nNothing is wrong\.\n$/);
    });

    test('looks at what is asked for only', async () => {
      const { findings } = await doctor(['--only', 'disk,node']);
      expect(findings.map(({ check }) => check)).toEqual(['node', 'disk']);
      const { status, err } = await runProgram(program, ['doctor', '--only', 'weather'], { env: { PATH } });
      expect([status, err]).toEqual([2, like(/no check "weather".*ports/)]);
    });

    test('finds files that others can read, write or own', async () => {
      await chmod(data('cluster.json'), 0o640);
      await chmod(data('zones'), 0o777);
      await chown(data('csrf.key'), 4321, 4321);
      expect(await wrongs(['--only', 'folders'])).toEqual(
        expect.arrayContaining([
          [
            'folders',
            like(/^Users other than the service can use .*cluster\.json/),
            `chmod 600 ${data('cluster.json')}`,
          ],
          ['folders', like(/^Users other than the service can write .*zones/), `chmod go-w ${data('zones')}`],
          ['folders', like(/csrf\.key belongs to user 4321/), like(/^chown \d+:\d+ .*csrf\.key$/)],
        ]),
      );
      await chmod(data('cluster.json'), 0o600);
      await chmod(data('zones'), 0o750);
      await chown(data('csrf.key'), process.getuid?.() ?? 0, process.getgid?.() ?? 0);
    });

    test('finds a state file that is damaged', async () => {
      const kept = await readFile(data('cluster.json'));
      await writeFile(data('cluster.json'), kept.subarray(0, 50));
      expect(await wrongs(['--only', 'state'])).toEqual([
        ['state', like(/cluster\.json can't be read/), like(/cp -p .*cluster\.json\.bak/)],
      ]);
      await writeFile(data('cluster.json'), kept);
    });

    test('finds a configuration that is wrong, and one that is missing', async () => {
      const kept = await readFile(config);
      await writeFile(config, JSON.stringify({ ...settings, port: 'x' }));
      expect(await wrongs(['--only', 'configuration'])).toEqual([
        ['configuration', like(/port/), like(/Correct the file/)],
      ]);
      await rm(config);
      expect(await wrongs(['--only', 'configuration,ports'])).toEqual([]);
      await writeFile(config, kept);
    });

    test('finds that the include line is missing, and a configuration that BIND refuses', async () => {
      const file = join(named.folder, 'named.conf');
      const kept = await readFile(file, 'utf8');
      const line = `include "${named.includeFile}";`;
      await writeFile(file, `${kept.replace(line, '')} nonsense;`);
      expect(await wrongs(['--only', 'nameserver'])).toEqual([
        ['nameserver', like(/BIND refuses its configuration.*nonsense/), like(/Correct that line/)],
        ['nameserver', like(/does not include .*cluster\.conf/), `Add this line to it, and reload it: ${line}`],
      ]);
      await writeFile(file, kept);
      expect(await wrongs(['--only', 'nameserver'])).toEqual([]);
    });

    test('finds that BIND takes no new zone, which its answers do not show', async () => {
      const file = join(named.folder, 'named.conf');
      const kept = await readFile(file, 'utf8');
      const restart = async (): Promise<void> => {
        await named.kill();
        await named.start();
      };
      await writeFile(file, kept.replace('allow-new-zones yes', 'allow-new-zones no'));
      await restart();
      const refused = [
        ['nameserver', like(/does not take a new zone.*[Nn]ot allowing new zones/), like(/^Restart BIND/)],
      ];
      await vi.waitFor(async () => expect(await wrongs(['--only', 'nameserver'])).toEqual(refused), 20_000);
      await writeFile(file, kept);
      await restart();
      await vi.waitFor(async () => expect(await wrongs(['--only', 'nameserver'])).toEqual([]), 20_000);
      const zones = web.plugin.cluster.listZones(ROOT).map(({ name }) => name);
      expect(zones).toEqual([ZONE]);
    });

    test('finds a clock that is wrong', async () => {
      // The program's clock alone is set back.
      const back = 'const now = Date.now; Date.now = () => now() - 3600_000;';
      const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(back)}` };
      expect(await wrongs(['--only', 'clock'], env)).toEqual([
        ['clock', like(/clock of this server is 3(599|600|601) s behind that of ns1/), like(/timedatectl set-ntp/)],
      ]);
    });

    test('finds a certificate that ends soon, and that another one is shown than the one on disk', async () => {
      const [cert, key] = [join(settings.folder, 'tls', 'tls.crt'), join(settings.folder, 'tls', 'tls.key')];
      const kept = [await readFile(cert), await readFile(key)] as const;
      const made = await generate([{ name: 'commonName', value: 'x' }], {
        algorithm: 'sha256',
        notAfterDate: new Date(Date.now() + 5 * DAY),
      });
      await writeFile(cert, made.cert);
      await writeFile(key, made.private);
      expect(await wrongs(['--only', 'certificate,ports'])).toEqual([
        ['ports', like(/another certificate is shown/), like(/Restart the service/)],
        ['certificate', like(/^The certificate expires at/), like(/accept the new certificate on every server/)],
      ]);
      await writeFile(cert, kept[0]);
      await writeFile(key, kept[1]);
    });

    test('finds a zone file that is missing', async () => {
      const file = data(join('zones', createHash('md5').update(ZONE).digest('hex').slice(0, 2), ZONE));
      await rename(file, `${folder}/aside`);
      await web.plugin.cluster.files.rescan(ROOT);
      expect(await wrongs(['--only', 'zones'])).toEqual([
        ['zones', like(/missing or can't be used: a\.example/), like(/zones rescan/)],
      ]);
      await rename(`${folder}/aside`, file);
      await web.plugin.cluster.files.rescan(ROOT);
      expect(await wrongs(['--only', 'zones'])).toEqual([]);
    });

    test('finds a member that runs an older version, and one whose certificate is another', async () => {
      const old = await ClusterNode.start('old');
      const { id } = await web.plugin.cluster.members.add(await old.invitation('standalone', ROOT), ROOT);
      expect(await wrongs(['--only', 'members'])).toEqual([
        ['members', like(/^old runs version 0, which is older/), 'Upgrade old.'],
      ]);
      await web.plugin.cluster.members.remove(id, ROOT);
      await old.end();
    });

    test('finds a member that is disabled', async () => {
      const { members } = web.plugin.cluster;
      await members.disable(member.id, ROOT);
      onTestFinished(async () => {
        await members.enable(member.id, ROOT);
      });
      expect(await wrongs(['--only', 'members'])).toEqual([
        ['members', like(/^ns1\.example\.net is disabled/), like(/dnscluster members enable ns1\.example\.net/)],
      ]);
    });

    test('finds a member that is away, with the service and without it', async () => {
      await member.node.stop();
      onTestFinished(async () => {
        await web.stop();
        member.node = await startNode(member.settings);
        web = await startNode(settings);
      });
      const away = [
        'members',
        like(/^ns1\.example\.net (can't be reached|fails)/),
        like(/Check that it runs|tried again/),
      ];
      const silent = ['members', like(/^The nameserver of ns1\.example\.net does not answer/), like(/Start it there/)];
      // The embedded nameserver of the member is away, too. Whether this server has asked it since is a matter of time.
      expect([[away], [away, silent]]).toContainEqual(await wrongs(['--only', 'members']));
      await web.stop();
      expect(await wrongs(['--only', 'service,members'])).toEqual([
        [
          'service',
          like(/^The service can't be reached, so only what is visible from outside/),
          like(/systemctl start dns-cluster/),
        ],
        away,
      ]);
    });

    test('says first that the service does not run, and checks what can be seen from outside', async () => {
      await web.stop();
      onTestFinished(async () => {
        web = await startNode(settings);
      });
      expect(await wrongs()).toEqual([
        ['service', like(/^The service can't be reached/), like(/node\.log/)],
        [
          'ports',
          like(/^The API does not answer by TLS at 127\.0\.0\.1:\d+: .*ECONNREFUSED/),
          like(/Start the service/),
        ],
      ]);
    });

    test('finds that a member has the name of this server, and a name that is none', async () => {
      await web.stop();
      web = await startNode({ ...settings, name: 'ns1.example.net' });
      expect(await wrongs(['--only', 'name'])).toEqual([
        ['name', like(/have the same name, ns1\.example\.net/), like(/its own full host name/)],
      ]);
      await web.stop();
      web = await startNode({ ...settings, name: 'localhost' });
      expect(await wrongs(['--only', 'name'])).toEqual([
        ['name', like(/"localhost" is not a full host name/), like(/its own full host name/)],
      ]);
      await web.stop();
      web = await startNode(settings);
    });

    test('finds a nameserver that is silent, one that is gone, and who has its port', async () => {
      await named.freeze();
      expect(await wrongs(['--only', 'ports'])).toEqual([
        ['ports', like(/^DNS does not answer over UDP and TCP at 127/), like(/named \(process \d+\) uses the port/)],
      ]);
      named.thaw();
      await named.kill();
      await vi.waitFor(
        async () => expect((await web.plugin.cluster.status(ROOT)).nameserver.running).toBe(false),
        20_000,
      );
      const stranger = createSocket('udp4').bind(named.dns.port, '127.0.0.1');
      await once(stranger, 'listening');
      expect(await wrongs(['--only', 'ports,nameserver'])).toEqual([
        ['ports', like(/^DNS does not answer over UDP and TCP/), like(/node \(process \d+\) uses the port/)],
        ['nameserver', like(/^The nameserver BIND does not run/), like(/Start BIND/)],
        ['nameserver', like(/Port \d+ is used by .* \(process \d+\), not by BIND/), like(/then start BIND/)],
        ['nameserver', like(/\/etc\/bind\/named\.conf does not include/), like(/Add this line/)],
      ]);
      stranger.close();
      await once(stranger, 'close');
      await named.start();
      await vi.waitFor(
        async () => expect((await web.plugin.cluster.status(ROOT)).nameserver.running).toBe(true),
        20_000,
      );
      expect(await wrongs()).toEqual([]);
    });
  },
);

test.skipIf(!mayMount())('dnscluster doctor finds a disk that is nearly full', async () => {
  const disk = SmallDisk.mount(8 * 1024 * 1024);
  try {
    disk.fill(100_000);
    const { out } = await runProgram(program, [
      'doctor',
      '--config',
      '/nowhere',
      '--folder',
      disk.folder,
      '--only',
      'disk',
      '--json',
    ]);
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      findings: [{ check: 'disk', state: 'wrong', fix: expect.stringMatching(/Free space on that disk/) as string }],
    });
  } finally {
    disk.unmount();
  }
});

test('a Node.js that is too old is named, with the one that is needed', () => {
  expect(nodeFinding('20.19.0', '20.19')).toMatchObject({ state: 'ok' });
  expect(nodeFinding('20.18.3', '20.19')).toMatchObject({
    state: 'wrong',
    what: expect.stringMatching(/20\.19 or later/) as string,
  });
  expect(nodeFinding('9.99.9', '20.19')).toMatchObject({ state: 'wrong' });
  expect(nodeFinding('22.0.0', '20.19')).toMatchObject({ state: 'ok' });
});

test('a check that does not end is not waited for, and one that fails says so', async () => {
  const facts = await Facts.gather({ config: '/nowhere', folder: '/nowhere' });
  const never = findingsOf({ name: 'slow', run: () => new Promise(() => undefined) }, facts, 50);
  expect(await never).toMatchObject([
    { state: 'wrong', what: expect.stringMatching(/slow gave no answer within/) as string },
  ]);
  const failing = findingsOf({ name: 'x', run: () => Promise.reject(new Error('no such thing')) }, facts);
  expect(await failing).toMatchObject([{ state: 'wrong', what: expect.stringMatching(/no such thing/) as string }]);
});
