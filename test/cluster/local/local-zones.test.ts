import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { LocalOutcome } from '../../../src/cluster/local/publishing.js';
import { PermittedNames } from '../../../src/cluster/local/permitted-names.js';
import { LocalZones } from '../../../src/cluster/local/local-zones.js';
import { parseName } from '../../../src/dns/name.js';
import { DnsClient } from '../../../src/dns/messages/query.js';
import { EmbeddedNameserver } from '../../../src/nameservers/embedded/embedded.js';
import { createLog } from '../../../src/operations/log.js';
import { validateZone } from '../../../src/zones/validation.js';
import { zoneName, type ZoneName } from '../../../src/zones/zone-name.js';
import { ZoneStore } from '../../../src/zones/zone-store.js';
import { FaultyNameserver } from '../faulty-nameserver.js';
import { reseller, ROOT, zoneNames, zoneText } from '../zone-texts.js';

const log = createLog({ level: 'silent' });
const name = zoneName('a.example');

let folder: string;
let store: ZoneStore;
let nameserver: FaultyNameserver;
let local: LocalZones;
let client: DnsClient;
let told: ZoneName[];

async function start(): Promise<void> {
  store = await ZoneStore.open(folder, { log });
  nameserver = new FaultyNameserver(
    new EmbeddedNameserver({ listen: [{ host: '127.0.0.1', port: 0 }], version: '0', log }),
  );
  told = [];
  const names = new PermittedNames({ store, servers: () => [], allowed: () => [] });
  local = new LocalZones({ store, names, nameserver, log, zonesChanged: (names) => told.push(...names) });
  await local.start();
  client = new DnsClient(nameserver.dns, { timeout: 2_000 });
}

async function stop(): Promise<void> {
  client.close();
  await local.stop();
  await store.close();
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'local-zones-'));
  await start();
});
afterEach(async () => {
  await stop();
  rmSync(folder, { recursive: true, force: true });
});

function save(zone: ZoneName, text: Buffer, { by = ROOT, isNew = false } = {}): Promise<LocalOutcome> {
  return local.change({ kind: 'save', valid: validateZone(zone, text), by, isNew });
}

function remove(zone: ZoneName, by = ROOT): Promise<LocalOutcome> {
  return local.change({ kind: 'remove', name: zone, by });
}

function served(zone: ZoneName): Promise<number | undefined> {
  return client.soaSerial(parseName(`${zone}.`));
}

describe('a saved zone', () => {
  test('is on disk and answered over DNS when the save resolves', async () => {
    expect(await save(name, zoneText(7))).toEqual({
      change: 'created',
      serial: 7,
      digest: validateZone(name, zoneText(7)).digest,
      lifted: false,
      local: { state: 'served' },
    });
    expect(await served(name)).toBe(7);
    expect(store.read(name)).toEqual(zoneText(7));
    expect(store.unconfirmed()).toEqual([]);
    expect(told).toEqual([name]);
  });

  test('that the nameserver refuses is replaced by the previous text, which is served', async () => {
    await save(name, zoneText(7));
    nameserver.refuses = (change) => change.kind === 'upsert' && change.serial === 8;
    await expect(save(name, zoneText(8, '192.0.2.8'))).rejects.toMatchObject({
      code: 'zone_refused',
      message: expect.stringContaining('It does not like it.') as string,
    });
    expect(store.read(name)).toEqual(zoneText(7));
    expect(await served(name)).toBe(7);
    expect(told).toEqual([name]);
    expect((await save(name, zoneText(9))).local.state).toBe('served');
  });

  test('that is new and refused is as if it had never come', async () => {
    nameserver.refuses = () => true;
    await expect(save(name, zoneText(7))).rejects.toMatchObject({ code: 'zone_refused' });
    expect(store.get(name)).toBeUndefined();
    expect(store.tombstone(name)).toBeUndefined();
    expect(await served(name)).toBeUndefined();
  });

  test('stays and is said to be pending where the nameserver is away, and is loaded when it is back', async () => {
    nameserver.down = true;
    expect((await save(name, zoneText(7))).local).toEqual({ state: 'pending', reason: 'It is down.' });
    expect(store.get(name)?.serial).toBe(7);
    expect(told).toEqual([name]);
    // Saying it again is nothing new, and is not served either.
    expect((await save(name, zoneText(7))).local.state).toBe('pending');
    nameserver.down = false;
    await vi.waitFor(async () => expect(await served(name)).toBe(7), 5_000);
    await vi.waitFor(() => expect(store.unconfirmed()).toEqual([]));
    expect((await save(name, zoneText(7))).local.state).toBe('served');
  });

  test('is pending where the driver of the nameserver throws, and holds up nothing that comes behind it', async () => {
    vi.spyOn(nameserver, 'apply').mockImplementationOnce(() => {
      throw new TypeError('x is not a function');
    });
    expect((await save(name, zoneText(7))).local).toEqual({ state: 'pending', reason: 'x is not a function' });
    expect((await save(zoneName('b.example'), zoneText(3))).local).toEqual({ state: 'served' });
    await vi.waitFor(async () => expect(await served(name)).toBe(7), 5_000);
  });

  test('is given again to a nameserver that was started anew and has forgotten it', async () => {
    await save(name, zoneText(7));
    await save(zoneName('b.example'), zoneText(3));
    await nameserver.forget();
    await vi.waitFor(async () => expect([await served(name), await served(zoneName('b.example'))]).toEqual([7, 3]));
    expect((await save(name, zoneText(8))).local).toEqual({ state: 'served' });
  });

  test('that was kept while the nameserver was away, and is refused when it is back, is put back and told', async () => {
    await save(name, zoneText(7));
    nameserver.down = true;
    nameserver.refuses = (change) => change.kind === 'upsert' && change.serial === 8;
    await save(name, zoneText(8, '192.0.2.8'));
    told.length = 0;
    nameserver.down = false;
    await vi.waitFor(() => expect(told).toEqual([name]), 5_000);
    expect(store.read(name)).toEqual(zoneText(7));
    await vi.waitFor(async () => expect(await served(name)).toBe(7));
  });

  test('is loaded at the next start where the nameserver was away until the end', async () => {
    nameserver.down = true;
    await save(name, zoneText(7));
    await stop();
    await start();
    expect(await served(name)).toBe(7);
    expect(store.unconfirmed()).toEqual([]);
  });

  test('whose refusal comes after the next save does not take that one back', async () => {
    await save(name, zoneText(7));
    nameserver.down = true;
    await save(name, zoneText(8));
    nameserver.down = false;
    nameserver.refuses = (change) => change.kind === 'upsert' && change.serial === 8;
    // The retry of version 8 is under way while version 9 is written.
    const release = nameserver.hold();
    const before = nameserver.batches.length;
    await vi.waitFor(() => expect(nameserver.batches.length).toBeGreaterThan(before), 5_000);
    const saving = save(name, zoneText(9, '192.0.2.9'));
    await vi.waitFor(() => expect(store.get(name)?.serial).toBe(9));
    release();
    expect((await saving).local.state).toBe('served');
    expect(store.read(name)).toEqual(zoneText(9, '192.0.2.9'));
    expect(await served(name)).toBe(9);
    expect(store.unconfirmed()).toEqual([]);
  });

  test('is not confirmed by the nameserver serving the version before', async () => {
    await save(name, zoneText(7));
    nameserver.down = true;
    await save(name, zoneText(8));
    nameserver.down = false;
    nameserver.refuses = (change) => change.kind === 'upsert' && change.serial === 9;
    const release = nameserver.hold();
    const before = nameserver.batches.length;
    await vi.waitFor(() => expect(nameserver.batches.length).toBeGreaterThan(before), 5_000);
    const saving = save(name, zoneText(9, '192.0.2.9'));
    const refused = expect(saving).rejects.toMatchObject({ code: 'zone_refused' });
    await vi.waitFor(() => expect(store.get(name)?.serial).toBe(9));
    release();
    await refused;
    expect(store.get(name)?.serial).toBe(7);
    await vi.waitFor(async () => expect(await served(name)).toBe(7));
  });
});

describe('a reload', () => {
  test('beside a save takes nothing back', async () => {
    await save(name, zoneText(7));
    const release = nameserver.hold();
    const saving = save(name, zoneText(8, '192.0.2.8'));
    const reloading = local.reload([name]);
    release();
    await Promise.all([saving, reloading]);
    expect(store.get(name)?.serial).toBe(8);
    expect(await served(name)).toBe(8);
    expect(store.unconfirmed()).toEqual([]);
  });

  test('beside a removal brings nothing back', async () => {
    await save(name, zoneText(7));
    const release = nameserver.hold();
    const reloading = local.reload([name]);
    const removing = remove(name);
    release();
    await Promise.all([removing, reloading]);
    expect(await served(name)).toBeUndefined();
  });
});

describe('a serial', () => {
  test.each([
    { name: 'older than the held one', held: 20, given: 10, published: 21, lifted: true },
    { name: 'equal to the held one', held: 20, given: 20, published: 21, lifted: true },
    { name: 'newer than the held one', held: 20, given: 30, published: 30, lifted: false },
    { name: 'that wraps', held: 0xffffffff, given: 0xffffffff, published: 1, lifted: true },
    { name: 'half the space away', held: 5, given: 0x80000005, published: 6, lifted: true },
  ])('$name: an edit is published above it', async ({ held, given, published, lifted }) => {
    await save(name, zoneText(held));
    const outcome = await save(name, zoneText(given, '192.0.2.99'));
    expect(outcome).toMatchObject({ change: 'saved', serial: published, lifted });
    expect(await served(name)).toBe(published);
    expect(store.read(name)?.toString()).toContain(`${published} 1 1 1 1`);
  });

  test('of unchanged content stays, and nothing is loaded or told', async () => {
    await save(name, zoneText(7));
    nameserver.batches.length = 0;
    told.length = 0;
    expect(await save(name, zoneText(7))).toMatchObject({ change: 'unchanged', serial: 7 });
    expect(nameserver.batches).toEqual([]);
    expect(told).toEqual([]);
  });

  test('of the same content under an older serial stays, and the text is kept with the held one', async () => {
    await save(name, zoneText(7));
    expect(await save(name, zoneText(3, '192.0.2.1', 'mine'))).toMatchObject({ change: 'unchanged', serial: 7 });
    expect(store.read(name)).toEqual(zoneText(7, '192.0.2.1', 'mine'));
    expect(nameserver.batches).toHaveLength(1);
  });

  test('stays where only comments change, and they are kept as given', async () => {
    await save(name, zoneText(7));
    expect(await save(name, zoneText(7, '192.0.2.1', 'new comment'))).toMatchObject({ change: 'unchanged', serial: 7 });
    expect(store.read(name)).toEqual(zoneText(7, '192.0.2.1', 'new comment'));
    expect(store.unconfirmed()).toEqual([]);
  });

  test('stays where only comments change while the nameserver is away, and they are kept, too', async () => {
    await save(name, zoneText(7));
    nameserver.down = true;
    await save(name, zoneText(8));
    await save(name, zoneText(8, '192.0.2.1', 'new comment'));
    expect(store.read(name)).toEqual(zoneText(8, '192.0.2.1', 'new comment'));
    expect(store.unconfirmed()).toEqual([name]);
  });

  test('of a zone that was removed and is made again begins above the one that it had', async () => {
    await save(name, zoneText(50));
    await remove(name);
    expect(await served(name)).toBeUndefined();
    await stop();
    await start();
    expect(await save(name, zoneText(1))).toMatchObject({ change: 'created', serial: 51, lifted: true });
  });

  test('is raised above what somebody serves, once, however often it is said', async () => {
    await save(name, zoneText(7));
    const raised = await Promise.all([20, 20, 15].map((above) => local.change({ kind: 'raise', name, above })));
    expect(raised.map(({ change }) => change)).toEqual(['saved', 'unchanged', 'unchanged']);
    expect(await served(name)).toBe(21);
    expect(store.read(name)).toEqual(zoneText(21));
  });

  test('is raised on what is there then: an edit in between is not taken back, a removed zone does not return', async () => {
    await save(name, zoneText(7));
    const edit = save(name, zoneText(8, '192.0.2.8'));
    const raise = local.change({ kind: 'raise', name, above: 20 });
    await Promise.all([edit, raise]);
    expect(store.read(name)).toEqual(zoneText(21, '192.0.2.8'));
    const removal = remove(name);
    const late = local.change({ kind: 'raise', name, above: 30 });
    await expect(late).rejects.toMatchObject({ code: 'zone_unknown' });
    await removal;
    expect(store.get(name)).toBeUndefined();
  });
});

describe('saves at once', () => {
  test('of one zone go one after the other, each above the one before, and the last one stands', async () => {
    const outcomes = await Promise.all(Array.from({ length: 25 }, (_, i) => save(name, zoneText(1, `192.0.2.${i}`))));
    expect(outcomes.map(({ serial }) => serial)).toEqual(Array.from({ length: 25 }, (_, i) => i + 1));
    expect(store.read(name)).toEqual(zoneText(25, '192.0.2.24'));
    expect(await served(name)).toBe(25);
  });

  test('of many zones share few batches, and all are served', async () => {
    const names = zoneNames(1_200);
    const outcomes = await Promise.all(names.map((zone) => save(zone, zoneText(5))));
    expect(outcomes.every(({ local: { state } }) => state === 'served')).toBe(true);
    const serials = await Promise.all(names.map((zone) => served(zone)));
    expect(serials.every((serial) => serial === 5)).toBe(true);
    expect(nameserver.batches.length).toBeLessThan(10);
  });

  test('of which the nameserver refuses one harm none of the others', async () => {
    const names = zoneNames(50);
    const poison = names[17];
    nameserver.refuses = (change) => change.name === poison;
    const outcomes = await Promise.allSettled(names.map((zone) => save(zone, zoneText(5))));
    expect(outcomes.flatMap(({ status }, i) => (status === 'rejected' ? [names[i]] : []))).toEqual([poison]);
    for (const zone of names) expect(await served(zone)).toBe(zone === poison ? undefined : 5);
  });

  test('and removals of one zone end as their order says', async () => {
    const steps = [save(name, zoneText(5)), remove(name), save(name, zoneText(1)), remove(name), remove(name)];
    const outcomes = await Promise.allSettled(steps);
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
    ]);
    expect(await served(name)).toBeUndefined();
    expect(store.tombstone(name)?.serial).toBe(6);
  });
});

describe('a zone that the nameserver does not come to serve', () => {
  const other = zoneName('b.example');
  let come: () => void;
  beforeEach(async () => {
    await save(name, zoneText(1));
    come = nameserver.holdLate((change) => change.name === name);
  });
  afterEach(() => come());

  test('holds up no change of another, neither beside it nor after it; its own go on when it is refused', async () => {
    nameserver.refuses = (change) => change.name === name && change.kind === 'upsert' && change.serial === 2;
    const [late, beside] = [save(name, zoneText(2, '192.0.2.2')), save(other, zoneText(1))];
    const refused = expect(late).rejects.toMatchObject({ code: 'zone_refused' });
    expect((await beside).local).toEqual({ state: 'served' });
    const next = save(name, zoneText(3));
    expect((await save(other, zoneText(2))).local).toEqual({ state: 'served' });
    expect((await remove(other)).local).toEqual({ state: 'served' });
    expect(await served(name)).toBe(1);
    come();
    await refused;
    expect(await next).toMatchObject({ serial: 3, local: { state: 'served' } });
    expect(nameserver.batches.flat().flatMap((change) => (change.name === name ? [change] : []))).toMatchObject([
      { serial: 1 },
      { serial: 2 },
      { serial: 1 },
      { serial: 3 },
    ]);
  });

  test('is not read again before that is settled, also where that is asked for', async () => {
    const late = save(name, zoneText(2));
    const told = (): number => nameserver.batches.flat().filter((change) => change.name === name).length;
    await vi.waitFor(() => expect(told()).toBe(2));
    const reloading = local.reload([name, other]);
    await save(other, zoneText(1));
    expect(told()).toBe(2);
    come();
    expect((await late).local).toEqual({ state: 'served' });
    await reloading;
    expect(told()).toBe(3);
    expect(await served(name)).toBe(2);
  });

  test('when it is tried again, because the nameserver was away, holds up no other either', async () => {
    nameserver.down = true;
    expect((await save(other, zoneText(1))).local.state).toBe('pending');
    come();
    expect((await save(name, zoneText(2))).local.state).toBe('pending');
    come = nameserver.holdLate((change) => change.name === name);
    nameserver.down = false;
    await vi.waitFor(async () => expect(await served(other)).toBe(1), 5_000);
    const third = zoneName('c.example');
    expect((await save(third, zoneText(1))).local).toEqual({ state: 'served' });
    expect(await served(name)).toBe(1);
    come();
    await vi.waitFor(async () => expect(await served(name)).toBe(2), 5_000);
  });

  test('is waited for at the end', async () => {
    const late = save(name, zoneText(2));
    await vi.waitFor(() => expect(nameserver.batches.length).toBe(2));
    const stopping = local.stop();
    come();
    await Promise.all([late, stopping]);
    expect(store.unconfirmed()).toEqual([]);
  });
});

describe('a removal', () => {
  test('that the nameserver does not follow stands, is said to be pending, and is tried again', async () => {
    await save(name, zoneText(7));
    nameserver.refuses = (change) => change.kind === 'remove';
    told.length = 0;
    expect(await remove(name)).toMatchObject({ change: 'removed', local: { state: 'pending' } });
    expect(store.tombstone(name)?.serial).toBe(7);
    expect(told).toEqual([name]);
    nameserver.refuses = () => false;
    await vi.waitFor(async () => expect(await served(name)).toBeUndefined(), 5_000);
  });

  test('of what is not here is refused', async () => {
    await expect(remove(name)).rejects.toMatchObject({ code: 'zone_unknown' });
  });
});

describe('an account', () => {
  test('neither changes nor removes the zone of another, also where both make it at once', async () => {
    const [first, second] = await Promise.allSettled([
      save(name, zoneText(5), { by: reseller('ann') }),
      save(name, zoneText(6, '192.0.2.66'), { by: reseller('bob') }),
    ]);
    expect(first.status).toBe('fulfilled');
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'zone_not_yours' } });
    await expect(remove(name, reseller('bob'))).rejects.toMatchObject({ code: 'zone_not_yours' });
    expect(store.get(name)?.owner).toBe('ann');
    expect(await served(name)).toBe(5);
  });

  test('keeps its zone when the administrator changes it', async () => {
    await save(name, zoneText(5), { by: reseller('ann') });
    await save(name, zoneText(6, '192.0.2.66'));
    expect(store.get(name)?.owner).toBe('ann');
  });

  test('cannot add what is here already', async () => {
    await save(name, zoneText(5));
    await expect(save(name, zoneText(6), { isNew: true })).rejects.toMatchObject({ code: 'zone_exists' });
  });
});

describe('the end', () => {
  test('comes when all changes in hand are through, and no more are taken', async () => {
    const saving = Promise.all(zoneNames(100).map((zone) => save(zone, zoneText(5))));
    const stopping = local.stop();
    await expect(save(name, zoneText(1))).rejects.toMatchObject({ code: 'stopping' });
    await stopping;
    expect((await saving).every(({ local: { state } }) => state === 'served')).toBe(true);
    expect(store.size).toBe(100);
  });
});
