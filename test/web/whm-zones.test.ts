import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SELF } from '../../src/access/principal.js';
import { ClusterError } from '../../src/errors.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { WhmNode } from './whm-node.js';

let node: WhmNode;
beforeAll(async () => {
  node = await WhmNode.start();
});
afterAll(() => node.stop());

const textOf = async (zone: string): Promise<string> =>
  (await node.cluster.zones.text(zoneName(zone), SELF)).toString();
const ownerOf = (zone: string): string | undefined => node.cluster.zones.get(zoneName(zone), SELF)?.owner;

describe('a zone as a whole', () => {
  test('is added from a template, refused a second time in the words that callers know, and removed', async () => {
    const domain = 'new.example';
    const added = await node.call('adddns', { domain, ip: '192.0.2.4' });
    expect(added).toMatchObject({ metadata: { result: 1 }, data: { result: { change: 'created' } } });
    expect(await textOf(domain)).toContain('192.0.2.4');
    const again = await node.call('adddns', { domain, ip: '192.0.2.4' });
    expect(again.metadata).toMatchObject({ result: 0, reason: 'Sorry, a DNS entry for new.example already exists' });
    const authorization = await node.reseller('eve');
    expect((await node.call('adddns', { domain, ip: '192.0.2.4' }, { authorization })).metadata.reason).toBe(
      'Sorry, a DNS entry for new.example already exists',
    );
    expect((await node.call('killdns', { domain }, { authorization })).metadata.reason).toBe('Zone does not exist.');
    expect(await node.call('killdns', { domain })).toMatchObject({ data: { result: { change: 'removed' } } });
    expect((await node.call('killdns', { domain })).metadata).toMatchObject({
      result: 0,
      reason: 'Zone does not exist.',
    });
  });

  test('that root adds for an account belongs to it, and nobody else adds for others', async () => {
    const authorization = await node.reseller('ann');
    await node.call('adddns', { domain: 'ann.example', ip: '192.0.2.4', trueowner: 'ann', template: 'simple' });
    expect(ownerOf('ann.example')).toBe('ann');
    expect((await node.call('dumpzone', { domain: 'ann.example' }, { authorization })).metadata.result).toBe(1);
    const other = { domain: 'bob.example', ip: '192.0.2.4', trueowner: 'bob' };
    expect((await node.call('adddns', other, { authorization })).metadata.reason).toMatch(/names another account/);
    expect(ownerOf('bob.example')).toBeUndefined();
  });

  test('is reset to its template with the address, nameservers and mailbox that it has, and a later serial', async () => {
    const zone = 'reset.example';
    const text =
      '$TTL 300\n@ SOA ns1.example.net. admin.example.net. 2024010105 1 1 1 1\n@ NS ns1.example.net.\n@ NS ns2.example.net.\n@ A 192.0.2.8\nextra A 192.0.2.9\n';
    await node.cluster.saveZone(zoneName(zone), Buffer.from(text), SELF);
    const { metadata, data } = await node.call('resetzone', { domain: zone });
    expect(metadata.result).toBe(1);
    expect(Number(data['new_serial'])).toBeGreaterThan(2024010105);
    const after = await textOf(zone);
    for (const kept of ['192.0.2.8', 'ns1.example.net.', 'ns2.example.net.', 'admin.example.net.', '$TTL 300']) {
      expect(after).toContain(kept);
    }
    expect(after).not.toContain('extra');
  });

  test('without an address is reset only to one that is given', async () => {
    const zone = zoneName('bare.example');
    const text = '$TTL 300\n@ SOA ns1.example.net. h.example.net. 5 1 1 1 1\n@ NS ns1.example.net.\n';
    await node.cluster.saveZone(zone, Buffer.from(text), SELF);
    expect((await node.call('resetzone', { zone })).metadata.reason).toMatch(/needs the variable ip/);
    expect((await node.call('resetzone', { zone, ip: '192.0.2.3' })).metadata.result).toBe(1);
    expect(await textOf(zone)).toContain('192.0.2.3');
  });

  test('is exported as it is spelled, several in one call', async () => {
    await node.call('adddns', { domain: 'one.example', ip: '192.0.2.1' });
    await node.call('adddns', { domain: 'two.example', ip: '192.0.2.2' });
    const { data } = await node.call('export_zone_files', [
      ['zone', 'one.example'],
      ['zone-1', 'two.example'],
    ]);
    const b64 = async (zone: string): Promise<string> => Buffer.from(await textOf(zone)).toString('base64');
    expect(data).toEqual({
      payload: [
        { zone: 'one.example', text_b64: await b64('one.example') },
        { zone: 'two.example', text_b64: await b64('two.example') },
      ],
    });
    const unknown = await node.call('export_zone_files', { zone: 'none.example' });
    expect(unknown.metadata.reason).toBe('Zone does not exist.');
    expect((await node.call('export_zone_files')).metadata.reason).toMatch(/Parameter zone is missing/);
  });

  test("gives a nameserver's address, to those who may see the zone", async () => {
    const zone = zoneName('hosts.example');
    const text = '$TTL 300\n@ SOA ns1 h 5 1 1 1 1\n@ NS ns1\nNS1 A 192.0.2.53\n';
    await node.cluster.saveZone(zone, Buffer.from(text), SELF);
    expect((await node.call('lookupnsip', { host: 'ns1.hosts.example' })).data).toEqual({ ip: '192.0.2.53' });
    expect((await node.call('lookupnsip')).metadata.reason).toMatch(/Parameter host is missing/);
  });
});

describe('a save that says which text it replaces', () => {
  test('is refused where the zone has another text by then, also under the same serial', async () => {
    const zone = zoneName('race.example');
    const text = (comment: string): Buffer =>
      Buffer.from(`; ${comment}\n$TTL 60\n@ SOA ns1.example.net. h.example.net. 7 1 1 1 1\n@ NS ns1.example.net.\n`);
    await node.cluster.saveZone(zone, text('first'), SELF);
    // Both are on their way at once: the second was made from the text that the first replaces.
    const [respelled, edited] = await Promise.allSettled([
      node.cluster.saveZone(zone, text('respelled'), SELF),
      node.cluster.saveZone(zone, Buffer.from(text('edited').toString().replace(' 7 ', ' 8 ')), SELF, {
        ifText: text('first'),
      }),
    ]);
    expect(respelled).toMatchObject({ value: { change: 'unchanged', serial: 7 } });
    expect(edited).toMatchObject({ reason: new ClusterError('zone_file_changed') });
    expect(await textOf(zone)).toBe(text('respelled').toString());
  });

  test('of a zone that is gone is refused', async () => {
    const zone = zoneName('gone.example');
    const text = Buffer.from('$TTL 60\n@ SOA ns1.example.net. h.example.net. 7 1 1 1 1\n@ NS ns1.example.net.\n');
    await expect(node.cluster.saveZone(zone, text, SELF, { ifText: text })).rejects.toMatchObject({
      code: 'zone_file_changed',
    });
  });
});
