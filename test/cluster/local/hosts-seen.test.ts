import { describe, expect, test } from 'vitest';
import { HostsSeen } from '../../../src/cluster/local/hosts-seen.js';
import { zoneName } from '../../../src/zones/zone-name.js';

const NAME = zoneName('a.example');

describe('the servers by which a version came', () => {
  test('are known of each version, of a removal, and of none that was made here', () => {
    const seen = new HostsSeen();
    seen.record(NAME, 'first', ['web1']);
    seen.record(NAME, 'second', ['web1', 'web2']);
    seen.record(NAME, undefined, ['web3']);
    expect(['first', 'second', undefined, 'third'].map((digest) => seen.of(NAME, digest))).toEqual([
      ['web1'],
      ['web1', 'web2'],
      ['web3'],
      [],
    ]);
    seen.record(NAME, 'first');
    expect(seen.of(NAME, 'first')).toEqual([]);
    expect(seen.of(zoneName('b.example'), 'second')).toEqual([]);
  });

  test('are forgotten of old versions, where there are too many', () => {
    const seen = new HostsSeen(100);
    for (let i = 0; i < 1_000; i++) seen.record(NAME, `digest ${i}`, ['web1']);
    expect(seen.of(NAME, 'digest 0')).toEqual([]);
    expect(seen.of(NAME, 'digest 950')).toEqual(['web1']);
  });
});
