import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { askService, type AnswerOf } from '../../src/cli/service/running-service.js';
import { startNode, type RunningNode } from '../../src/panel/node.js';
import { keyPinOf } from '../../src/state/key-pin.js';
import type { Functions } from '../../src/web/whm-api/functions.js';
import { FUNCTIONS } from '../../src/web/whm-api/functions.js';
import { selfSigned } from '../certificates.js';
import { zoneText } from '../cluster/zone-texts.js';
import { expectStrict } from './strict-answer.js';

const folders = ['web', 'ns1'].map((name) => mkdtempSync(join(tmpdir(), `answers-${name}-`)));
const [web = '', ns1 = ''] = folders;
let nodes: RunningNode[];
const nameserver = { kind: 'embedded', host: '127.0.0.1', port: 0 } as const;
beforeAll(async () => {
  const names = ['web.example.net', 'ns1.example.net'];
  const settings = folders.map((folder, i) => ({ name: names[i] ?? '', folder, host: '127.0.0.1', port: 0 }));
  nodes = await Promise.all(settings.map((one) => startNode({ ...one, nameserver })));
});
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  for (const folder of folders) rmSync(folder, { recursive: true });
});

const answered = new Set<string>();

/** Asks one of the two servers, as the command line does; its answer is held to the schema, field by field. */
async function ask<Name extends keyof Functions>(
  name: Name,
  parameters: Parameters<typeof askService<Name>>[2] = {},
  folder = web,
): Promise<AnswerOf<Name>> {
  const data = await askService({ folder }, name, parameters);
  expectStrict(name, data);
  answered.add(name);
  return data;
}

/** Where the file of a zone lies on the first server. */
function fileOf(zone: string): string {
  const zones = join(web, 'dns-cluster', 'zones');
  const file = readdirSync(zones, { recursive: true, encoding: 'utf8' }).find((path) => path.endsWith(zone));
  return join(zones, file ?? `no file of ${zone}`);
}

const zonedata = (serial: number, address = '192.0.2.1'): Buffer => zoneText(serial, address);

test('the server and its zones answer what their schemas say', async () => {
  await ask('version');
  await ask('version', { zones: '1' });
  for (const name of ['installed_versions', 'servicestatus', 'gethostname', 'myaddress', 'myprivs'] as const)
    await ask(name);
  await ask('servicestatus', { service: 'exim' });

  await ask('addzone', { zone: 'a.example', zonedata: zonedata(7) });
  await ask('savezone', { zone: 'a.example', zonedata: zonedata(8, '192.0.2.2') });
  const imported = await ask('importzones', {
    ...{ 'zone-1': 'b.example', 'zonedata-1': zonedata(1), 'zone-2': 'c.example', 'zonedata-2': 'no zone' },
  } as never);
  expect(imported.zone.map(({ error }) => error?.code)).toEqual([undefined, 'zone_invalid']);
  await ask('createzone', { zone: 'd.example', ip: '192.0.2.1', ns1: 'ns1.example.net', ns2: 'ns2.example.net' });
  await ask('adddns', { domain: 'e.example', ip: '192.0.2.1' });
  await ask('resetzone', { zone: 'e.example', ip: '192.0.2.9' });
  await ask('killdns', { domain: 'e.example' });
  await ask('removezone', { zone: 'd.example' });
  expect((await ask('listremovedzones')).zone).toHaveLength(2);
  await ask('restorezone', { zone: 'd.example' });
  await ask('export_zone_files', { zone: ['a.example', 'b.example'] });
  await ask('lookupnsip', { host: 'www.a.example' });
  await ask('zonestate', { zone: 'a.example' });
  const { version } = await ask('listzonehistory', { zone: 'a.example' });
  await ask('getzoneversion', { zone: 'a.example', time: version[0]?.time ?? '' });

  await ask('dumpzone', { domain: 'a.example' });
  const { payload } = await ask('parse_dns_zone', { zone: 'a.example' });
  const line = (payload.find(({ record_type: type }) => type === 'A')?.line_index ?? 0) + 1;
  await ask('getzonerecord', { zone: 'a.example', line });
  await ask('editzonerecord', { zone: 'a.example', line, address: '192.0.2.3' } as never);
  await ask('addzonerecord', { zone: 'a.example', name: 'x', type: 'A', address: '192.0.2.4' } as never);
  await ask('removezonerecord', { zone: 'a.example', line });
  const { serial = 0 } = (await ask('listzones')).zone.find(({ domain }) => domain === 'b.example') ?? {};
  const add = JSON.stringify({ dname: 'y', ttl: 60, record_type: 'A', data: ['192.0.2.5'] });
  await ask('mass_edit_dns_zone', { zone: 'b.example', serial, add });
});

test('files that were changed or lost on disk', async () => {
  writeFileSync(fileOf('a.example'), zonedata(99));
  writeFileSync(fileOf('b.example'), 'no zone');
  rmSync(fileOf('d.example'));
  const found = await ask('rescanzones');
  expect([found.changed.length, found.broken.length, found.missing.length]).toEqual([1, 1, 1]);
  expect((await ask('clusterstatus')).damaged).toHaveLength(2);
  await ask('restorefile', { zone: 'b.example' });
  expect((await ask('restorefiles')).outcome).toHaveLength(1);
});

test('members, what differs there, and how zones are brought to the same state', async () => {
  const { token } = await ask('api_token_create', { token_name: 'web', acl: ['clustering'] }, ns1);
  const { port } = new URL(nodes[1]?.url ?? '');
  const { dns, hostname } = await ask('clusterstatus', {}, ns1);
  const { fingerprint } = await ask('lookatserver', { host: '127.0.0.1', port });
  await ask('savezone', { zone: 'there.example', zonedata: zonedata(5) }, ns1);
  await ask('savezone', { zone: 'both.example', zonedata: zonedata(5, '192.0.2.7') }, ns1);
  await ask('savezone', { zone: 'both.example', zonedata: zonedata(6, '192.0.2.8') });
  const given = { host: '127.0.0.1', port, dnsport: dns.port, user: 'root', token, fingerprint };
  const { id: member } = await ask('addmember', { ...given, role: 'sync', reversetrust: '1' });
  await ask('listmembertypes');
  expect(await ask('testnameserver')).toEqual({ outcome: 'served' });
  await ask('editmember', { member, user: 'root', token });
  await ask('setmemberrole', { member, role: 'write-only' });
  await ask('setmemberrole', { member, role: 'sync' });
  await ask('testmember', { member });
  await vi.waitFor(async () => expect((await ask('listmembers')).member[0]?.pending).toBe(0), { timeout: 10_000 });
  expect((await ask('savezone', { zone: 'a.example', zonedata: zonedata(200) })).members).toHaveLength(1);
  await ask('getmemberzone', { member, zone: 'a.example' });
  expect((await ask('cluster_member_has_trust_with', { host: '127.0.0.1' })).has_trust).toBe(1);
  expect((await ask('listzones')).zone.filter((row) => row.member !== undefined)).toHaveLength(1);
  expect((await ask('listconflicts')).conflict).toHaveLength(1);
  await ask('takeoverzone', { zone: 'both.example' });
  await ask('forgetconflict', { zone: 'both.example' });
  const taken = await ask('takeoverzones', { zone: ['both.example', 'none.example'] });
  expect(taken.outcome.map((one) => 'refused' in one)).toEqual([false, true]);
  expect((await ask('takeoverzones', { of: hostname, plan: '1' })).outcome).toEqual([]);
  await ask('savezone', { zone: 'moving.example', zonedata: zonedata(5) });
  await ask('savezone', { zone: 'kept.example', zonedata: zonedata(5) });
  const { isKept } = await ask('removezone', { zone: 'kept.example', keep_at_members: '1' });
  expect(isKept).toBe(true);
  const moved = await ask('handoverzones', { zone: ['moving.example', 'none.example'], server: hostname });
  expect(moved.outcome.map((one) => 'refused' in one)).toEqual([false, true]);

  await ask('savezone', { zone: 'a.example', zonedata: zonedata(300, '192.0.2.66') }, ns1);
  expect((await ask('checkdrift', { member })).report[0]?.differences).not.toEqual([]);
  await ask('listdrift');
  const settled = await ask('settledrift', { member, zone: ['a.example', 'none.example'], how: 'send' });
  expect(settled.outcome.map((one) => 'refused' in one)).toEqual([false, true]);

  await ask('savezone', { zone: 'b.example', zonedata: zonedata(400, '192.0.2.77') }, ns1);
  expect((await ask('synchronize', { direction: 'all', plan: '1' })).newer).not.toEqual([]);
  const { job } = await ask('startsynchronize', { direction: 'all', unconfigured: '1' });
  const over = await vi.waitFor(
    async () => {
      const now = await ask('synchronizejob', { job });
      expect(now.state).toBe('done');
      return now;
    },
    { timeout: 15_000 },
  );
  expect([over.result?.taken.length, over.row?.length]).toEqual([expect.any(Number), expect.any(Number)]);
  await ask('cancelsynchronize', { job });

  await ask('disablemember', { member });
  expect((await ask('listfailures')).members).toHaveLength(1);
  await ask('enablemember', { member });
  await ask('allowremovals', { member });

  // A new key, which the one before signs at the next start.
  await nodes.pop()?.stop();
  const { key, cert } = selfSigned(ns1, 'ns1.example.net');
  writeFileSync(join(ns1, 'tls', 'tls.key'), key);
  writeFileSync(join(ns1, 'tls', 'tls.crt'), cert);
  nodes.push(
    await startNode({ name: 'ns1.example.net', folder: ns1, host: '127.0.0.1', port: Number(port), nameserver }),
  );
  await ask('testmember', { member });
  expect((await ask('takebackkey', { member })).keyPin).not.toBe(keyPinOf(createPrivateKey(key)));
  await ask('removemember', { member });
});

test('settings, tokens, users and what was changed by whom', async () => {
  await ask('setclustering', { enabled: '1' });
  await ask('setfailurethreshold', { threshold: 7 });
  await ask('setautoenable', { enabled: '1' });
  await ask('setresellernetworks', { network: '10.1.0.0/16' });
  await ask('setconflictpolicy', { policy: 'first' });

  await ask('getnotifications');
  await ask('setnotifications', { mail_to: 'a@example.net', smtp: 'smtp://127.0.0.1:1', webhook_secret: 'secret' });
  expect((await ask('testnotifications')).channel).toMatchObject([
    { channel: 'mail', failed: expect.any(String) as string },
  ]);

  await ask('api_token_create', { token_name: 'x', acl: ['clustering'], whitelist_ip: '192.0.2.1' });
  await ask('api_token_update', { token_name: 'x', new_name: 'y', expires_at: 4_000_000_000 });
  await ask('api_token_get_details', { token_name: 'y' });
  await ask('api_token_list');
  await ask('api_token_revoke', { token_name: ['y'] });
  await ask('setaccesskeys', { enabled: '1' });
  await ask('createaccesskey');
  await ask('revokeaccesskey');

  const password = 'twelve letters or more';
  await ask('addpaneluser', { user: 'ann', password, acl: ['clustering'] });
  await ask('setpanelpassword', { user: 'ann', password });
  const { settings } = await ask('setallowednames', { account: 'ann', zone: ['Ac.UK.', 'gov.uk'] });
  expect(settings.allowedNames.map(({ zone }) => zone)).toEqual(['ac.uk', 'gov.uk']);
  await ask('listpanelusers');
  await ask('setzoneowner', { zone: ['a.example', 'not.example'], owner: 'ann' });
  await ask('setzoneowner', { zone: ['a.example'], owner: 'root' });
  await ask('removepaneluser', { user: 'ann' });

  expect((await ask('listaudit', { limit: 1000 })).entry.length).toBeGreaterThan(20);
});

test('no function was left out', () => {
  expect([...FUNCTIONS.keys()].filter((name) => !answered.has(name))).toEqual([]);
});
