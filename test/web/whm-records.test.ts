import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SELF } from '../../src/access/principal.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { WhmNode, type Fields, type WhmAnswer } from './whm-node.js';

const TEXT = `; made by hand
$TTL 14400
@	IN	SOA	ns1.example.net. hostmaster.example.net. (
		2024010101	; serial
		3600 1800 1209600
		86400 )
@	86400 NS ns1.example.net.
; the web
www A 192.0.2.1 ; first
    A 192.0.2.2
    TXT "v=1; a" "b"
mail.sub.NAME. MX 10 mail
`;

let node: WhmNode;
beforeAll(async () => {
  node = await WhmNode.start();
});
afterAll(() => node.stop());

let made = 0;
/** A zone of its own for a test. */
async function zoneWith(text = TEXT): Promise<string> {
  const name = `z${++made}.example`;
  await node.cluster.saveZone(zoneName(name), Buffer.from(text.replaceAll('NAME', name)), SELF);
  return name;
}
const textOf = async (zone: string): Promise<string> => (await node.cluster.zoneText(zoneName(zone), SELF)).toString();
const plain = (base64: string): string => Buffer.from(base64, 'base64').toString();
const b64 = (text: string): string => Buffer.from(text).toString('base64');

interface Item {
  line_index: number;
  type: string;
  dname_b64: string;
  record_type: string;
  ttl: number;
  data_b64?: string[];
}
async function parsed(zone: string): Promise<Item[]> {
  return (await node.call('parse_dns_zone', { zone })).data['payload'] as Item[];
}
async function dumped(zone: string): Promise<Record<string, unknown>[]> {
  const { data } = await node.call('dumpzone', { domain: zone });
  return (data['zone'] as { record: Record<string, unknown>[] }[])[0]?.record ?? [];
}
/** As lego finds it: the SOA whose name is base64 of the zone with its dot. */
async function serialOf(zone: string): Promise<number> {
  const soa = (await parsed(zone)).find(
    (item) => item.type === 'record' && item.record_type === 'SOA' && item.dname_b64 === b64(`${zone}.`),
  );
  return Number(plain(soa?.data_b64?.[2] ?? ''));
}
const reasonOf = ({ metadata: { result, reason } }: WhmAnswer): [number, string] => [result, reason];
const txt = (dname: string, ...data: string[]): string => JSON.stringify({ dname, ttl: 60, record_type: 'TXT', data });

describe('parse_dns_zone', () => {
  test('answers each line, records with their names relative to the zone', async () => {
    const zone = await zoneWith();
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

describe('dumpzone', () => {
  test('answers each line by its number, a record by the fields of its type', async () => {
    const zone = await zoneWith();
    const common = { class: 'IN', ttl: '14400' };
    expect(await node.call('dumpzone', { zone })).toEqual({
      metadata: { version: 1, command: 'dumpzone', reason: 'OK', result: 1 },
      data: {
        zone: [
          {
            record: [
              { Line: 1, type: ':RAW', raw: '; made by hand' },
              { Line: 2, type: '$TTL', ttl: '14400' },
              {
                Line: 3,
                Lines: 4,
                type: 'SOA',
                name: `${zone}.`,
                ...common,
                mname: 'ns1.example.net',
                rname: 'hostmaster.example.net',
                serial: '2024010101',
                refresh: '3600',
                retry: '1800',
                expire: '1209600',
                minimum: '86400',
              },
              { Line: 7, type: 'NS', name: `${zone}.`, class: 'IN', ttl: '86400', nsdname: 'ns1.example.net' },
              { Line: 8, type: ':RAW', raw: '; the web' },
              { Line: 9, type: 'A', name: `www.${zone}.`, ...common, address: '192.0.2.1' },
              { Line: 10, type: 'A', name: `www.${zone}.`, ...common, address: '192.0.2.2' },
              { Line: 11, type: 'TXT', name: `www.${zone}.`, ...common, txtdata: 'v=1; ab' },
              {
                Line: 12,
                type: 'MX',
                name: `mail.sub.${zone}.`,
                ...common,
                preference: '10',
                exchange: `mail.${zone}`,
              },
            ],
          },
        ],
      },
    });
  });

  test('of no zone, of an unknown one and of another account answers in the words that callers know', async () => {
    const zone = await zoneWith();
    const authorization = await node.reseller('dan');
    expect(reasonOf(await node.call('dumpzone'))).toEqual([0, 'You must specify a zone to dump.']);
    const calls = [node.call('dumpzone', { zone: 'none.example' }), node.call('dumpzone', { zone }, { authorization })];
    for (const call of calls) expect(reasonOf(await call)).toEqual([0, 'Zone does not exist.']);
  });
});

describe.each(['GET', 'POST'] as const)('an ACME client by %s', (method) => {
  test('finds the serial, adds its TXT record by a full name, and takes it away by its line', async () => {
    const zone = await zoneWith();
    const fqdn = `_acme-challenge.www.${zone}.`;
    const value = 'Vn3WnJ0"quoted\\ - _é';
    const added = await node.call(
      'mass_edit_dns_zone',
      { serial: await serialOf(zone), zone, add: txt(fqdn, value) },
      { method },
    );
    expect(added).toMatchObject({
      metadata: { result: 1, reason: 'OK' },
      data: { new_serial: String(await serialOf(zone)), result: { zone, change: 'saved', members: [] } },
    });
    const item = (await parsed(zone)).find(({ data_b64: data }) => data?.includes(b64(value)));
    expect(item).toMatchObject({ record_type: 'TXT', dname_b64: b64('_acme-challenge.www'), ttl: 60 });

    // A second value beside the first, as clients do that keep one record for both.
    const edit = { ...(JSON.parse(txt(fqdn, value, 'second')) as object), line_index: item?.line_index };
    const serial = await serialOf(zone);
    const edited = await node.call('mass_edit_dns_zone', { serial, zone, edit: JSON.stringify(edit) }, { method });
    expect(edited.data['new_serial']).toBe(String(await serialOf(zone)));
    expect((await parsed(zone)).at(-1)?.data_b64?.map(plain)).toEqual([value, 'second']);

    const remove = item?.line_index ?? 0;
    const removed = await node.call('mass_edit_dns_zone', { serial: await serialOf(zone), zone, remove }, { method });
    expect(removed.metadata.result).toBe(1);
    const left = (await textOf(zone)).replace(String(await serialOf(zone)), '2024010101');
    expect(left).toBe(TEXT.replaceAll('NAME', zone));
  });
});

describe('mass_edit_dns_zone', () => {
  test('takes several edits in one call, repeated or numbered, and keeps every other line', async () => {
    const zone = await zoneWith();
    const serial = await serialOf(zone);
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
    const lines = (await textOf(zone)).split('\n').map((line) => line.replace(/[\t ]+/g, ' '));
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
    const zone = await zoneWith();
    const answer = await node.call('mass_edit_dns_zone', { zone, serial: 2024010100, remove: 8 });
    expect(reasonOf(answer)).toEqual([
      0,
      `The given serial number (2024010100) does not match the serial number of DNS zone ${zone} (2024010101), and nothing was changed. Read the zone again, then send the edit again.`,
    ]);
    expect(await textOf(zone)).toBe(TEXT.replaceAll('NAME', zone));
  });

  test('by many at once with the same serial is done for one, and the others are told', async () => {
    const zone = await zoneWith();
    const serial = await serialOf(zone);
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
    expect((await textOf(zone)).match(/^t\d+\./gm)).toHaveLength(1);
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
    ['an edit without a line', { edit: txt('x', '1') }, /needs a line_index/],
    ['the SOA', { remove: 2 }, /was refused and nothing was changed/],
  ])('with %s is refused with a sentence, and nothing is changed', async (_, fields, sentence) => {
    const zone = await zoneWith();
    const answer = await node.call('mass_edit_dns_zone', { zone, serial: 2024010101, ...fields });
    expect(reasonOf(answer)).toEqual([0, expect.stringMatching(sentence)]);
    expect(await textOf(zone)).toBe(TEXT.replaceAll('NAME', zone));
  });

  test('that names one line twice is refused', async () => {
    const zone = await zoneWith();
    const fields: Fields = [
      ['zone', zone],
      ['serial', 2024010101],
      ['remove', 8],
      ['remove', 8],
    ];
    expect((await node.call('mass_edit_dns_zone', fields)).metadata.reason).toMatch(/names line 8 a second time/);
  });

  test('goes on with a date in the serial, from a past day to today', async () => {
    const zone = await zoneWith();
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

describe('the functions on one record', () => {
  /** Each type of the table: its fields, and the same in a zone file. */
  const types: [string, Record<string, string>, string][] = [
    ['A', { address: '192.0.2.7' }, '192.0.2.7'],
    ['AAAA', { address: '2001:db8::1' }, '2001:db8::1'],
    ['CNAME', { cname: 'www.example.net' }, 'www.example.net.'],
    ['DNAME', { dname: 'www.example.net' }, 'www.example.net.'],
    ['NS', { nsdname: 'ns2.example.net' }, 'ns2.example.net.'],
    ['PTR', { ptrdname: 'host.example.net' }, 'host.example.net.'],
    ['MX', { preference: '0', exchange: '.' }, '0 .'],
    ['TXT', { txtdata: 'k=v; "q" \\ ü' }, '"k=v; \\"q\\" \\\\ \\195\\188"'],
    ['SPF', { txtdata: 'v=spf1 -all' }, '"v=spf1 -all"'],
    ['SRV', { priority: '1', weight: '2', port: '443', target: 'www.example.net' }, '1 2 443 www.example.net.'],
    ['CAA', { flag: '0', tag: 'iodef', value: 'mailto:a@b.example' }, '0 iodef "mailto:a@b.example"'],
    [
      'NAPTR',
      { order: '1', preference: '2', flags: 'u', service: 'sip', regexp: '!^.*$!sip:a@b!', replacement: '.' },
      '1 2 "u" "sip" "!^.*$!sip:a@b!" .',
    ],
    ['DS', { keytag: '5', algorithm: '13', digtype: '1', digest: 'AB'.repeat(20) }, `5 13 1 ${'AB'.repeat(20)}`],
    ['HINFO', { cpu: 'a b', os: 'c' }, '"a b" "c"'],
    ['RP', { mbox: 'a.example.net', txtdname: 'b.example.net' }, 'a.example.net. b.example.net.'],
    ['AFSDB', { subtype: '1', hostname: 'a.example.net' }, '1 a.example.net.'],
    ['SSHFP', { rdata: `1 1 ${'AB'.repeat(20)}` }, `1 1 ${'AB'.repeat(20)}`],
    ['HTTPS', { rdata: '1 . alpn="h2,h3"' }, '1 . alpn="h2,h3"'],
  ];

  test.each(types)(
    'add a %s by its fields, answer it with the same, edit and remove it',
    async (type, fields, rdata) => {
      const zone = await zoneWith(
        '$TTL 60\n@ SOA ns1.example.net. h.example.net. 7 1 1 1 1\n@ NS ns1.example.net.\nkept TXT "a" ; c\n',
      );
      const text = await textOf(zone);
      const added = await node.call('addzonerecord', {
        domain: zone,
        name: 'new',
        type,
        class: 'IN',
        ttl: 300,
        ...fields,
      });
      expect(reasonOf(added)).toEqual([1, `Nameserver of web.example.net reloaded zone: [${zone}]`]);
      expect(
        (await textOf(zone))
          .split('\n')
          .at(-2)
          ?.replace(/[\t ]+/g, ' '),
      ).toBe(`new.${zone}. 300 IN ${type} ${rdata}`);
      const record = { Line: 5, type, name: `new.${zone}.`, class: 'IN', ttl: '300', ...fields };
      expect((await dumped(zone)).at(-1)).toEqual(record);
      expect((await node.call('getzonerecord', { domain: zone, line: 5 })).data).toEqual({ record: [record] });

      // What was answered can be sent back as it is.
      await node.call('editzonerecord', { zone, ...record, ttl: 301 });
      expect((await dumped(zone)).at(-1)).toEqual({ ...record, ttl: '301' });

      const removed = await node.call('removezonerecord', { zone, line: 5 });
      expect(removed).toMatchObject({ metadata: { result: 1 }, data: { new_serial: '10', result: { serial: 10 } } });
      expect(await textOf(zone)).toBe(text.replace(' 7 ', ' 10 '));
    },
  );

  test('keep what an edit does not name, and the comment behind the record', async () => {
    const zone = await zoneWith();
    await node.call('editzonerecord', { zone, Line: 9, address: '192.0.2.9' });
    expect((await dumped(zone))[5]).toMatchObject({ name: `www.${zone}.`, ttl: '14400', address: '192.0.2.9' });
    expect(await textOf(zone)).toMatch(/192\.0\.2\.9 ; first\n {4}A 192\.0\.2\.2\n/);
  });

  test('take the serial that an edit of the SOA says, where it is higher', async () => {
    const zone = await zoneWith();
    const answer = await node.call('editzonerecord', { zone, line: 3, serial: '4000000000' });
    expect(answer.data['new_serial']).toBe('4000000000');
    expect(await serialOf(zone)).toBe(4_000_000_000);
  });

  test.each([
    ['addzonerecord', { name: 'x', type: 'A', address: '192.0.2.1' }],
    ['editzonerecord', { line: 9, address: '192.0.2.9' }],
    ['removezonerecord', { line: 9 }],
  ])('%s with a stale serial says so and changes nothing', async (name, fields) => {
    const zone = await zoneWith();
    const answer = await node.call(name, { zone, serialnum: 2024010100, ...fields });
    expect(reasonOf(answer)).toEqual([0, 'Zone file changed since last read.']);
    expect(await textOf(zone)).toBe(TEXT.replaceAll('NAME', zone));
    expect((await node.call(name, { zone, serialnum: 2024010101, ...fields })).metadata.result).toBe(1);
  });

  test.each([
    ['addzonerecord', { type: 'A', address: '192.0.2.1' }, /Parameter name is missing/],
    ['addzonerecord', { name: 'x', type: 'MX', exchange: 'mail' }, /Parameter preference is missing for a MX record/],
    ['addzonerecord', { name: 'x', type: 'ANY', address: '192.0.2.1' }, /Parameter type is "ANY"/],
    ['addzonerecord', { name: 'x', type: 'A', class: 'CH', address: '192.0.2.1' }, /Parameter class must be IN/],
    [
      'addzonerecord',
      { name: 'x', type: 'A', ttl: '9999999999', address: '192.0.2.1' },
      /Parameter ttl must be at most/,
    ],
    ['addzonerecord', { name: 'x', type: 'A', address: '1.2' }, /Parameter address is not valid/],
    ['editzonerecord', { address: '192.0.2.1' }, /Parameter line is missing/],
    ['editzonerecord', { line: 9, type: 'TXT' }, /Parameter txtdata is missing for a TXT record/],
    ['removezonerecord', { line: 0 }, /Parameter line names no entry/],
  ])('%s %j is refused with a sentence', async (name, fields, sentence) => {
    const zone = await zoneWith();
    expect((await node.call(name, { zone, ...fields })).metadata).toMatchObject({
      result: 0,
      reason: expect.stringMatching(sentence) as string,
    });
  });

  test.each([
    'parse_dns_zone',
    'mass_edit_dns_zone',
    'addzonerecord',
    'editzonerecord',
    'removezonerecord',
    'getzonerecord',
  ])("%s shows and changes no reseller another one's zone", async (name) => {
    const zone = await zoneWith();
    const authorization = await node.reseller(`r-${name.replaceAll('_', '-')}`);
    const fields = { zone, serial: 2024010101, line: 9, remove: 8, name: 'x', type: 'A', address: '192.0.2.1' };
    const answer = await node.call(name, fields, { authorization });
    expect(reasonOf(answer)).toEqual([0, 'Zone does not exist.']);
    expect(await textOf(zone)).toBe(TEXT.replaceAll('NAME', zone));
  });
});
