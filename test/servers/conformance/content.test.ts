import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Name } from '../../../src/dns/name.js';
import { parseZone } from '../../../src/dns/zone-text/parser.js';
import { query } from '../../query.js';
import { typeName, TYPE } from '../../../src/dns/types.js';
import { withServerPrograms } from '../../../src/nameservers/controlled/private-process.js';
import { needs } from '../../needs.js';
import { removal } from '../bind-zones.js';
import { CANDIDATES } from './candidates.js';
import { ServerUnderTest } from './server-under-test.js';

/**
 * What hosting zones hold, and what servers and libraries get wrong, without delegations: each RRset can be asked for.
 */
const RECORDS = `
@ MX 10 mail
@ TXT "v=spf1 mx -all" "second \\"string\\" \\; with \\\\ and \\255"
@ CAA 0 issue "ca.example.net"
@ TYPE65280 \\# 4 0A000001
ns1 A 192.0.2.53
mail A 192.0.2.25
mail AAAA 2001:db8::25
MiXeD.CaSe A 192.0.2.77
a\\.dot A 192.0.2.78
sp\\032ace TXT "escaped owner"
10 A 192.0.2.10
in TXT "an owner that looks like a class"
a TXT "an owner that looks like a type"
*.wild A 192.0.2.100
deep.empty.non.terminal TXT "deep"
alias CNAME mail
_sip._tcp SRV 10 20 5060 mail
_25._tcp.mail TLSA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
svc HTTPS 1 . alpn="h2,h3" port=8443 ipv4hint=192.0.2.1
loc LOC 51 30 12.748 N 0 7 39.612 W 0.00m
key SSHFP 4 2 123456789abcdef67890123456789abcdef67890123456789abcdef123456789
naptr NAPTR 100 50 "s" "http+N2L+N2C+N2R" "" www.all.example.
dkim._domainkey TXT ( "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA"
  "zd1Yg2o8b2M0tZpQ5m1k0b3w3b1u4r3v8c5l0a7d2f9e6h1i4j7k0m3n6p9q2s5t8u1x" )
ttl 42 A 192.0.2.42
`;

/** An owner of octets that are no printable characters. */
const ODD_OWNER = '\\200\\001 A 192.0.2.79\n';

const head = (serial: number): string =>
  `$TTL 300\n@ SOA ns1 hostmaster ${serial} 3600 600 86400 300\n@ NS ns1\n@ NS ns2.host.example.\n`;

describe.each(CANDIDATES)('$kind serves what is in the file', (candidate) => {
  describe.skipIf(!candidate.installed)('over DNS', () => {
    let of: ServerUnderTest;

    beforeAll(async () => {
      of = await ServerUnderTest.start(candidate);
    });
    afterAll(() => of.end());

    /**
     * Every RRset of the text, asked for; with DNSSEC records where `dnssec`. Asked again for a moment: of a server of
     * several processes an old one may answer once more after a new one was seen to answer.
     */
    const expectAllAnswered = (name: string, text: string | Buffer, dnssec = false): Promise<void> =>
      vi.waitFor(() => expectAnswers(name, text, dnssec), { timeout: 2_000, interval: 20 });

    async function expectAnswers(name: string, text: string | Buffer, dnssec: boolean): Promise<void> {
      const wanted = new Map<string, { owner: Name; type: number; ttl: number; rdata: string[] }>();
      for (const { owner, type, ttl, rdata } of parseZone(text, name).records) {
        const key = `${owner.toLowerCase()} ${type}`;
        const rrset = wanted.get(key) ?? { owner, type, ttl, rdata: [] };
        rrset.rdata.push(rdata);
        wanted.set(key, rrset);
      }
      for (const { owner, type, ttl, rdata } of wanted.values()) {
        if (dnssec && (type === TYPE.RRSIG || type === TYPE.NSEC)) continue; // asked for with others
        const { aa, answer } = await query(of.nameserver.dns, owner, type, { dnssec });
        const given = answer.filter((record) => record.type === type);
        const what = `${JSON.stringify(owner)} ${typeName(type)}`;
        expect([what, aa, given.map((record) => record.ttl)]).toEqual([what, true, rdata.map(() => ttl)]);
        expect(given.map((record) => record.rdata).sort()).toEqual([...rdata].sort());
        if (dnssec) expect([what, answer.some((record) => record.type === TYPE.RRSIG)]).toEqual([what, true]);
      }
    }

    test('every record of a zone with all that people write', async () => {
      const text = head(1) + RECORDS;
      expect(await of.outcomes(await of.zones.write('all.example', 1, text))).toEqual(['served']);
      await expectAllAnswered('all.example', text);
    });

    test('an owner name of any octets is answered, or the zone is refused: never is it there and not answered', async () => {
      const text = `${head(1)}ns1 A 192.0.2.1\n${ODD_OWNER}`;
      const [applied] = await of.apply(await of.zones.write('odd.example', 1, text));
      if (applied?.outcome === 'served') await expectAllAnswered('odd.example', text);
      else expect(applied?.reason).toContain('\\200\\001');
      expect(applied?.outcome).toBe(candidate.harness?.refusesOddOwners === true ? 'refused' : 'served');
    });

    test.each([
      ['NAPTR', 'x NAPTR 100 50 "s" "http+N2L+N2C+N2R" "" www\n'],
      ['HTTPS', 'x HTTPS 1 www alpn="h2"\n'],
      ['RP', 'x RP admin txt\n'],
      ['AFSDB', 'x AFSDB 1 www\n'],
      ['KX', 'x KX 10 www\n'],
    ])('a name in %s that is written without its final dot is answered as it is meant', async (type, line) => {
      const text = `${head(1)}ns1 A 192.0.2.1\n${line}`;
      const name = `${type.toLowerCase()}.example`;
      expect(await of.apply(await of.zones.write(name, 1, text))).toMatchObject([{ outcome: 'served' }]);
      await expectAllAnswered(name, text);
    });

    test.each([
      ['a relative $ORIGIN', '$ORIGIN sub\nwww A 192.0.2.1\n$ORIGIN deep\nwww A 192.0.2.2\n'],
      ['$GENERATE', '$GENERATE 1-20 host$ A 192.0.2.$\n'],
      ['lines that end with CR LF', 'www A 192.0.2.1\r\nmail A 192.0.2.2\r\n'],
      ['records of unknown types', 'x TYPE731 \\# 6 abcdef 012345\ny A \\# 4 C0000201\n'],
    ])('%s, which not every server reads: answered, changed, kept over a restart, and removed', async (what, lines) => {
      const name = `${what.replaceAll(/[^a-z]/gi, '').toLowerCase()}.example`;
      const text = (serial: number, more = ''): string => `${head(serial)}ns1 A 192.0.2.1\n${more}${lines}`;
      expect(await of.apply(await of.zones.upsert(name, 1))).toMatchObject([{ outcome: 'served' }]);
      for (const serial of [2, 3]) {
        const now = text(serial, `v${serial} A 192.0.2.9\n`);
        expect(await of.apply(await of.zones.write(name, serial, now))).toMatchObject([{ outcome: 'served', serial }]);
        await expectAllAnswered(name, now);
      }
      const [refused] = await of.apply(await of.zones.write(name, 4, text(4, 'bad A 192.0.2\n')));
      expect(refused?.outcome).toBe('refused');
      expect(await of.serial(name)).toBe(3);
      expect(await of.outcomes(await of.zones.write(name, 3, text(3)))).toEqual(['served']);
      await of.kill();
      await of.startServer();
      await of.untilAllServed();
      expect(await of.apply(removal(name))).toEqual([{ name, outcome: 'served' }]);
    });

    test('names under a wildcard, and no names beside it', async () => {
      await of.apply(await of.zones.write('w.example', 1, `${head(1)}ns1 A 192.0.2.1\n*.wild A 192.0.2.100\n`));
      expect((await of.ask('any.thing.wild.w.example', TYPE.A)).answer).toHaveLength(1);
      expect((await of.ask('wild.w.example', TYPE.A)).answer).toHaveLength(0);
      expect(await of.ask('nothing.w.example', TYPE.A)).toMatchObject({ rcode: 3, aa: true });
    });

    test('a delegation with its glue, without authority', async () => {
      const text = `${head(1)}ns1 A 192.0.2.1\nchild NS ns.child\nns.child A 192.0.2.9\n`;
      await of.apply(await of.zones.write('d.example', 1, text));
      const { aa, authority, additional } = await of.ask('www.child.d.example', TYPE.A);
      expect([aa, authority.map(({ type }) => type)]).toEqual([false, [TYPE.NS]]);
      expect(additional.filter(({ type }) => type === TYPE.A)).toHaveLength(1);
    });

    test('a zone with 20,000 records, and an answer that only TCP can carry', async () => {
      const many = Array.from({ length: 20_000 }, (_, i) => `host${i} A 192.0.2.${i % 250}\n`).join('');
      const wide = Array.from({ length: 90 }, (_, i) => `wide AAAA 2001:db8::${i.toString(16)}\n`).join('');
      const change = await of.zones.write('large.example', 3, `${head(3)}ns1 A 192.0.2.1\n${many}${wide}`);
      expect(await of.outcomes(change)).toEqual(['served']);
      expect((await of.ask('host19999.large.example', TYPE.A)).answer).toHaveLength(1);
      expect((await of.ask('wide.large.example', TYPE.AAAA)).answer).toHaveLength(90);
    });

    test.skipIf(!needs('dnssec-keygen', 'dnssec-signzone'))(
      'a zone that was signed elsewhere, with its signatures',
      async () => {
        const text = await signed('signed.example', `${head(9)}ns1 A 192.0.2.1\nwww A 192.0.2.2\n`);
        expect(await of.outcomes(await of.zones.write('signed.example', 9, text))).toEqual(['served']);
        await expectAllAnswered('signed.example', text, true);
        expect((await of.nameserver.status()).signedZones ?? []).toEqual([]);
      },
    );
  });
});

/** The zone with DNSKEY, RRSIG and NSEC records, its serial as it was. */
async function signed(zone: string, text: string): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'dns-cluster-signed-'));
  const run = (program: string, args: readonly string[]): Promise<unknown> =>
    promisify(execFile)(program, args, { cwd: folder, env: withServerPrograms() });
  try {
    await writeFile(join(folder, 'zone'), text);
    await run('dnssec-keygen', ['-a', 'ECDSAP256SHA256', '-f', 'KSK', zone]);
    await run('dnssec-keygen', ['-a', 'ECDSAP256SHA256', zone]);
    await run('dnssec-signzone', ['-S', '-N', 'keep', '-O', 'full', '-o', zone, '-f', 'signed', 'zone']);
    return await readFile(join(folder, 'signed'));
  } finally {
    await rm(folder, { recursive: true });
  }
}
