import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLog } from '../../src/operations/log.js';
import { validateZone, type ValidZone } from '../../src/zones/validation.js';
import { zoneName, type ZoneName } from '../../src/zones/zone-name.js';
import { ZoneStore } from '../../src/zones/zone-store.js';

const log = createLog({ level: 'silent' });
const NAMES = ['a.example', 'b.example', 'c.example', '0/26.2.0.192.in-addr.arpa'].map(zoneName);
const OWNERS = ['root', 'ann'];
/** So small that the journal is folded every few steps. */
const CHECKPOINT = 600;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zone-store-model-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function version(name: ZoneName, serial: number): ValidZone {
  const text = `$TTL 60\n@ SOA ns1.example.net. h.example.net. ${serial} 1 1 1 1\n@ NS ns1.example.net. ; ${'x'.repeat(serial % 90)}\n`;
  return validateZone(name, Buffer.from(text));
}

interface Held {
  serial: number;
  owner: string;
}

/** What the store promises, in the simplest words. */
class Model {
  readonly zones = new Map<ZoneName, Held & { before: Held | 'new' | 'confirmed' }>();
  readonly tombstones = new Map<ZoneName, number>();

  write(name: ZoneName, serial: number, owner: string): void {
    const held = this.zones.get(name);
    const before = held === undefined ? 'new' : held.before === 'confirmed' ? held : held.before;
    this.zones.set(name, { serial, owner, before });
  }

  confirm(name: ZoneName, serial: number): void {
    const held = this.zones.get(name);
    if (held?.serial === serial) held.before = 'confirmed';
  }

  rollback(name: ZoneName, serial: number): void {
    const held = this.zones.get(name);
    if (held?.serial !== serial || held.before === 'confirmed') return;
    if (held.before === 'new') this.zones.delete(name);
    else this.zones.set(name, { ...held.before, before: 'confirmed' });
  }

  remove(name: ZoneName): void {
    const held = this.zones.get(name);
    if (held !== undefined) this.tombstones.set(name, held.serial);
    this.zones.delete(name);
  }
}

function expectSame(store: ZoneStore, model: Model): void {
  expect(new Set([...store.entries()].map(({ name }) => name))).toEqual(new Set(model.zones.keys()));
  for (const [name, { serial, owner }] of model.zones) {
    const { digest, text } = version(name, serial);
    expect(store.get(name)).toMatchObject({ name, serial, owner, digest });
    expect(store.read(name)?.toString()).toBe(text.toString());
  }
  const open = [...model.zones].filter(([, { before }]) => before !== 'confirmed').map(([name]) => name);
  expect(new Set(store.unconfirmed())).toEqual(new Set(open));
  for (const name of NAMES) expect(store.tombstone(name)?.serial).toBe(model.tombstones.get(name));
  expect(store.edits.missing()).toEqual([]);
  expect(store.inOrder().map(({ name }) => name)).toEqual([...model.zones.keys()].sort());
  for (const whose of OWNERS) {
    expect(store.countOf(whose)).toBe([...model.zones.values()].filter(({ owner }) => owner === whose).length);
  }
}

const some = fc.subarray(NAMES, { minLength: 1 });
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('write' as const), names: some, owner: fc.constantFrom(...OWNERS) }) },
  // `late`: what comes in is about the version before the present one, as after a slow nameserver.
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('confirm' as const, 'rollback' as const), names: some, late: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), names: some }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('reopen' as const, 'kill' as const) }) },
);

test('whatever is written, confirmed, rolled back, removed, restarted and killed, the store holds what a simple model holds', async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      let place = join(folder, String(run++));
      let store = await ZoneStore.open(place, { log, checkpoint: CHECKPOINT });
      const model = new Model();
      let serial = 100;
      for (const one of steps) {
        if (one.kind === 'write') {
          serial++;
          await store.write(one.names.map((name) => ({ valid: version(name, serial), owner: one.owner })));
          for (const name of one.names) model.write(name, serial, one.owner);
        } else if (one.kind === 'remove') {
          await store.remove(one.names.map((name) => ({ name })), 'ann');
          for (const name of one.names) model.remove(name);
        } else if (one.kind === 'confirm' || one.kind === 'rollback') {
          const versions = one.names.map((name) => {
            return { name, serial: (model.zones.get(name)?.serial ?? 0) - (one.late ? 1 : 0) };
          });
          await store[one.kind](versions);
          for (const { name, serial: which } of versions) model[one.kind](name, which);
        } else {
          // A kill leaves the disk as it is: the folder as it was before the store could end in order.
          const copy = join(folder, String(run++));
          if (one.kind === 'kill') cpSync(place, copy, { recursive: true });
          await store.close();
          if (one.kind === 'kill') {
            rmSync(place, { recursive: true });
            place = copy;
          }
          store = await ZoneStore.open(place, { log, checkpoint: CHECKPOINT });
        }
        expectSame(store, model);
      }
      await store.close();
      store = await ZoneStore.open(place, { log });
      expectSame(store, model);
      await store.close();
      rmSync(place, { recursive: true });
    }),
    { numRuns: 40 },
  );
}, 60_000);

test('calls that are made without waiting for each other take effect in their order', async () => {
  const store = await ZoneStore.open(folder, { log });
  const model = new Model();
  const running: Promise<unknown>[] = [];
  const [name = zoneName('x')] = NAMES;
  for (let serial = 1; serial <= 40; serial++) {
    running.push(store.write([{ valid: version(name, serial), owner: 'root' }]));
    model.write(name, serial, 'root');
    if (serial % 3 === 0) {
      running.push(store.rollback([{ name, serial }]));
      model.rollback(name, serial);
    } else if (serial % 5 === 0) {
      running.push(store.remove([{ name }], 'root'));
      model.remove(name);
    } else if (serial % 2 === 0) {
      running.push(store.confirm([{ name, serial }]));
      model.confirm(name, serial);
    }
  }
  await Promise.all(running);
  expectSame(store, model);
  await store.close();
});
