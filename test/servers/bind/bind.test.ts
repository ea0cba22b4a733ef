import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RCODE } from '../../../src/dns/messages/message.js';
import { parseName } from '../../../src/dns/name.js';
import { query } from '../../query.js';
import { TYPE } from '../../../src/dns/types.js';
import { BindServer } from '../../../src/nameservers/bind/bind.js';
import { ControlledNameserver } from '../../../src/nameservers/controlled/controlled-nameserver.js';
import { freePort } from '../../../src/operations/ports.js';
import { createLog } from '../../../src/operations/log.js';
import { needs } from '../../needs.js';
import { removal, ZoneFolder } from '../bind-zones.js';

const log = createLog({ level: 'silent' });

describe.skipIf(!needs('named', 'named-checkzone'))('a private BIND', () => {
  let zones: ZoneFolder;
  let folder: string;
  let bind: ControlledNameserver;

  beforeAll(async () => {
    zones = await ZoneFolder.make();
    folder = await mkdtemp(join(tmpdir(), 'dns-cluster bind-'));
    const dns = { host: '127.0.0.1', port: await freePort() };
    bind = new ControlledNameserver(new BindServer({ dns, folder, log }), { dns, log });
    await bind.start();
  });
  afterAll(async () => {
    await bind.stop();
    await rm(folder, { recursive: true, force: true });
    await rm(zones.folder, { recursive: true, force: true });
  });

  const ask = (name: string, type: number): ReturnType<typeof query> => query(bind.dns, parseName(`${name}.`), type);

  /** What the include file and its parts say. */
  const includedZones = async (): Promise<string> => {
    const parts = await readdir(join(folder, 'zones.conf.d'));
    return (await Promise.all(parts.map((part) => readFile(join(folder, 'zones.conf.d', part), 'utf8')))).join('');
  };

  test('a new zone is served, changed and removed, each seen over DNS before it is said', async () => {
    expect(await bind.apply([await zones.upsert('a.example', 1)])).toEqual([
      { name: 'a.example', outcome: 'served', serial: 1 },
    ]);
    expect((await ask('a.example', TYPE.A)).aa).toBe(true);
    const changed = await zones.upsert('a.example', 2, 'www A 192.0.2.7\n');
    expect(await bind.apply([changed])).toEqual([{ name: 'a.example', outcome: 'served', serial: 2 }]);
    expect((await ask('www.a.example', TYPE.A)).answer).toHaveLength(1);
    expect(await bind.apply([removal('a.example')])).toEqual([{ name: 'a.example', outcome: 'served' }]);
    expect((await ask('www.a.example', TYPE.A)).rcode).toBe(RCODE.REFUSED);
    expect(await readFile(zones.file('a.example'), 'utf8')).toContain('www A'); // the file is not BIND's to remove
  });

  test('a zone comes back after its removal, and again', async () => {
    for (const serial of [1, 2, 3]) {
      expect(await bind.apply([await zones.upsert('again.example', serial)])).toMatchObject([{ outcome: 'served' }]);
      expect(await bind.apply([removal('again.example')])).toMatchObject([{ outcome: 'served' }]);
    }
  });

  test('names of RFC 2317 and names with underscores are served', async () => {
    const changes = [
      await zones.upsert('0/26.2.0.192.in-addr.arpa', 1),
      await zones.upsert('_tcp.example', 1, '_a A 192.0.2.2\n'),
    ];
    expect(await bind.apply(changes)).toMatchObject([{ outcome: 'served' }, { outcome: 'served' }]);
    expect(await bind.apply(changes.map(({ name }) => removal(name)))).toMatchObject([
      { outcome: 'served' },
      { outcome: 'served' },
    ]);
  });

  test('a broken new zone is refused with what BIND says, the good one beside it is served', async () => {
    const applied = await bind.apply([
      await zones.upsert('good.example', 1),
      await zones.upsert('broken.example', 1, 'www A 192.0.2\n'),
    ]);
    expect(applied).toMatchObject([{ outcome: 'served' }, { outcome: 'refused' }]);
    expect(applied[1]?.reason).toContain('bad dotted quad');
    expect(await bind.apply([await zones.upsert('broken.example', 2)])).toMatchObject([{ outcome: 'served' }]);
  });

  test('a zone that would be replaced by a broken one is refused, and the old one stays until it is mended', async () => {
    await bind.apply([await zones.upsert('kept.example', 5)]);
    const [refused] = await bind.apply([await zones.upsert('kept.example', 6, 'www CNAME a\nwww A 192.0.2.1\n')]);
    expect(refused).toMatchObject({ outcome: 'refused', serial: 5 });
    expect(refused?.reason).toContain('CNAME and other data');
    expect((await ask('kept.example', TYPE.A)).aa).toBe(true);
    expect(await bind.apply([await zones.upsert('kept.example', 7)])).toMatchObject([{ outcome: 'served', serial: 7 }]);
  });

  test('a previous version that is put back with its old time is served again', async () => {
    await bind.apply([await zones.upsert('back.example', 20)]);
    const lower = await zones.upsert('back.example', 10);
    await utimes(lower.file, new Date(2020, 1), new Date(2020, 1));
    expect(await bind.apply([lower])).toEqual([{ name: 'back.example', outcome: 'served', serial: 10 }]);
  });

  test('two versions within one tick of the file system clock are both served', async () => {
    const time = new Date();
    for (const serial of [1, 2, 3]) {
      const change = await zones.upsert('tick.example', serial);
      await utimes(change.file, time, time);
      expect(await bind.apply([change])).toMatchObject([{ outcome: 'served', serial }]);
    }
  });

  test('of several changes of one zone in one batch the last counts', async () => {
    const changes = [await zones.upsert('twice.example', 1), await zones.upsert('twice.example', 2)];
    expect(await bind.apply([...changes, removal('twice.example')])).toMatchObject([{}, {}, { outcome: 'served' }]);
    expect((await ask('twice.example', TYPE.SOA)).rcode).toBe(RCODE.REFUSED);
    expect(await bind.apply([...changes])).toMatchObject([
      { outcome: 'served', serial: 2 },
      { outcome: 'served', serial: 2 },
    ]);
  });

  test('a thousand new zones are served, the broken ones among them refused one by one', async () => {
    const changes = await zones.upserts(1_000, 1);
    await writeFile(changes[7]?.file ?? '', 'nonsense');
    await writeFile(changes[500]?.file ?? '', '');
    const applied = await bind.apply(changes);
    const refused = applied.filter(({ outcome }) => outcome !== 'served');
    expect(refused.map(({ name, outcome }) => [name, outcome])).toEqual([
      ['zone-7.example', 'refused'],
      ['zone-500.example', 'refused'],
    ]);
    expect((await bind.status()).zones).toBeGreaterThanOrEqual(998);
    expect(await includedZones()).toContain('zone-8.example');
    expect(await includedZones()).not.toContain('zone-7.example');
    expect(await bind.apply([await zones.upsert('zone-7.example', 2)])).toMatchObject([{ outcome: 'served' }]);
    const removed = await bind.apply(changes.map(({ name }) => removal(name)));
    expect(removed.every(({ outcome }) => outcome === 'served')).toBe(true);
    expect((await ask('zone-7.example', TYPE.SOA)).rcode).toBe(RCODE.REFUSED);
    expect(await includedZones()).not.toContain('zone-8.example');
  });

  test('it serves exactly what it is told to', async () => {
    const changes = await zones.upserts(30, 3);
    const applied = await bind.synchronize(changes);
    expect(applied.map(({ outcome, serial }) => [outcome, serial])).toEqual(changes.map(() => ['served', 3]));
    expect((await ask('good.example', TYPE.SOA)).rcode).toBe(RCODE.REFUSED);
    expect((await bind.status()).zones).toBe(30);
  });

  test('status names the software, its version, and how many zones it serves', async () => {
    expect(await bind.status()).toMatchObject({ software: 'BIND', running: true });
    expect((await bind.status()).version).toMatch(/^9\.\d+\.\d+/);
  });
});
