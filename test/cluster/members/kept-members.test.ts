import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ClusterState } from '../../../src/cluster/model/cluster-state.js';
import { createLog } from '../../../src/operations/log.js';
import { ownMemberTypes } from '../../../src/members/own-member-types.js';
import { zoneName } from '../../../src/zones/zone-name.js';
import { ClusterNode } from '../cluster-node.js';
import { ROOT, zoneText } from '../zone-texts.js';

const NAME = zoneName('a.example');

let web: ClusterNode;
let ns1: ClusterNode;
beforeEach(async () => {
  [web, ns1] = await Promise.all([ClusterNode.start('web'), ClusterNode.start('ns1')]);
  await web.stop();
  web.memberTypes = await ownMemberTypes(['./examples/member-types/zone-folder.mjs'], createLog({ level: 'silent' }));
  await web.start();
});
afterEach(() => Promise.all([web, ns1].map((node) => node.end())));

const file = (): string => join(web.folder, 'data', 'cluster.json');
const state = (): ClusterState => JSON.parse(readFileSync(file(), 'utf8')) as ClusterState;

/** As it was written when the rows of all types had an address. */
const FILLED = { port: 0, dnsPort: 0, token: '', fingerprint: '', user: '' };

test('members of a state file with an address in every row are read, work, and are written without it', async () => {
  const zones = join(web.folder, 'zones');
  await web.add(ns1, 'sync');
  await web.cluster.members.add({ type: 'zone-folder', role: 'write-only', values: { folder: zones } }, ROOT);
  const shown = web.cluster.members
    .list(ROOT)
    .map(({ id, type, host, port, user }) => ({ id, type, host, port, user }));
  await web.stop();
  const { members, ...settings } = state();
  const older = members.map((row) => ('values' in row ? { ...row, ...FILLED, host: row.hostname } : row));
  writeFileSync(file(), JSON.stringify({ ...settings, members: older }));
  await web.start();
  expect(web.cluster.members.list(ROOT)).toMatchObject(shown);
  await web.cluster.saveZone(NAME, zoneText(5), ROOT);
  expect(readFileSync(join(zones, 'a.example.zone'), 'utf8')).toBe(zoneText(5).toString());
  expect(ns1.holdings()).toEqual(web.holdings());
  await web.cluster.members.setRole(shown[1]?.id ?? '', 'standalone', ROOT);
  const { id, type } = shown[1] ?? {};
  expect(state().members[1]).toEqual({
    ...{ id, type, role: 'standalone', values: { folder: zones } },
    ...{ hostname: members[1]?.hostname, version: members[1]?.version, owner: 'root' },
  });
  expect(state().members[0]).toEqual(members[0]);
});

test('what is shown of a member is what clients know, and no secret', async () => {
  const { id } = await web.add(ns1, 'sync');
  const values = { folder: join(web.folder, 'zones') };
  await web.cluster.members.add({ type: 'zone-folder', role: 'standalone', values }, ROOT);
  const [server, typed] = web.cluster.members.list(ROOT);
  const always = [
    'id',
    'type',
    'host',
    'port',
    'dnsPort',
    'user',
    'role',
    'fingerprint',
    'hostname',
    'version',
    'owner',
  ];
  expect(Object.keys(server ?? {})).toEqual(expect.arrayContaining([...always, 'debug']));
  expect(Object.keys(server ?? {})).not.toContain('token');
  expect(server).toMatchObject({ id, type: 'cpanel', host: '127.0.0.1', fingerprint: ns1.fingerprint });
  expect(typed).toMatchObject({
    type: 'zone-folder',
    host: typed?.hostname,
    port: 0,
    dnsPort: 0,
    user: '',
    fingerprint: '',
    values,
  });
});
