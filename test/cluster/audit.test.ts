import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request from 'supertest';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TokenStore } from '../../src/access/tokens.js';
import type { Cluster } from '../../src/cluster/cluster.js';
import { AuditLog } from '../../src/operations/audit-log.js';
import { createLog } from '../../src/operations/log.js';
import { createApi } from '../../src/web/api.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { loneCluster } from './lone-cluster.js';
import { reseller, ROOT, zoneNames, zoneText } from './zone-texts.js';

const log = createLog({ level: 'silent' });
const NAME = zoneName('a.example');

let folder: string;
let file: string;
let audit: AuditLog;
let cluster: Cluster;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'audit-'));
  file = join(folder, 'audit.log');
  audit = new AuditLog(file, log);
  cluster = await loneCluster(folder, { audit });
});
afterEach(async () => {
  await cluster.stop();
  await audit.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('the audit log', () => {
  test('holds every change that was asked for: by whom, how, of what, and whether it was refused; and no reading', async () => {
    await cluster.saveZone(NAME, zoneText(5), ROOT);
    cluster.listZones(ROOT);
    await expect(cluster.removeZone(NAME, { ...reseller('ann'), via: { token: 'script' } })).rejects.toThrow();
    await cluster.zones.saveMany(
      zoneNames(600).map((name) => ({ name, text: zoneText(1) })),
      { ...ROOT, via: { session: true } },
    );
    await cluster.settings.setClustering(false, ROOT);
    expect((await audit.latest(10)).reverse()).toMatchObject([
      { action: 'saveZone', target: 'a.example', user: 'root', via: 'this server' },
      { action: 'removeZone', target: 'a.example', user: 'ann', via: 'token script', refused: 'zone_not_yours' },
      {
        action: 'saveZones',
        via: 'page',
        target: expect.stringMatching(/^zone-0\.example, .* and 595 more$/) as string,
      },
      { action: 'setClustering', target: 'off' },
    ]);
  });

  test('holds no secret, and is for nobody else’s eyes', async () => {
    const member = { user: 'root', token: 'SECRET-1234', role: 'sync' } as const;
    await expect(cluster.members.add({ ...member, host: '127.0.0.1', port: 1 }, ROOT)).rejects.toThrow();
    const asked = { address: '127.0.0.1:1', user: 'root', token: 'SECRET-5678' };
    await expect(cluster.members.trust(asked, ROOT)).rejects.toThrow();
    expect(await audit.latest(10)).toMatchObject([
      { action: 'trustMember', target: '127.0.0.1:1', refused: 'member_call_failed' },
      { action: 'addMember', target: '127.0.0.1', refused: 'member_call_failed' },
    ]);
    await audit.close();
    expect(readFileSync(file, 'utf8')).not.toContain('SECRET');
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('goes on over a restart, over lines that are damaged, and stays of a bounded size', async () => {
    await cluster.saveZone(NAME, zoneText(5), ROOT);
    await audit.close();
    writeFileSync(file, `${'x'.repeat(9 * 1024 * 1024)}\nnonsense\n`, { flag: 'a' });
    audit = new AuditLog(file, log);
    await cluster.stop();
    cluster = await loneCluster(folder, { audit });
    await cluster.saveZone(zoneName('b.example'), zoneText(5), ROOT);
    expect((await audit.latest(10)).map(({ target }) => target)).toEqual(['b.example', 'a.example']);
    expect(statSync(file).size).toBeLessThan(1_000);
  });

  test('a disk that refuses it stops no change', async () => {
    const nowhere = new AuditLog(join(folder, 'missing', 'audit.log'), log);
    await cluster.stop();
    cluster = await loneCluster(folder, { audit: nowhere });
    expect(await cluster.saveZone(NAME, zoneText(5), ROOT)).toMatchObject({ change: 'created' });
    expect(await nowhere.latest(10)).toEqual([]);
  });

  test('is listed by the API: all of it to root, to a reseller what they did', async () => {
    const tokens = await TokenStore.open(join(folder, 'tokens.json'), { log });
    const api = createApi({ cluster, tokens, audit, version: '0', log });
    const ask = async (user: string, kind: 'root' | 'reseller', query = ''): Promise<unknown[]> => {
      const name = `t${Math.random().toString(36).slice(2)}`;
      const { secret } = await tokens.create({ user, kind, name, privileges: ['clustering'] });
      const answer = await request(api)
        .get(`/json-api/listaudit?api.version=1${query}`)
        .set('Authorization', `whm ${user}:${secret}`);
      return (answer.body as { data: { entry: { action: string; user: string }[] } }).data.entry.map((one) => one.user);
    };
    await cluster.saveZone(NAME, zoneText(5), ROOT);
    await cluster.saveZone(zoneName('ann.example'), zoneText(5), reseller('ann'));
    expect(await ask('root', 'root')).toEqual(['ann', 'root']);
    expect(await ask('ann', 'reseller')).toEqual(['ann']);
    expect(await ask('root', 'root', '&user=root')).toEqual(['root']);
    expect(await ask('root', 'root', '&target=ann.ex&action=saveZone&limit=1')).toEqual(['ann']);
    await tokens.close();
  });
});
