import { expect, test } from 'vitest';
import { lacks } from '../../../src/cluster/delivery/ledger.js';
import { zoneName } from '../../../src/zones/zone-name.js';

const zone = { name: zoneName('example.com'), serial: 5, digest: 'a', owner: 'root', modified: 0 };
const holds = (digest: string) => ({ digest, serial: 5, servedAt: 0 });

test.each([
  { name: 'a zone that the member never got is sent', zone, tombstone: false, ledger: undefined, lacks: 'upsert' },
  { name: 'a zone that changed since is sent', zone, tombstone: false, ledger: holds('b'), lacks: 'upsert' },
  {
    name: 'a zone that it acknowledged is not sent again',
    zone,
    tombstone: false,
    ledger: holds('a'),
    lacks: undefined,
  },
  {
    name: 'a removal is sent where there is a tombstone',
    zone: undefined,
    tombstone: true,
    ledger: holds('a'),
    lacks: 'remove',
  },
  {
    name: 'a zone that is merely absent removes nothing',
    zone: undefined,
    tombstone: false,
    ledger: holds('a'),
    lacks: undefined,
  },
  {
    name: 'a zone that we never put there is not removed',
    zone: undefined,
    tombstone: true,
    ledger: undefined,
    lacks: undefined,
  },
  {
    name: 'a zone that was made again is sent, whatever its tombstone',
    zone,
    tombstone: true,
    ledger: undefined,
    lacks: 'upsert',
  },
])('$name', (row) => {
  expect(lacks(row.zone, row.tombstone, row.ledger)).toBe(row.lacks);
});
