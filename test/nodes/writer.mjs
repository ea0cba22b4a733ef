// A process that writes until it is killed. It says on standard output what it is about to do, and what was
// acknowledged.
import { Buffer } from 'node:buffer';
import { writeSync } from 'node:fs';
import process from 'node:process';
import { createLog } from '../../dist/operations/log.js';
import { AppendTable } from '../../dist/state/append-table.js';
import { JsonState } from '../../dist/state/json-state.js';
import { validateZone } from '../../dist/zones/validation.js';
import { ZoneStore } from '../../dist/zones/zone-store.js';
import { z } from 'zod';

const [kind, place, first] = process.argv.slice(2);
const log = createLog({ level: 'silent' });
const random = (n) => Math.floor(Math.random() * n);

/** Written before it returns, so that a kill afterwards cannot take it back. */
function say(line) {
  writeSync(1, `${JSON.stringify(line)}\n`);
}

const WRITERS = {
  /** Batches of writes, confirmations, roll-backs and removals of 40 zones. */
  async store(serial) {
    const store = await ZoneStore.open(place, { log, checkpoint: 20_000 });
    for (; ; serial++) {
      const names = Array.from({ length: 1 + random(12) }, () => `zone-${random(40)}.example`);
      const batch = [...new Set(names)];
      const held = batch.filter((name) => store.get(name) !== undefined);
      if (random(6) === 0) {
        say({ begin: Object.fromEntries(held.map((name) => [name, 0])) });
        await store.remove(
          held.map((name) => ({ name })),
          'root',
        );
        say({ done: Object.fromEntries(held.map((name) => [name, 0])) });
        continue;
      }
      const change = Object.fromEntries(batch.map((name) => [name, serial]));
      say({ begin: change });
      const text = `$TTL 60\n@ SOA ns1.example.net. h.example.net. ${serial} 1 1 1 1\n@ NS ns1.example.net.\n;${'x'.repeat(random(3_000))}\n`;
      await store.write(batch.map((name) => ({ valid: validateZone(name, Buffer.from(text)), owner: 'root' })));
      say({ done: change });
      await store.confirm(batch.map((name) => ({ name, serial })));
    }
  },

  async table(serial) {
    const table = await AppendTable.open(place, { parse: Number, log });
    for (; ; serial++) {
      const key = `key-${random(20)}`;
      say({ begin: { [key]: serial } });
      table.set(key, serial);
      for (let i = 0; i < 100; i++) table.set(`noise-${i}`, serial);
      await table.flush();
      say({ done: { [key]: serial } });
    }
  },

  async state(serial) {
    const schema = z.object({ serial: z.number(), filling: z.string() });
    const state = await JsonState.open(place, { schema, defaults: () => ({ serial: 0, filling: '' }) });
    for (; ; serial++) {
      say({ begin: { serial } });
      await state.update((draft) => {
        draft.serial = serial;
        draft.filling = 'x'.repeat(random(200_000));
      });
      say({ done: { serial } });
    }
  },
};

await WRITERS[kind](Number(first));
