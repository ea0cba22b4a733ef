import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatName, labelsOf, parentOf, parseName, type Name } from '../../../src/dns/name.js';
import { parseZone } from '../../../src/dns/zone-text/parser.js';
import type { DnsAnswer } from '../../../src/dns/messages/query.js';
import type { ResourceRecord } from '../../../src/dns/zone.js';
import { TYPE, typeName } from '../../../src/dns/types.js';
import { needs } from '../../needs.js';
import { compare, exchange, expectSame, line, octetsOf, questions, shown, type Servers } from './compare-servers.js';
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
            const octets = octetsOf({ questions: [{ name, type, class: 1 }], ...(udpSize === 0 ? {} : { edns }) });
            const answer = await exchange(server, octets);
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
    const octets = octetsOf({ questions: [{ ...question, class: 1 }] });
    expect(await exchange(both.embedded, octets)).toMatchObject({
      tc: true,
      authority: [],
      additional: [],
    });
    await compare(both, [question], { tcp: true });
  });
});
