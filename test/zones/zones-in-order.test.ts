import fc from 'fast-check';
import { expect, test } from 'vitest';
import { zoneName, type ZoneName } from '../../src/zones/zone-name.js';
import { ZonesInOrder } from '../../src/zones/zones-in-order.js';

interface Row {
  name: ZoneName;
  serial: number;
}

const nameOf = (number: number): ZoneName => zoneName(`z${number}.example`);
/**
 * A run of numbers, forward, backward or the other way round in itself: so many that blocks are cut, and emptied again.
 */
const run = fc.record({
  isRemoval: fc.boolean(),
  from: fc.nat(4_000),
  count: fc.nat(3_000),
  step: fc.constantFrom(1, -1, 7),
});

test('whatever comes and goes, each name is there once, in order, with what was said of it last', () => {
  fc.assert(
    fc.property(fc.array(run, { maxLength: 8 }), (runs) => {
      const model = new Map<ZoneName, Row>();
      const order = new ZonesInOrder<Row>();
      let serial = 0;
      for (const { isRemoval, from, count, step } of runs) {
        for (let i = 0; i < count; i++) {
          const row = { name: nameOf(Math.abs(from + i * step)), serial: ++serial };
          if (isRemoval) {
            model.delete(row.name);
            order.delete(row.name);
          } else {
            model.set(row.name, row);
            order.set(row);
          }
        }
      }
      expect(order.all()).toEqual([...model.values()].sort((a, b) => (a.name < b.name ? -1 : 1)));
    }),
    { numRuns: 30 },
  );
});
