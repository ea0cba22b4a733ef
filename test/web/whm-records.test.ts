import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reasonOf, TEXT, WhmNode } from './whm-node.js';

let node: WhmNode;
beforeAll(async () => {
  node = await WhmNode.start();
});
afterAll(() => node.stop());

describe('dumpzone', () => {
  test('answers each line by its number, a record by the fields of its type', async () => {
    const zone = await node.zoneWith();
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
    const zone = await node.zoneWith();
    const authorization = await node.reseller('dan');
    expect(reasonOf(await node.call('dumpzone'))).toEqual([0, 'You must specify a zone to dump.']);
    const calls = [node.call('dumpzone', { zone: 'none.example' }), node.call('dumpzone', { zone }, { authorization })];
    for (const call of calls) expect(reasonOf(await call)).toEqual([0, 'Zone does not exist.']);
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
      const zone = await node.zoneWith(
        '$TTL 60\n@ SOA ns1.example.net. h.example.net. 7 1 1 1 1\n@ NS ns1.example.net.\nkept TXT "a" ; c\n',
      );
      const text = await node.textOf(zone);
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
        (await node.textOf(zone))
          .split('\n')
          .at(-2)
          ?.replace(/[\t ]+/g, ' '),
      ).toBe(`new.${zone}. 300 IN ${type} ${rdata}`);
      const record = { Line: 5, type, name: `new.${zone}.`, class: 'IN', ttl: '300', ...fields };
      expect((await node.dumped(zone)).at(-1)).toEqual(record);
      expect((await node.call('getzonerecord', { domain: zone, line: 5 })).data).toEqual({ record: [record] });

      // What was answered can be sent back as it is.
      await node.call('editzonerecord', { zone, ...record, ttl: 301 });
      expect((await node.dumped(zone)).at(-1)).toEqual({ ...record, ttl: '301' });

      const removed = await node.call('removezonerecord', { zone, line: 5 });
      expect(removed).toMatchObject({ metadata: { result: 1 }, data: { new_serial: '10', result: { serial: 10 } } });
      expect(await node.textOf(zone)).toBe(text.replace(' 7 ', ' 10 '));
    },
  );

  test('keep what an edit does not name, and the comment behind the record', async () => {
    const zone = await node.zoneWith();
    await node.call('editzonerecord', { zone, Line: 9, address: '192.0.2.9' });
    expect((await node.dumped(zone))[5]).toMatchObject({ name: `www.${zone}.`, ttl: '14400', address: '192.0.2.9' });
    expect(await node.textOf(zone)).toMatch(/192\.0\.2\.9 ; first\n {4}A 192\.0\.2\.2\n/);
  });

  test('take the serial that an edit of the SOA says, where it is higher', async () => {
    const zone = await node.zoneWith();
    const answer = await node.call('editzonerecord', { zone, line: 3, serial: '4000000000' });
    expect(answer.data['new_serial']).toBe('4000000000');
    expect(await node.serialOf(zone)).toBe(4_000_000_000);
  });

  test.each([
    ['addzonerecord', { name: 'x', type: 'A', address: '192.0.2.1' }],
    ['editzonerecord', { line: 9, address: '192.0.2.9' }],
    ['removezonerecord', { line: 9 }],
  ])('%s with a stale serial says so and changes nothing', async (name, fields) => {
    const zone = await node.zoneWith();
    const answer = await node.call(name, { zone, serialnum: 2024010100, ...fields });
    expect(reasonOf(answer)).toEqual([0, 'Zone file changed since last read.']);
    expect(await node.textOf(zone)).toBe(TEXT.replaceAll('NAME', zone));
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
    const zone = await node.zoneWith();
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
    const zone = await node.zoneWith();
    const authorization = await node.reseller(`r-${name.replaceAll('_', '-')}`);
    const fields = { zone, serial: 2024010101, line: 9, remove: 8, name: 'x', type: 'A', address: '192.0.2.1' };
    const answer = await node.call(name, fields, { authorization });
    expect(reasonOf(answer)).toEqual([0, 'Zone does not exist.']);
    expect(await node.textOf(zone)).toBe(TEXT.replaceAll('NAME', zone));
  });
});
