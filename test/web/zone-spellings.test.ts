import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SELF } from '../../src/access/principal.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { WhmNode } from './whm-node.js';

/** The same name, as it can be written. */
const SPELLINGS = [
  'v1.example',
  'V1.Example',
  'v1.example.',
  'v1.example.db',
  'v1.example.DB',
  'v1.example.db.',
  ' v1.example ',
  '\\1181.example'.replace('1181', '118\\049'),
  'ｖ1.example',
  'v1。example',
];
/** Names that no zone can have, and that a member would take for the zone of another account. */
const NO_NAMES = [
  'v1.example.db.db',
  'v1.example.DB.db',
  'v1.example..db',
  'v1.example.db..',
  'v1\\.example',
  'v1%2eexample',
];
const text = (address: string): string =>
  `$TTL 60\n@ SOA ns1.example.net. h.example.net. 2099010101 1 1 1 1\n@ NS ns1.example.net.\n@ A ${address}\n`;

let node: WhmNode;
let eve: string;
let held: Buffer;
beforeAll(async () => {
  node = await WhmNode.start();
  eve = await node.reseller('eve');
  await node.call('adddns', { domain: 'v1.example', ip: '192.0.2.4', trueowner: 'ann' });
  held = await node.cluster.zones.text(zoneName('v1.example'), SELF);
});
afterAll(() => node.stop());

const still = async (): Promise<void> => {
  const names = node.cluster.listZones(SELF).map(({ name }) => name);
  expect(names).toEqual(['v1.example']);
  expect(await node.cluster.zones.text(zoneName('v1.example'), SELF)).toEqual(held);
};

describe.each([...SPELLINGS, ...NO_NAMES])('somebody else’s zone, as %j', (zone) => {
  test.each([
    ['addzone', { zone, zonedata: text('192.0.2.66') }],
    ['savezone', { zone, zonedata: text('192.0.2.66') }],
    ['adddns', { domain: zone, ip: '192.0.2.66' }],
    ['importzones', { zone, zonedata: text('192.0.2.66') }],
    ['addzonerecord', { domain: zone, name: 'x', type: 'A', address: '192.0.2.66', ttl: '60' }],
    ['removezone', { zone }],
    ['killdns', { domain: zone }],
    ['dumpzone', { domain: zone }],
    ['listzonehistory', { zone }],
    ['restorezone', { zone }],
  ])('is neither changed nor shown by %s', async (command, parameters) => {
    const { metadata, data } = await node.call(command, parameters, { authorization: eve });
    const results = (data['zones'] ?? []) as { change?: string; result?: unknown }[];
    if (command === 'importzones') expect(JSON.stringify([metadata, results])).not.toMatch(/"(created|saved|removed)"/);
    else expect(metadata.result, metadata.reason).toBe(0);
    expect(JSON.stringify(data)).not.toContain('192.0.2.4');
    await still();
  });
});
