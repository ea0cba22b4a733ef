import { describe, expect, test } from 'vitest';
import dnsPacket, { type Answer, type DecodedPacket } from 'dns-packet';
import fc from 'fast-check';
import {
  CLASS_IN,
  decodeHeader,
  decodeMessage,
  DnsFormatError,
  encodeMessage,
  RCODE,
  type DnsMessage,
  type MessageRecord,
} from '../../src/dns/messages/message.js';
import { parseName, ROOT, type Name } from '../../src/dns/name.js';
import { TYPE } from '../../src/dns/types.js';

const name = (text: string): Name => parseName(text);
const u16 = (value: number): string => String.fromCharCode(value >> 8, value & 255);
const record = (owner: string, type: number, rdata: string, ttl = 300): MessageRecord => ({
  owner: name(owner),
  ttl,
  type,
  rdata,
  line: 0,
});
const empty: DnsMessage = {
  ...{ id: 7, response: true, opcode: 0, rcode: 0, aa: true, tc: false, rd: false, ra: false, ad: false, cd: false },
  ...{ questions: [], answer: [], authority: [], additional: [] },
};

const octets = (min: number, max: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: min, maxLength: max }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const label = fc.oneof(octets(1, 63), fc.constantFrom('www', 'WWW', 'mail', 'example', 'Example'));
const anyName = fc
  .array(label, { maxLength: 6 })
  .map((labels) => labels.map((text) => String.fromCharCode(text.length) + text).join('') + '\0')
  .filter((wire) => wire.length <= 255) as fc.Arbitrary<Name>;
const rdataOf = fc.oneof(
  fc.tuple(fc.constantFrom(TYPE.NS, TYPE.CNAME, TYPE.PTR), anyName),
  fc.tuple(
    fc.constant(TYPE.MX),
    fc.tuple(octets(2, 2), anyName).map((parts) => parts.join('')),
  ),
  fc.tuple(
    fc.constant(TYPE.SRV),
    fc.tuple(octets(6, 6), anyName).map((parts) => parts.join('')),
  ),
  fc.tuple(
    fc.constant(TYPE.SOA),
    fc.tuple(anyName, anyName, octets(20, 20)).map((parts) => parts.join('')),
  ),
  fc.tuple(
    fc.constant(TYPE.NAPTR),
    fc.tuple(octets(4, 4), anyName).map(([fixed, to]) => `${fixed}\x01S\0\0${to}`),
  ),
  fc.tuple(fc.constantFrom(TYPE.A, TYPE.TXT, TYPE.DNAME, TYPE.SVCB, 65280), octets(0, 300)),
);
const anyRecord = fc
  .tuple(anyName, rdataOf, fc.integer({ min: 0, max: 0x7fffffff }))
  .map(([owner, [type, rdata], ttl]): MessageRecord => ({ owner, ttl, type, rdata, line: 0 }));
const section = fc.array(anyRecord, { maxLength: 5 });
const anyOptions = fc
  .array(fc.tuple(octets(2, 2), octets(0, 10)), { maxLength: 3 })
  .map((options) => options.map(([code, data]) => code + u16(data.length) + data).join(''));
const anyMessage: fc.Arbitrary<DnsMessage> = fc
  .record({
    id: fc.nat(0xffff),
    response: fc.boolean(),
    opcode: fc.nat(15),
    rcode: fc.nat(15),
    ...{ aa: fc.boolean(), tc: fc.boolean(), rd: fc.boolean(), ra: fc.boolean(), ad: fc.boolean(), cd: fc.boolean() },
    questions: fc.array(fc.record({ name: anyName, type: fc.nat(0xffff), class: fc.nat(0xffff) }), { maxLength: 2 }),
    ...{ answer: section, authority: section, additional: section },
    edns: fc.option(
      fc.record({ udpSize: fc.nat(0xffff), version: fc.nat(255), dnssecOk: fc.boolean(), options: anyOptions }),
      { nil: undefined },
    ),
    high: fc.nat(255),
  })
  .map(({ edns, high, ...message }) =>
    edns === undefined ? message : { ...message, edns, rcode: message.rcode | (high << 4) },
  );

describe('messages', () => {
  test('what is encoded decodes to the same, names in their own case', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        expect(decodeMessage(encodeMessage(message))).toEqual(message);
      }),
    );
  });

  test('names are compressed against earlier ones of the same octets', () => {
    const message = {
      ...empty,
      questions: [{ name: name('www.example.org.'), type: TYPE.MX, class: CLASS_IN }],
      answer: [record('www.example.org.', TYPE.MX, u16(10) + name('mail.example.org.'))],
    };
    // Question 12+17+4; record: pointer 2, fixed 10, preference 2, "mail" 5, pointer 2.
    expect(encodeMessage(message)).toHaveLength(12 + 21 + 21);
  });

  test('a name that differs in case only keeps its case', () => {
    const answer = [record('WWW.Example.org.', TYPE.CNAME, name('www.EXAMPLE.org.'))];
    const message = { ...empty, questions: [{ name: name('www.example.ORG.'), type: 1, class: 1 }], answer };
    expect(decodeMessage(encodeMessage(message)).answer).toEqual(answer);
  });

  test('SRV and unknown types are never sent compressed', () => {
    const target = name('srv.example.org.');
    const answer = [record('srv.example.org.', TYPE.SRV, '\0\0\0\0\0\x35' + target)];
    expect(encodeMessage({ ...empty, answer }).toString('latin1')).toContain('\0\0\0\0\0\x35' + target);
  });

  test('compressed SRV, RP and NAPTR from others are decompressed', () => {
    const head = Buffer.from('0007840000000003000000000161' + '02787900', 'hex'); // names "a.xy." at 12
    const rr = (type: number, rdata: string): Buffer => {
      const fixed = Buffer.from(`c00c${type.toString(16).padStart(4, '0')}00010000000a`, 'hex');
      return Buffer.concat([fixed, Buffer.from([0, rdata.length / 2]), Buffer.from(rdata, 'hex')]);
    };
    // The first owner is spelled out at 12, the others point to it.
    const first = Buffer.concat([head, rr(33, '000100020035c00e').subarray(2)]);
    const message = Buffer.concat([first, rr(17, 'c00cc00e'), rr(35, '0001000201530000c00c')]);
    const decoded = decodeMessage(message).answer.map((found) => found.rdata);
    expect(decoded).toEqual([
      '\0\x01\0\x02\x005\x02xy\0',
      '\x01a\x02xy\0\x02xy\0',
      '\0\x01\0\x02\x01S\0\0\x01a\x02xy\0',
    ]);
  });
});

describe('against dns-packet', () => {
  const packet: dnsPacket.Packet = {
    type: 'response',
    id: 4711,
    flags: dnsPacket.AUTHORITATIVE_ANSWER,
    questions: [{ name: 'www.example.org', type: 'A', class: 'IN' }],
    answers: [
      { name: 'www.example.org', type: 'CNAME', ttl: 60, class: 'IN', data: 'host.example.org' },
      { name: 'host.example.org', type: 'A', ttl: 60, class: 'IN', data: '192.0.2.1' },
      { name: 'host.example.org', type: 'AAAA', ttl: 60, class: 'IN', data: '2001:db8::1' },
      { name: 'example.org', type: 'MX', ttl: 60, class: 'IN', data: { preference: 10, exchange: 'mail.example.org' } },
      { name: 'example.org', type: 'TXT', ttl: 60, class: 'IN', data: [Buffer.from('one'), Buffer.from('two')] },
      {
        name: '_sip._udp.example.org',
        type: 'SRV',
        ttl: 60,
        class: 'IN',
        data: { priority: 1, weight: 2, port: 5060, target: 'sip.example.org' },
      },
    ],
    authorities: [
      {
        name: 'example.org',
        type: 'SOA',
        ttl: 60,
        class: 'IN',
        data: {
          ...{ mname: 'ns.example.org', rname: 'root.example.org' },
          ...{ serial: 4294967295, refresh: 1, retry: 2, expire: 3, minimum: 4 },
        },
      },
      { name: 'example.org', type: 'NS', ttl: 60, class: 'IN', data: 'ns.example.org' },
    ],
    additionals: [
      {
        ...{ name: '.', type: 'OPT', udpPayloadSize: 1232, extendedRcode: 0, ednsVersion: 0 },
        ...{ flags: dnsPacket.DNSSEC_OK, flag_do: true, options: [] },
      },
    ],
  };
  const meaning = (decoded: DecodedPacket): unknown => ({
    ...{ id: decoded.id, flags: decoded.flags, questions: decoded.questions },
    records: [decoded.answers, decoded.authorities, decoded.additionals].map((records) =>
      records?.map((found: Answer) => ({ ...found, flush: undefined })),
    ),
  });

  test('we read what it writes, and it reads what we write, to the same records', () => {
    const theirs = dnsPacket.encode(packet);
    const decoded = decodeMessage(theirs);
    expect(decoded.edns).toEqual({ udpSize: 1232, version: 0, dnssecOk: true, options: '' });
    const ours = encodeMessage(decoded);
    expect(ours.length).toBeLessThan(theirs.length); // it does not compress
    expect(meaning(dnsPacket.decode(ours))).toEqual(meaning(dnsPacket.decode(theirs)));
  });

  test('it reads any host names that we compress', () => {
    const text = fc
      .array(fc.stringMatching(/^[a-z0-9]{1,12}$/), { minLength: 1, maxLength: 5 })
      .map((labels) => labels.join('.'));
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 8 }), (pairs) => {
        const answer = pairs.map(([from, to]) => record(`${from}.`, TYPE.CNAME, name(`${to}.`)));
        const read = dnsPacket.decode(encodeMessage({ ...empty, answer })).answers ?? [];
        expect(read.map((found) => [found.name, 'data' in found ? found.data : ''])).toEqual(pairs);
      }),
    );
  });
});

describe('limits', () => {
  const big = (owner: string, count: number): MessageRecord[] =>
    Array.from({ length: count }, (_, i) => record(owner, TYPE.TXT, '\xc8' + String(i).padStart(200, '.')));

  test('an answer that does not fit is left out whole and TC is set', () => {
    const question = { name: name('big.example.'), type: TYPE.TXT, class: CLASS_IN };
    const edns = { udpSize: 1232, version: 0, dnssecOk: false, options: '' };
    const octetsOf = encodeMessage(
      { ...empty, questions: [question], answer: big('big.example.', 9), edns },
      { limit: 1232 },
    );
    expect(octetsOf.length).toBeLessThanOrEqual(1232);
    expect(decodeMessage(octetsOf)).toEqual({ ...empty, tc: true, questions: [question], edns });
  });

  test('the limit is exact: the same message fits at its own length and not one octet below', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), (count) => {
        const message = {
          ...empty,
          answer: big('x.', count),
          edns: { udpSize: 512, version: 0, dnssecOk: false, options: '' },
        };
        const size = encodeMessage(message).length;
        expect(decodeMessage(encodeMessage(message, { limit: size })).tc).toBe(false);
        expect(decodeMessage(encodeMessage(message, { limit: size - 1 })).tc).toBe(true);
      }),
    );
  });

  test('additional RRsets that do not fit are left out whole without TC, unless they are needed glue', () => {
    const additional = [...big('a.', 2), ...big('b.', 3)];
    const fitting = decodeMessage(encodeMessage({ ...empty, additional }, { limit: 1000 }));
    expect(fitting).toEqual({ ...empty, additional: additional.slice(0, 2) });
    expect(decodeMessage(encodeMessage({ ...empty, additional }, { limit: 1000, glueRequired: true }))).toEqual({
      ...empty,
      tc: true,
    });
  });

  test('more than 65535 octets never leave', () => {
    const octetsOf = encodeMessage({ ...empty, answer: big('x.', 400) });
    expect(octetsOf.length).toBeLessThanOrEqual(65535);
    expect(decodeMessage(octetsOf).tc).toBe(true);
  });

  test('a pointer reaches only the first 16384 octets', () => {
    const answer = [
      ...big('x.', 80),
      record('late.example.', TYPE.NS, ROOT),
      record('late.example.', TYPE.NS, name('y.')),
    ];
    const octetsOf = encodeMessage({ ...empty, answer });
    expect(octetsOf.length).toBeGreaterThan(0x4000);
    expect(decodeMessage(octetsOf).answer).toEqual(answer);
  });
});

describe('octets from anywhere', () => {
  const decodes = (input: Buffer): void => {
    try {
      decodeMessage(input);
    } catch (error) {
      expect(error).toBeInstanceOf(DnsFormatError);
    }
  };

  test('random octets decode or throw DnsFormatError, nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => decodes(Buffer.from(bytes))),
      { numRuns: 2000 },
    );
  });

  test('a damaged message decodes or throws DnsFormatError, nothing else', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(anyMessage, damage, fc.nat(), (message, changes, cut) => {
        const bytes = encodeMessage(message);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        decodes(bytes.subarray(0, cut % (bytes.length + 1)));
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['a pointer to itself', '000000000001000000000000' + 'c00c' + '00010001'],
    ['a pointer forwards', '000000000001000000000000' + 'c00e' + '00' + '00010001'],
    ['a loop of two pointers', '000000000001000000000000' + '0161c00e' + 'c00c' + '00010001'],
    ['a reserved label type', '000000000001000000000000' + '40' + '00010001'],
    ['a label past the end', '000000000001000000000000' + '3f61'],
    ['fewer records than counted', '000000000000000900000000'],
    ['rdata past the end', '000000000000000100000000' + '00' + '0001000100000000' + '0004c000'],
    ['an NS rdata longer than its name', '000000000000000100000000' + '00' + '0002000100000000' + '00020000'],
    ['two OPT records', '000000000000000000000002' + '0000290200000000000000'.repeat(2)],
    ['an OPT record away from the root', '000000000000000000000001' + '0161000029020000000000' + '0000'],
    ['an option of EDNS past the end', '000000000000000000000001' + '0000290200000000000005' + '000a0002' + '00'],
    ['an OPT record in the answer section', '000000000000000100000000' + '0000290200000000000000'],
    ['a question with octets after it', '000000000000000000000000' + '00'],
    ['an empty datagram', ''],
  ])('%s is a format error', (_what, hex) => {
    expect(() => decodeMessage(Buffer.from(hex, 'hex'))).toThrow(DnsFormatError);
  });

  test('a chain of thousands of pointers is refused before it costs anything', () => {
    const pointers = 5000;
    // A question at the root (12), then a record of unknown type whose rdata (28) is the chain, then its end as an
    // owner.
    const head = Buffer.from('000000000001000200000000' + '0000010001' + '00ff00000100000000', 'hex');
    const chain = Array.from({ length: pointers }, (_, i) => u16(0xc000 | (i === 0 ? 12 : 28 + 2 * (i - 1)))).join('');
    const owner = u16(0xc000 | (28 + 2 * (pointers - 1)));
    const message = Buffer.concat([head, Buffer.from(u16(chain.length) + chain + owner + '\0'.repeat(10), 'latin1')]);
    expect(() => decodeMessage(message)).toThrow('too many compression pointers');
  });

  test('the header is read alone where the rest is broken', () => {
    expect(decodeHeader(Buffer.from('1234a80f', 'hex'))).toBeUndefined();
    expect(decodeHeader(Buffer.from('1234a80fffffffffffffffff', 'hex'))).toMatchObject({
      ...{ id: 0x1234, response: true, opcode: 5, rcode: RCODE.NOERROR + 15 },
    });
  });
});
