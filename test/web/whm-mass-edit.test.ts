import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { b64, plain, reasonOf, TEXT, WhmNode, type Fields } from './whm-node.js';

let node: WhmNode;
beforeAll(async () => {
  node = await WhmNode.start();
});
afterAll(() => node.stop());

const txt = (dname: string, ...data: string[]): string => JSON.stringify({ dname, ttl: 60, record_type: 'TXT', data });

describe('parse_dns_zone', () => {
  test('answers each line, records with their names relative to the zone', async () => {
    const zone = await node.zoneWith();
    const answer = await node.call('parse_dns_zone', { zone });
    expect(answer.metadata).toEqual({ version: 1, command: 'parse_dns_zone', reason: 'OK', result: 1 });
    const soa = ['ns1.example.net.', 'hostmaster.example.net.', '2024010101', '3600', '1800', '1209600', '86400'];
    const record = (index: number, name: string, ttl: number, type: string, ...data: string[]): unknown => ({
      line_index: index,
      type: 'record',
      dname_b64: b64(name),
      ttl,
      record_type: type,
      data_b64: data.map(b64),
    });
    expect(answer.data).toEqual({
      payload: [
        { line_index: 0, type: 'comment', text_b64: b64('; made by hand') },
        { line_index: 1, type: 'control', text_b64: b64('$TTL 14400') },
        record(2, `${zone}.`, 14400, 'SOA', ...soa),
        record(6, `${zone}.`, 86400, 'NS', 'ns1.example.net.'),
        { line_index: 7, type: 'comment', text_b64: b64('; the web') },
        record(8, 'www', 14400, 'A', '192.0.2.1'),
        record(9, 'www', 14400, 'A', '192.0.2.2'),
        record(10, 'www', 14400, 'TXT', 'v=1; a', 'b'),
        record(11, 'mail.sub', 14400, 'MX', '10', `mail.${zone}.`),
      ],
    });
  });
});

describe.each(['GET', 'POST'] as const)('an ACME client by %s', (method) => {
  test('finds the serial, adds its TXT record by a full name, and takes it away by its line', async () => {
    const zone = await node.zoneWith();
    const fqdn = `_acme-challenge.www.${zone}.`;
    const value = 'Vn3WnJ0"quoted\\ - _é';
    const added = await node.call(
      'mass_edit_dns_zone',
      { serial: await node.serialOf(zone), zone, add: txt(fqdn, value) },
      { method },
    );
    expect(added).toMatchObject({
      metadata: { result: 1, reason: 'OK' },
      data: { new_serial: String(await node.serialOf(zone)), result: { zone, change: 'saved', members: [] } },
    });
    const item = (await node.parsed(zone)).find(({ data_b64: data }) => data?.includes(b64(value)));
    expect(item).toMatchObject({ record_type: 'TXT', dname_b64: b64('_acme-challenge.www'), ttl: 60 });

    // A second value beside the first, as clients do that keep one record for both.
    const edit = { ...(JSON.parse(txt(fqdn, value, 'second')) as object), line_index: item?.line_index };
    const serial = await node.serialOf(zone);
    const edited = await node.call('mass_edit_dns_zone', { serial, zone, edit: JSON.stringify(edit) }, { method });
    expect(edited.data['new_serial']).toBe(String(await node.serialOf(zone)));
    expect((await node.parsed(zone)).at(-1)?.data_b64?.map(plain)).toEqual([value, 'second']);

    const remove = item?.line_index ?? 0;
    const removed = await node.call(
      'mass_edit_dns_zone',
      { serial: await node.serialOf(zone), zone, remove },
      { method },
    );
    expect(removed.metadata.result).toBe(1);
    const left = (await node.textOf(zone)).replace(String(await node.serialOf(zone)), '2024010101');
    expect(left).toBe(TEXT.replaceAll('NAME', zone));
  });
});

describe('mass_edit_dns_zone', () => {
  test('takes several edits in one call, repeated or numbered, and keeps every other line', async () => {
    const zone = await node.zoneWith();
    const serial = await node.serialOf(zone);
    const fields: Fields = [
      ['zone', zone],
      ['serial', serial],
      ['add', txt('one', '1')],
      ['add-1', txt('two', '2')],
      ['add.2', JSON.stringify({ dname: '@', record_type: 'CAA', data: [0, 'issue', 'ca.example; a=b'] })],
      ['remove', 8],
      ['remove-2', '7'],
      ['edit', JSON.stringify({ line_index: 11, dname: 'm', record_type: 'MX', data: ['20', 'mail'] })],
    ];
    expect((await node.call('mass_edit_dns_zone', fields, { method: 'POST' })).metadata.result).toBe(1);
    const lines = (await node.textOf(zone)).split('\n').map((line) => line.replace(/[\t ]+/g, ' '));
    expect(lines.slice(7)).toEqual([
      `www.${zone}. A 192.0.2.2`,
      ' TXT "v=1; a" "b"',
      `m.${zone}. 14400 IN MX 20 mail.${zone}.`,
      `one.${zone}. 60 IN TXT "1"`,
      `two.${zone}. 60 IN TXT "2"`,
      `${zone}. 14400 IN CAA 0 issue "ca.example; a=b"`,
      '',
    ]);
  });

  test('with a stale serial says both serials and changes nothing', async () => {
    const zone = await node.zoneWith();
    const answer = await node.call('mass_edit_dns_zone', { zone, serial: 2024010100, remove: 8 });
    expect(reasonOf(answer)).toEqual([
      0,
      `The given serial number (2024010100) does not match the serial number of DNS zone ${zone} (2024010101), and nothing was changed. Read the zone again, then send the edit again.`,
    ]);
    expect(await node.textOf(zone)).toBe(TEXT.replaceAll('NAME', zone));
  });

  test('by many at once with the same serial is done for one, and the others are told', async () => {
    const zone = await node.zoneWith();
    const serial = await node.serialOf(zone);
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        node.call('mass_edit_dns_zone', { zone, serial, add: txt(`t${i}`, 'x') }, { method: 'POST' }),
      ),
    );
    const done = answers.filter(({ metadata }) => metadata.result === 1);
    expect(done).toHaveLength(1);
    for (const answer of answers) {
      if (answer !== done[0])
        expect(answer.metadata.reason).toMatch(/^Zone file changed since last read\.$|does not match/);
    }
    expect((await node.textOf(zone)).match(/^t\d+\./gm)).toHaveLength(1);
  });

  test.each([
    ['nothing to do', {}, /add is missing/],
    ['no JSON', { add: '{' }, /Parameter add is not JSON/],
    ['no record', { add: '[]' }, /Parameter add is not a record/],
    ['an unknown type', { add: '{"dname":"x","record_type":"AXFR","data":[]}' }, /"AXFR", which no zone holds/],
    ['a bad address', { add: '{"dname":"x","record_type":"A","data":["1.2"]}' }, /Parameter add is not valid/],
    ['a line end in a word', { add: '{"dname":"x","record_type":"A","data":["192.0.2.1\\ny"]}' }, /is not a word/],
    ['a name too long', { add: txt('x'.repeat(64), '1') }, /longer than 63/],
    ['a name outside the zone', { add: txt('www.example.net.', '1') }, /was refused and nothing was changed/],
    ['a line that is not there', { remove: 99 }, /names no entry/],
    ['a directive', { remove: 1 }, /the line \$TTL/],
    [
      'an edit of a comment',
      { edit: '{"line_index":0,"dname":"x","record_type":"A","data":["192.0.2.1"]}' },
      /no record/,
    ],
    [
      'an edit of an empty line',
      { edit: '{"line_index":"","dname":"x","record_type":"A","data":["192.0.2.1"]}' },
      /is not a record: line_index/,
    ],
    [
      'a TTL that is too high',
      { add: '{"ttl":2147483648,"dname":"x","record_type":"A","data":["192.0.2.1"]}' },
      /is not a record: ttl/,
    ],
    ['an edit without a line', { edit: txt('x', '1') }, /needs a line_index/],
    ['the SOA', { remove: 2 }, /was refused and nothing was changed/],
  ])('with %s is refused with a sentence, and nothing is changed', async (_, fields, sentence) => {
    const zone = await node.zoneWith();
    const answer = await node.call('mass_edit_dns_zone', { zone, serial: 2024010101, ...fields });
    expect(reasonOf(answer)).toEqual([0, expect.stringMatching(sentence)]);
    expect(await node.textOf(zone)).toBe(TEXT.replaceAll('NAME', zone));
  });

  test('that names one line twice is refused', async () => {
    const zone = await node.zoneWith();
    const fields: Fields = [
      ['zone', zone],
      ['serial', 2024010101],
      ['remove', 8],
      ['remove', 8],
    ];
    expect((await node.call('mass_edit_dns_zone', fields)).metadata.reason).toMatch(/names line 8 a second time/);
  });

  test('goes on with a date in the serial, from a past day to today', async () => {
    const zone = await node.zoneWith();
    const { data } = await node.call('mass_edit_dns_zone', { zone, serial: 2024010101, remove: 8 });
    expect(data['new_serial']).toMatch(/^20\d{6}01$/);
    const { data: second } = await node.call('mass_edit_dns_zone', {
      zone,
      serial: String(data['new_serial']),
      remove: 8,
    });
    expect(second['new_serial']).toBe(String(Number(data['new_serial']) + 1));
  });
});
