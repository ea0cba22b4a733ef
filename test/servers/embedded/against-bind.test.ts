import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeMessage, type DnsMessage } from '../../../src/dns/messages/message.js';
import { formatName, labelsOf, parentOf, parseName, ROOT, type Name } from '../../../src/dns/name.js';
import { parseZone } from '../../../src/dns/zone-text/parser.js';
import type { DnsAnswer } from '../../../src/dns/messages/query.js';
import type { ResourceRecord } from '../../../src/dns/zone.js';
import { TYPE, typeName } from '../../../src/dns/types.js';
import { needs } from '../../needs.js';
import { compare, exchange, expectSame, line, questions, shown, type Servers } from './compare-servers.js';
import { startBoth } from './embedded-server.js';
import { TRICKY_ZONES } from '../tricky-zones.js';

/*
 * The same zones in BIND and in the embedded nameserver, the same thousands of questions to both, the same answers:
 * rcode, AA, TC, and each section as a set, owner names with their case. BIND runs with `recursion no`,
 * `minimal-responses no-auth` (no NS records beside a positive answer) and `minimal-any yes`.
 */
const UNKNOWN_TYPE = 65280;
const TYPES = [
  ...[TYPE.A, TYPE.AAAA, TYPE.NS, TYPE.SOA, TYPE.MX, TYPE.TXT, TYPE.CNAME, TYPE.SRV, TYPE.PTR, TYPE.DS, TYPE.DNAME],
  ...[TYPE.HTTPS, TYPE.SVCB, TYPE.NAPTR, TYPE.AFSDB, TYPE.RT, TYPE.KX, TYPE.TLSA, UNKNOWN_TYPE],
];

let both: Servers & { stop: () => Promise<void> };

/** Every name of every zone, names in, below and beside them, in other case, and names that are nobody's. */
function allNames(zones: readonly string[] = Object.keys(TRICKY_ZONES)): Name[] {
  const names = new Set<string>();
  for (const zone of zones) {
    for (const { owner } of parseZone(TRICKY_ZONES[zone] ?? '', zone).records) {
      names.add(owner);
      names.add(owner.toUpperCase());
      names.add(`\x05below${owner}`);
      names.add(`\x04nope\x04deep${owner}`);
      for (let up = parentOf(owner); up !== undefined && labelsOf(up).length > 2; up = parentOf(up))
        names.add(`\x06beside${up}`);
    }
    for (const label of ['x', 'www', 'a.b', '*', '*.*', 'x.*']) names.add(parseName(`${label}.${zone}.`));
  }
  const tooLong = `${'l'.repeat(60)}.${'m'.repeat(60)}.dnlong.tricky.example.`;
  for (const other of ['.', 'example.', 'www.nowhere.invalid.', tooLong]) names.add(parseName(other));
  return [...names].filter((name) => name.length <= 255) as Name[];
}

const message = (fields: Partial<DnsMessage>): DnsMessage => ({
  id: 1,
  response: false,
  opcode: 0,
  rcode: 0,
  aa: false,
  tc: false,
  rd: false,
  ra: false,
  ad: false,
  cd: false,
  questions: [],
  answer: [],
  authority: [],
  additional: [],
  ...fields,
});

describe.skipIf(!needs('named'))('the embedded nameserver against BIND', () => {
  beforeAll(async () => {
    both = await startBoth(TRICKY_ZONES);
  });
  afterAll(() => both.stop());

  test('answers every name with every type as BIND does, over UDP', async () => {
    await compare(both, questions(allNames(), TYPES), {});
  });

  test('answers every name with every type as BIND does, over TCP', async () => {
    await compare(
      both,
      questions(allNames(['tricky.example', 'signed.example', 'dname.example']), [TYPE.A, TYPE.MX, TYPE.NS]),
      {
        tcp: true,
      },
    );
  });

  test('answers ANY over TCP with all that BIND gives', async () => {
    await compare(both, questions(allNames(['tricky.example', 'target.example']), [TYPE.ANY]), { tcp: true });
  });

  test('answers ANY over UDP with one RRset, though not always the one that BIND picks', async () => {
    const sole = ({ rcode, aa, tc, answer, authority }: DnsAnswer): object => ({
      ...{
        rcode,
        aa,
        tc,
        authority: authority.map(line).sort(),
        rrsets: new Set(answer.map((record) => record.type)).size,
      },
    });
    await compare(both, questions(allNames(['tricky.example', 'target.example']), [TYPE.ANY]), {}, sole);
  });

  // Denial of existence (NSEC) is not given by the embedded nameserver; see its README.
  const isDenial = ({ type, rdata }: ResourceRecord): boolean =>
    type === TYPE.NSEC || (type === TYPE.RRSIG && rdata.startsWith('\0\x2f'));

  test('adds the signatures that BIND adds where DNSSEC is wanted', async () => {
    const types = [...TYPES, TYPE.DNSKEY];
    const show = (answer: DnsAnswer): object => shown(answer, (record) => !isDenial(record));
    await compare(
      both,
      questions(allNames(['signed.example', 'target.example', 'tricky.example']), types),
      { dnssec: true },
      show,
    );
  });

  test('answers for NSEC, DNSKEY and RRSIG themselves as BIND does', async () => {
    await compare(both, questions(allNames(['signed.example']), [TYPE.NSEC, TYPE.DNSKEY]), {});
    await compare(both, questions(allNames(['signed.example']), [TYPE.RRSIG]), { tcp: true });
  });

  test.each([0, 512, 600, 1000, 1232, 4096])(
    'truncates where BIND truncates, with a buffer of %i octets',
    async (udpSize) => {
      const edns = { udpSize, version: 0, dnssecOk: false, options: '' };
      // A referral without all of its glue is truncated here, as RFC 9471 §3.1 demands; BIND 9.18 sends the part that
      // fits.
      const names = allNames(['big.example']).filter((name) => labelsOf(name).length < 4 && !/delegated/i.test(name));
      const asked = questions(names, [TYPE.TXT, TYPE.A, TYPE.MX]);
      const ask = (server: { host: string; port: number }): Promise<object[]> =>
        Promise.all(
          asked.map(async ({ name, type }) => {
            const question = message({ questions: [{ name, type, class: 1 }], ...(udpSize === 0 ? {} : { edns }) });
            const answer = await exchange(server, encodeMessage(question));
            // What stands in a truncated answer is nobody's to use: BIND gives a part, we nothing.
            return answer === undefined
              ? {}
              : answer.tc
                ? { tc: true, rcode: answer.rcode, aa: answer.aa }
                : shown(answer);
          }),
        );
      expectSame(
        asked.map(({ name, type }) => `${formatName(name)} ${typeName(type)}`),
        await ask(both.bind),
        await ask(both.embedded),
      );
    },
  );

  test('truncates a referral whose glue does not fit, and gives all of it over TCP', async () => {
    const question = { name: parseName('www.delegated.big.example.'), type: TYPE.A };
    const asked = message({ questions: [{ ...question, class: 1 }] });
    expect(await exchange(both.embedded, encodeMessage(asked))).toMatchObject({
      tc: true,
      authority: [],
      additional: [],
    });
    await compare(both, [question], { tcp: true });
  });

  const soaOf = { name: parseName('tricky.example.'), type: TYPE.SOA, class: 1 };
  const edns = { udpSize: 1232, version: 0, dnssecOk: true, options: '' };
  const odd: [string, Buffer][] = [
    ['a plain question', encodeMessage(message({ questions: [soaOf] }))],
    ['RD and CD, which go back', encodeMessage(message({ questions: [soaOf], rd: true, cd: true, ad: true }))],
    ['EDNS with DO', encodeMessage(message({ questions: [soaOf], edns }))],
    [
      'EDNS with an unknown option',
      encodeMessage(message({ questions: [soaOf], edns: { ...edns, options: '\xff\x00\x00\x01x' } })),
    ],
    ['EDNS version 1', encodeMessage(message({ questions: [soaOf], edns: { ...edns, version: 1 } }))],
    ['a tiny EDNS size', encodeMessage(message({ questions: [soaOf], edns: { ...edns, udpSize: 1 } }))],
    ['a response', encodeMessage(message({ questions: [soaOf], response: true }))],
    ['no question', encodeMessage(message({}))],
    ['two questions', encodeMessage(message({ questions: [soaOf, { ...soaOf, type: TYPE.NS }] }))],
    ['IQUERY', encodeMessage(message({ questions: [soaOf], opcode: 1 }))],
    ['STATUS', encodeMessage(message({ questions: [soaOf], opcode: 2 }))],
    ['opcode 15', encodeMessage(message({ questions: [soaOf], opcode: 15 }))],
    ['AXFR over UDP', encodeMessage(message({ questions: [{ ...soaOf, type: TYPE.AXFR }] }))],
    ['MAILB', encodeMessage(message({ questions: [{ ...soaOf, type: TYPE.MAILB }] }))],
    ['MAILA', encodeMessage(message({ questions: [{ ...soaOf, type: TYPE.MAILA }] }))],
    ['type OPT', encodeMessage(message({ questions: [{ ...soaOf, type: TYPE.OPT }] }))],
    ['type TSIG', encodeMessage(message({ questions: [{ ...soaOf, type: TYPE.TSIG }] }))],
    ['a name that is nobody’s', encodeMessage(message({ questions: [{ ...soaOf, name: parseName('www.invalid.') }] }))],
    ['the root', encodeMessage(message({ questions: [{ ...soaOf, name: ROOT }] }))],
    ['a cut-off question', encodeMessage(message({ questions: [soaOf] })).subarray(0, 20)],
    ['a header only, with a count', Buffer.from('000100000001000000000000', 'hex')],
    ['a pointer loop', Buffer.from('000100000001000000000000c00c00060001', 'hex')],
    ['half a header', Buffer.from('00010000', 'hex')],
    ['octets after the message', Buffer.concat([encodeMessage(message({ questions: [soaOf] })), Buffer.from('more')])],
  ];
  test.each(odd)('answers %s as BIND does', async (_what, octets) => {
    const [theirs, ours] = await Promise.all([exchange(both.bind, octets), exchange(both.embedded, octets)]);
    const kept = (answer: DnsMessage | undefined): object => {
      if (answer === undefined) return {};
      const { id, opcode, rd, ra, ad, cd, response, questions: back, edns: opt } = answer;
      return { ...shown(answer), ...{ id, opcode, rd, ra, ad, cd, response, back }, opt };
    };
    expect(kept(ours)).toEqual(kept(theirs));
  });
});
