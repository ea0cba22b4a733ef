import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseName } from '../../src/dns/name.js';
import { DnsClient } from '../../src/dns/messages/query.js';
import { keyClause, newRndcKey } from '../../src/nameservers/bind/rndc-key.js';
import { freePort } from '../../src/operations/ports.js';
import { startNode, type NodeSettings, type RunningNode } from '../../src/panel/node.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { builtProgram, runProgram, type Run } from '../cli/built-program.js';
import { ROOT } from '../cluster/zone-texts.js';
import { needs, run } from '../needs.js';
import { CANDIDATES } from '../servers/conformance/candidates.js';
import { OperatorsNamed } from '../servers/bind/operator.js';

const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin`;
const program = builtProgram();

function zoneText(serial: number, more = ''): string {
  return `$TTL 300\n@ SOA ns1.host.example. h.host.example. ${serial} 3600 600 86400 300\n@ NS ns1.host.example.\n${more}`;
}

interface Row {
  zone: string;
  verdict: string;
  why?: string;
  warnings: string[];
  place?: { file: string; from: number; to: number };
  local?: { state: string };
}

let folder: string;
let settings: NodeSettings;
let node: RunningNode;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dns-cluster-adopt-'));
  const nameserver = { kind: 'embedded', host: '127.0.0.1', port: await freePort() } as const;
  settings = { name: 'ns1.example.net', folder, host: '127.0.0.1', port: 0, nameserver };
  node = await startNode(settings);
  await node.users.add({ user: 'ann', kind: 'reseller', privileges: ['clustering'] }, 'a long password');
});
afterAll(async () => {
  await node.stop();
  await rm(folder, { recursive: true, force: true });
});

const adopt = (args: readonly string[]): Promise<Run> =>
  runProgram(program, ['zones', 'adopt', '--folder', folder, ...args], { env: { PATH } });

async function rowsOf(args: readonly string[]): Promise<{ status: number | null; rows: Map<string, Row> }> {
  const { status, out, err } = await adopt([...args, '--json']);
  const said = JSON.parse(out || JSON.stringify({ error: err })) as { zones?: Row[]; plan?: Row[]; error?: unknown };
  const rows = said.zones ?? said.plan;
  if (rows === undefined) throw new Error(JSON.stringify(said));
  return { status, rows: new Map(rows.map((row) => [row.zone, row])) };
}

/** The serial that the node's nameserver answers with. */
async function served(zone: string): Promise<number | undefined> {
  const client = new DnsClient(settings.nameserver);
  try {
    return await client.soaSerial(parseName(`${zone}.`));
  } finally {
    client.close();
  }
}

describe.skipIf(!needs('named', 'named-checkconf', 'rndc', 'nsupdate', 'dnssec-keygen', 'dnssec-signzone'))(
  'zones adopt from BIND',
  () => {
    let named: OperatorsNamed;
    let bind: string[];
    beforeAll(async () => {
      named = await OperatorsNamed.configure();
      const write = (name: string, text: string): Promise<void> => writeFile(join(named.folder, name), text);
      await write('good', zoneText(5, 'www A 192.0.2.5\n'));
      await write('dynamic', zoneText(5));
      await write('with-include', zoneText(5, `$INCLUDE ${named.folder}/part\n`));
      await write('part', 'www A 192.0.2.6\n');
      await write('broken', zoneText(5, 'www A 192.0.2.5\nwww CNAME other\n'));
      await write('here', zoneText(5));
      await write('signing', zoneText(5));
      await write('newer', zoneText(9, 'www A 192.0.2.9\n'));
      await write('older', zoneText(3, 'www A 192.0.2.3\n'));
      await write('unwritten', zoneText(5));
      const key = run('dnssec-keygen', '-K', named.folder, '-a', 'ECDSAP256SHA256', '-q', 'signed.example').trim();
      await write('signed.plain', zoneText(5, `$INCLUDE ${named.folder}/${key}.key\n`));
      const signing = [
        '-z',
        '-K',
        named.folder,
        '-d',
        named.folder,
        '-o',
        'signed.example',
        '-f',
        join(named.folder, 'signed'),
      ];
      run('dnssec-signzone', ...signing, join(named.folder, 'signed.plain'));
      const primary = (zone: string, file: string, more = ''): string =>
        `zone "${zone}" {\n  type primary; file "${file}"; ${more}\n};\n`;
      await write(
        'more.conf',
        [
          ...['good', 'with-include', 'here', 'newer', 'older', 'unwritten', 'signed', 'broken'].map((name) =>
            primary(`${name}.example`, name),
          ),
          primary('dynamic.example', 'dynamic', 'allow-update { any; };'),
          primary('signing.example', 'signing', 'dnssec-policy default; inline-signing yes;'),
          primary('missing.example', 'nowhere'),
          primary('localhost', 'good'),
          'zone "second.example" { type secondary; primaries { 127.0.0.1; }; file "second"; };\n',
          'zone "." { type hint; file "/usr/share/dns/root.hints"; };\n',
        ].join(''),
      );
      await appendFile(join(named.folder, 'named.conf'), 'include "more.conf";\n');
      await named.start();
      bind = [
        '--from',
        'bind',
        '--config',
        join(named.folder, 'named.conf'),
        '--server',
        `127.0.0.1:${named.dns.port}`,
      ];
      await write('unwritten', zoneText(6));
      const save = (name: string, text: string): Promise<unknown> =>
        node.plugin.cluster.saveZone(zoneName(name), Buffer.from(text), ROOT);
      await save('here.example', zoneText(7));
      await save('newer.example', zoneText(8, 'www A 192.0.2.8\n'));
      await save('older.example', zoneText(8, 'www A 192.0.2.8\n'));
    });
    afterAll(() => named.end());

    const rndc = (...args: string[]): string =>
      run('rndc', '-s', '127.0.0.1', '-p', String(named.operator.controlPort), '-k', named.operator.keyFile, ...args);

    test('shows a plan that changes nothing: each zone, and why it is left', async () => {
      const update = `server 127.0.0.1 ${named.dns.port}\nzone dynamic.example\nupdate add new.dynamic.example 60 A 192.0.2.1\nsend\n`;
      await writeFile(join(named.folder, 'update'), update);
      run('nsupdate', join(named.folder, 'update'));
      const { status, rows } = await rowsOf([...bind, '--dry-run']);
      expect(status).toBe(1);
      const verdicts = Object.fromEntries(
        [...rows].map(([zone, { verdict, why = '' }]) => [zone, `${verdict}: ${why}`]),
      );
      expect(verdicts).toEqual({
        'own.example': 'take: ',
        'good.example': 'take: ',
        'with-include.example': expect.stringMatching(
          /^left: it is made of several files \(\$INCLUDE\): .*--include/,
        ) as string,
        'here.example': 'unchanged: the same, with the serial 7 here and 5 there',
        'newer.example': expect.stringMatching(/^left: .*newer \(serial 9 there, 8 here\): --newest/) as string,
        'older.example': expect.stringMatching(/^left: .*copy here is newer \(serial 3 there, 8 here\)$/) as string,
        'unwritten.example': expect.stringMatching(
          /^left: served with the serial 5, and its file has 6: .*rndc sync/,
        ) as string,
        'signed.example': 'take: ',
        'broken.example': expect.stringMatching(/^left: not valid: line \d/) as string,
        'dynamic.example': expect.stringMatching(/^left: .*journal dynamic\.jnl: .*rndc freeze/) as string,
        'signing.example': expect.stringMatching(/^left: signed by BIND itself/) as string,
        'missing.example': expect.stringMatching(/^left: in a file that can't be read: .*nowhere/) as string,
        localhost: 'left: every nameserver has its own',
        'second.example': 'left: a secondary: take it from its primary',
        '.': 'left: the hint for the root servers',
      });
      expect(rows.get('signed.example')?.warnings).toEqual([expect.stringMatching(/signature expires at 20\d\d-/)]);
      expect(rows.get('with-include.example')?.place).toMatchObject({
        file: join(named.folder, 'more.conf'),
        from: 4,
        to: 6,
      });
      expect(await served('good.example')).toBeUndefined();
    });

    test('shows the plan of a server without zones where no service runs, and takes nothing there', async () => {
      const nowhere = ['--folder', join(folder, 'nowhere')];
      const { status, out, err } = await adopt([...bind, ...nowhere, '--dry-run', '--json']);
      expect([status, err]).toEqual([1, expect.stringMatching(/No DNS cluster service runs on .*without zones\.\n$/)]);
      const { plan } = JSON.parse(out) as { plan: Row[] };
      const taken = plan.filter(({ verdict }) => verdict === 'take').map(({ zone }) => zone);
      expect(taken).toEqual(expect.arrayContaining(['good.example', 'here.example', 'newer.example', 'older.example']));
      expect(await adopt([...bind, ...nowhere, '--yes'])).toMatchObject({ status: 3 });
    });

    test('asks before it takes anything, and says how a script does it', async () => {
      const { status, err } = await adopt(bind);
      expect([status, err]).toEqual([2, expect.stringMatching(/--dry-run, then use --yes/)]);
      expect(await served('good.example')).toBeUndefined();
    });

    test('takes them: text as it was, owner as wanted, the included part in it, the newer copy where that is wanted', async () => {
      rndc('freeze', 'dynamic.example');
      rndc('sync', '-clean', 'dynamic.example');
      const more = ['--include', named.folder, '--newest', '--owner', 'ann', '--yes'];
      const { status, rows } = await rowsOf([...bind, ...more]);
      expect(status).toBe(1);
      const { cluster } = node.plugin;
      const text = async (name: string): Promise<string> => (await cluster.zones.text(zoneName(name), ROOT)).toString();
      expect(await text('good.example')).toBe(zoneText(5, 'www A 192.0.2.5\n'));
      expect(cluster.zones.get(zoneName('good.example'), ROOT)?.owner).toBe('ann');
      expect(await text('with-include.example')).toContain('192.0.2.6');
      expect(await text('dynamic.example')).toContain('new');
      expect(rows.get('dynamic.example')).toMatchObject({
        warnings: [expect.stringMatching(/dynamic updates/)],
        local: { state: 'served' },
      });
      for (const [name, serial] of Object.entries({ good: 5, signed: 5, older: 8 }))
        expect(await served(`${name}.example`)).toBe(serial);
      // The zone of root's is not ann's to replace.
      expect(rows.get('newer.example')).toMatchObject({ error: { code: 'zone_not_yours' } });
      const again = await rowsOf([...bind, '--newest', '--yes']);
      expect(again.rows.get('newer.example')).toMatchObject({ verdict: 'replace', serial: 9 });
      expect(again.rows.get('good.example')).toMatchObject({ verdict: 'unchanged' });
      expect(await served('newer.example')).toBe(9);
    });

    test('leaves the zones of views, and a configuration that BIND refuses, and says so', async () => {
      const config = join(named.folder, 'views.conf');
      const zone = `zone "good.example" { type primary; file "${named.folder}/good"; };`;
      await writeFile(config, `view "inside" { ${zone} };\n`);
      const { rows } = await rowsOf([
        '--from',
        'bind',
        '--config',
        config,
        '--server',
        `127.0.0.1:${named.dns.port}`,
        '--dry-run',
      ]);
      expect(rows.get('good.example')).toMatchObject({
        verdict: 'left',
        why: expect.stringMatching(/view "inside"/) as string,
      });
      await writeFile(config, `${zone} nonsense;\n`);
      const { status, err } = await adopt(['--from', 'bind', '--config', config, '--dry-run']);
      expect([status, err]).toEqual([
        1,
        expect.stringMatching(/views\.conf cannot be read: named-checkconf: .*nonsense/),
      ]);
    });

    test('by transfer with TSIG takes what the key may have, and names what it may not', async () => {
      const key = { ...newRndcKey(), name: 'move' };
      await writeFile(join(named.folder, 'move.key'), keyClause(key));
      const shared = `zone "moved.example" { type primary; file "good"; allow-transfer { key move; }; };
        zone "kept.example" { type primary; file "good"; allow-transfer { none; }; };\n`;
      await appendFile(join(named.folder, 'named.conf'), `${keyClause(key)}${shared}`);
      rndc('reconfig');
      const from = ['--axfr', `127.0.0.1:${named.dns.port}`, '--zones', 'moved.example,kept.example.,moved.example'];
      const { status, rows } = await rowsOf([...from, '--tsig-key', join(named.folder, 'move.key'), '--yes']);
      expect(status).toBe(1);
      expect(rows.get('kept.example')).toMatchObject({
        verdict: 'left',
        why: expect.stringMatching(/REFUSED/) as string,
      });
      expect(rows.get('moved.example')).toMatchObject({ verdict: 'take', local: { state: 'served' } });
      expect(await served('moved.example')).toBe(5);
    });
  },
);

const MIXED = CANDIDATES.flatMap(({ kind, installed, harness }) => {
  const { mixed } = harness ?? {};
  return harness === undefined || mixed === undefined ? [] : [{ kind, installed, ...harness, mixed }];
});

describe.each(MIXED)('zones adopt from $kind', ({ kind, installed, configure, files, mixed }) => {
  test.skipIf(!installed)('takes its primary zones, and names what is left and where it stands', async () => {
    const server = await configure();
    try {
      for (const name of ['good', 'signing']) {
        await writeFile(join(server.folder, `${name}.${kind}`), zoneText(4, 'www A 192.0.2.4\n'));
      }
      await appendFile(join(server.folder, files.zones), mixed.statements(server.folder));
      mixed.sign?.(server.folder);
      await server.start();
      const from = [
        '--from',
        kind,
        '--config',
        join(server.folder, files.configuration),
        '--server',
        `127.0.0.1:${server.dns.port}`,
      ];
      const { rows } = await rowsOf([...from, '--yes']);
      expect(rows.get(`good.${kind}`)).toMatchObject({ verdict: 'take', local: { state: 'served' }, warnings: [] });
      expect(rows.get(`second.${kind}`)).toMatchObject({
        verdict: 'left',
        why: expect.stringMatching(/secondary/) as string,
      });
      if (mixed.signs)
        expect(rows.get(`signing.${kind}`)).toMatchObject({ why: expect.stringMatching(/signed by/) as string });
      expect(await served(`good.${kind}`)).toBe(4);
      const place = rows.get(`good.${kind}`)?.place;
      const text = run('sed', '-n', `${place?.from ?? 0},${place?.to ?? 0}p`, place?.file ?? '');
      expect(text).toContain(`good.${kind}`);
      expect(text).not.toContain('second');
    } finally {
      await server.end();
    }
  });
});

test('zones adopt says what is missing', async () => {
  expect(await adopt([])).toMatchObject({ status: 2, err: expect.stringMatching(/--from .*or --axfr/) as string });
  expect(await adopt(['--axfr', '127.0.0.1'])).toMatchObject({
    status: 2,
    err: expect.stringMatching(/--zones/) as string,
  });
  expect(await adopt(['--from', 'bind', '--zones', 'a.example'])).toMatchObject({ status: 2 });
});
