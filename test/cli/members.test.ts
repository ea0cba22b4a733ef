import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { certificateOf } from '../../src/cli/service/service-connection.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { TlsListener } from '../../src/web/listening/tls-listener.js';
import { selfSigned } from '../certificates.js';
import { ClusterNode } from '../cluster/cluster-node.js';
import { ROOT, zoneText } from '../cluster/zone-texts.js';
import { runningNode } from './running-node.js';

const web = runningNode();
const ZONE = zoneName('a.example');

let ns1: ClusterNode;
let port: string;
let dnsPort: string;
let tokenFile: string;
let fingerprint: string;
beforeAll(async () => {
  ns1 = await ClusterNode.start('ns1.example.net');
  const invitation = await ns1.invitation('sync', ROOT);
  port = String(invitation.port);
  dnsPort = String(invitation.dnsPort);
  tokenFile = join(web.folder, 'token-of-ns1');
  writeFileSync(tokenFile, `${invitation.token}\n`, { mode: 0o600 });
  fingerprint = await certificateOf('127.0.0.1', Number(port));
  await web.node.plugin.cluster.saveZone(ZONE, zoneText(7), ROOT);
});
afterAll(() => ns1.end());

const ADD = ['members', 'add', '127.0.0.1', '--role', 'write-only'];
const ports = (): string[] => ['--port', port, '--dns-port', dnsPort];

describe('dnscluster members', () => {
  test('says that there are none', async () => {
    expect(await web.run(['members', 'list'])).toEqual({
      status: 0,
      out: 'The cluster has no members yet.\n',
      err: '',
    });
    expect(await web.json(['members', 'list'])).toEqual({ status: 0, said: [] });
    expect(await web.run(['members', 'test'])).toMatchObject({ status: 0 });
  });

  test('add: sends no token to a server whose certificate nobody accepted, and shows it', async () => {
    const calls = ns1.calls.length;
    const { status, err } = await web.run([...ADD, ...ports(), '--member-token-file', tokenFile]);
    expect([status, err]).toEqual([2, expect.stringContaining(fingerprint)]);
    expect(err).toContain('--member-fingerprint');
    expect(ns1.calls.slice(calls)).toEqual([]);
  });

  test('add: wants a role, a host and a token, and refuses a wrong port', async () => {
    const pinned = [...ports(), '--member-fingerprint', fingerprint];
    expect(await web.run(['members', 'add', '127.0.0.1'])).toMatchObject({ status: 2 });
    expect(await web.run(['members', 'add', '--role', 'sync'])).toMatchObject({ status: 2 });
    const { status, err } = await web.run([...ADD, ...pinned]);
    expect([status, err]).toEqual([2, expect.stringContaining('--member-token-file')]);
    expect(await web.run([...ADD, '--port', '70000'])).toMatchObject({ status: 2 });
    const wrong = await web.run([...ADD, ...pinned], { env: { DNSCLUSTER_MEMBER_TOKEN: 'WRONG' } });
    expect([wrong.status, wrong.err]).toEqual([1, expect.stringContaining('refused the user or token')]);
  });

  test('add: takes a member in, and its zones go there', async () => {
    const accepted = ['--member-token-file', tokenFile, '--member-fingerprint', fingerprint];
    const { status, out, err } = await web.run([...ADD, ...ports(), ...accepted]);
    expect({ status, out, err }).toEqual({
      status: 0,
      out: expect.stringMatching(
        /^ns1\.example\.net was added with the role write-only\. 1 zones are sent to it/,
      ) as string,
      err: '',
    });
    await vi.waitFor(async () => expect(await ns1.served(ZONE)).toBe(7), { timeout: 10_000 });
    const again = await web.json([...ADD, ...ports(), ...accepted]);
    expect(again).toMatchObject({ status: 1, said: { error: { code: 'member_exists' } } });
  });

  test('list: a table for persons, all of it for programs, and no secret in either', async () => {
    const { out } = await web.run(['members', 'list']);
    expect(out).toMatch(
      /^MEMBER {11}ROLE {8}STATE {3}IN SYNC {2}WAITING {2}LAST CONTACT {2,}VERSION\nns1\.example\.net {2}write-only {2}online {2}1\/1/,
    );
    const { said } = await web.json(['members', 'list']);
    expect(said).toMatchObject([{ hostname: 'ns1.example.net', role: 'write-only', fingerprint, zonesInSync: 1 }]);
    expect(JSON.stringify(said)).not.toContain('"token"');
  });

  test('test: asks one or all', async () => {
    const { status, out } = await web.run(['members', 'test']);
    expect([status, out]).toEqual([0, expect.stringMatching(/ns1\.example\.net {2}answered in \d+ ms, version 11\./)]);
    expect(await web.json(['members', 'test', '127.0.0.1'])).toMatchObject({
      status: 0,
      said: [{ member: 'ns1.example.net', ok: true }],
    });
    const { status: unknown, err } = await web.run(['members', 'test', 'ns9']);
    expect([unknown, err]).toEqual([2, 'There is no member "ns9". Members: ns1.example.net.\n']);
  });

  test('role, disable, enable: change what was asked for, and say so', async () => {
    const ran = await web.run(['members', 'role', 'NS1.example.net', 'sync']);
    expect(ran).toMatchObject({ status: 0, out: 'ns1.example.net now has the role sync.\n' });
    expect(await web.run(['members', 'role', 'ns1.example.net', 'primary'])).toMatchObject({ status: 2 });
    expect(await web.run(['members', 'disable', 'ns1.example.net'])).toMatchObject({ status: 0 });
    const { status, out } = await web.run(['status']);
    expect([status, out]).toEqual([1, expect.stringMatching(/ns1\.example\.net is disabled: Disabled by root\./)]);
    expect(await web.json(['members', 'enable', 'ns1.example.net'])).toMatchObject({
      status: 0,
      said: { state: 'online', role: 'sync' },
    });
    expect(await web.run(['members', 'allow-removals', 'ns1.example.net'])).toMatchObject({ status: 0 });
  });

  test('edit: changes what is named alone, and asks about no certificate that is accepted already', async () => {
    expect(await web.run(['members', 'edit', 'ns1.example.net'])).toMatchObject({ status: 2 });
    expect(await web.json(['members', 'edit', 'ns1.example.net', '--role', 'write-only'])).toMatchObject({
      status: 0,
      said: { role: 'write-only', host: '127.0.0.1', dnsPort: Number(dnsPort) },
    });
    const moved = await web.json(['members', 'edit', 'ns1.example.net', '--host', 'localhost']);
    expect(moved).toMatchObject({ status: 0, said: { host: 'localhost', fingerprint, trust: 'key' } });
    // Another server answers there: what it shows is asked about.
    const shown = selfSigned(web.folder, 'ns1.example.net');
    const other = await TlsListener.open({ host: '127.0.0.1', port: 0, ...shown }, (_, response) => response.end());
    try {
      const asked = await web.run(['members', 'edit', 'ns1.example.net', '--port', String(other.port)]);
      expect([asked.status, asked.err]).toEqual([2, expect.stringContaining(other.fingerprint)]);
    } finally {
      await other.close();
    }
    const back = await web.run(['members', 'edit', 'ns1.example.net', '--host', '127.0.0.1']);
    expect(back).toMatchObject({ status: 0 });
    expect(web.node.plugin.cluster.members.list(ROOT)).toMatchObject([{ host: '127.0.0.1' }]);
  });

  test('a member that is away: test and status say so with 1', async () => {
    await ns1.stop();
    const { status, out } = await web.run(['members', 'test', 'ns1.example.net']);
    expect([status, out]).toEqual([1, expect.stringMatching(/cannot be reached/)]);
    const found = await web.run(['status']);
    expect([found.status, found.out]).toEqual([1, expect.stringMatching(/ns1\.example\.net is failing: /)]);
    await ns1.start();
    expect(await web.run(['members', 'test'])).toMatchObject({ status: 0 });
    expect(await web.run(['status'])).toMatchObject({ status: 0 });
  });

  test('remove: not without being asked or --yes', async () => {
    const { status, err } = await web.run(['members', 'remove', 'ns1.example.net']);
    expect([status, err]).toEqual([2, expect.stringContaining('--yes')]);
    expect(web.node.plugin.cluster.members.list(ROOT)).toHaveLength(1);
    expect(await web.json(['members', 'remove', 'ns1.example.net', '--yes'])).toEqual({
      status: 0,
      said: { removed: 'ns1.example.net' },
    });
    expect(web.node.plugin.cluster.members.list(ROOT)).toEqual([]);
    expect(await ns1.served(ZONE)).toBe(7);
  });

  test('add: another member type by its fields, whose secret comes from a file', async () => {
    writeFileSync(join(web.folder, 'key'), 'a-key\n');
    const { status, err } = await web.run([
      ...['members', 'add', '--type', 'nothing-known', '--role', 'write-only'],
      ...['--set', 'user=me', '--set-file', `apikey=${join(web.folder, 'key')}`],
    ]);
    expect([status, err]).toEqual([1, expect.stringContaining('no member type "nothing-known"')]);
    expect(await web.run(['members', 'add', '--type', 'x', '--role', 'sync', '--set', 'user'])).toMatchObject({
      status: 2,
    });
  });
});

describe('dnscluster status', () => {
  test('names the server, its nameserver and its zones, and is 0 where all is well', async () => {
    const { status, out } = await web.run(['status']);
    expect(status).toBe(0);
    expect(out).toMatch(
      /^Server: web\.example\.net, 1 zone\nNameserver: dns-cluster .*\nClustering: on\nMembers: none\n$/,
    );
    expect(await web.json(['status'])).toMatchObject({ status: 0, said: { hostname: 'web.example.net', zones: 1 } });
  });

  test('says that a zone file is gone, and is 1 then', async () => {
    const zones = join(web.folder, 'dns-cluster', 'zones');
    const file = readdirSync(zones, { recursive: true, encoding: 'utf8' }).find((name) => name.endsWith('a.example'));
    rmSync(join(zones, file ?? ''));
    await web.run(['zones', 'rescan']);
    const { status, out } = await web.run(['status']);
    expect([status, out]).toEqual([1, expect.stringMatching(/^Zone file of a\.example: /m)]);
  });
});
