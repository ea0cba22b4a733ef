import { describe, expect, test } from 'vitest';
import { Origins } from '../../../src/cluster/local/origins.js';
import { zoneName } from '../../../src/zones/zone-name.js';

const NAME = zoneName('a.example');

describe('the servers by which a version came', () => {
  test('are known of each version, of a removal, and of none that was made here', () => {
    const origins = new Origins();
    origins.note(NAME, 'first', ['web1']);
    origins.note(NAME, 'second', ['web1', 'web2']);
    origins.note(NAME, undefined, ['web3']);
    expect(['first', 'second', undefined, 'third'].map((digest) => origins.of(NAME, digest))).toEqual([
      ['web1'],
      ['web1', 'web2'],
      ['web3'],
      [],
    ]);
    origins.note(NAME, 'first');
    expect(origins.of(NAME, 'first')).toEqual([]);
    expect(origins.of(zoneName('b.example'), 'second')).toEqual([]);
  });

  test('are forgotten of old versions, where there are too many', () => {
    const origins = new Origins(100);
    for (let i = 0; i < 1_000; i++) origins.note(NAME, `digest ${i}`, ['web1']);
    expect(origins.of(NAME, 'digest 0')).toEqual([]);
    expect(origins.of(NAME, 'digest 950')).toEqual(['web1']);
  });
});
