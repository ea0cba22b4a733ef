import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { canonicalRdata } from '../../../src/dns/rdata.js';
import { lowerName, formatName } from '../../../src/dns/name.js';
import { parseZone } from '../../../src/dns/zone-text/parser.js';
import { DnsClient } from '../../../src/dns/messages/query.js';
import type { ResourceRecord } from '../../../src/dns/zone.js';
import { TYPE, typeName } from '../../../src/dns/types.js';
import type { MemberBackend, MemberChange } from '../../../src/members/member-backend.js';
import { powerDnsApi } from '../../../src/members/powerdns-api/powerdns-api.js';
import { HERE } from '../../members/here.js';
import { validateZone } from '../../../src/zones/validation.js';
import { zoneName } from '../../../src/zones/zone-name.js';
import { ClusterNode } from '../../cluster/cluster-node.js';
import { ROOT, zoneText } from '../../cluster/zone-texts.js';
import { hostingZone } from '../../hosting-zones.js';
import { needs } from '../../needs.js';
import { API_KEY, PowerDnsWithDatabase } from './database.js';

const TRICKY = 'test/zones';
const NAME = zoneName('a.example');
const HEAD = '$TTL 600\n@ SOA ns1 h 5 7200 900 604800 300\n@ NS ns1\nns1 A 192.0.2.53\n';

const upsert = (name: string, text: string | Buffer): MemberChange => {
  const octets = Buffer.from(text);
  const { serial, digest } = validateZone(zoneName(name), octets);
  return { kind: 'upsert', name: zoneName(name), text: octets, serial, digest, isNew: true };
};
const remove = (name: string): MemberChange => ({ kind: 'remove', name: zoneName(name) });

describe.skipIf(!needs('pdns_server', 'sqlite3'))('a PowerDNS with a database, by its API', () => {
  let server: PowerDnsWithDatabase;
  let member: MemberBackend;
  let dns: DnsClient;
  const open = (fields: Record<string, string> = {}): MemberBackend =>
    powerDnsApi.create(
      { url: server.url, apikey: API_KEY, server: 'localhost', dns_port: String(server.dns.port), ...fields },
      HERE,
    );
  beforeAll(async () => {
    server = await PowerDnsWithDatabase.start();
    dns = new DnsClient(server.dns, { timeout: 5_000 });
  });
  afterAll(async () => {
    dns.close();
    await server.end();
  });
  beforeEach(() => {
    member = open();
  });
  afterEach(() => member.close());

  /** Every RRset of a zone that DNS answers otherwise, but for what is below a cut or needs another question. */
  async function differences(name: string, text: string | Buffer): Promise<string[]> {
    const { records, origin } = parseZone(Buffer.from(text), zoneName(name));
    const cuts = records.filter(({ type, owner }) => type === TYPE.NS && lowerName(owner) !== origin);
    const sets = new Map<string, ResourceRecord[]>();
    for (const record of records) {
      const below = cuts.some(({ owner }) => lowerName(record.owner).endsWith(lowerName(owner)));
      const key = `${lowerName(record.owner)} ${record.type}`;
      if (!below) sets.set(key, [...(sets.get(key) ?? []), record]);
    }
    const found: string[] = [];
    for (const set of sets.values()) {
      const [{ owner, type }] = set as [ResourceRecord];
      const answer = await dns.query(owner, type);
      const shown = (all: readonly ResourceRecord[]): string =>
        JSON.stringify(all.map((one) => `${one.ttl} ${canonicalRdata(type, one.rdata)}`).sort());
      const theirs = answer.answer.filter((one) => one.type === type);
      if (shown(theirs) !== shown(set)) found.push(`${formatName(owner)} ${typeName(type)}`);
    }
    return found;
  }
  const expectServed = async (name: string, text: string | Buffer): Promise<void> =>
    expect(await differences(name, text), name).toEqual([]);

  test('200 hosting zones are created, edited and removed, and DNS answers every RRset of them each time', async () => {
    const zones = Array.from({ length: 200 }, (_, i) => hostingZone(i));
    const done = zones.map(({ name }) => ({ name, outcome: 'done' }));
    expect(await member.push(zones.map(({ name, text }) => upsert(name, text)))).toEqual(done);
    for (const { name, text } of zones) await expectServed(name, text);
    expect((await member.zoneList()).sort()).toEqual(zones.map(({ name }) => name).sort());
    const edited = zones.map(({ name }, i) => {
      const { text } = hostingZone(i, 'other', 2026010102);
      return { name, text: text.replace(/^ftp.*\n/m, '').replace('ns2.hosting', 'ns3.hosting') };
    });
    expect(await member.push(edited.map(({ name, text }) => upsert(name, text)))).toEqual(done);
    for (const { name, text } of edited) await expectServed(name, text);
    expect(await member.push(zones.map(({ name }) => remove(name)))).toEqual(done);
    expect(await member.zoneList()).toEqual([]);
    expect(
      (await dns.query(parseZone(Buffer.from(HEAD), zoneName('customer-1.example')).origin, TYPE.SOA)).answer,
    ).toEqual([]);
    expect(await member.push([remove('customer-1.example')])).toMatchObject([{ outcome: 'done' }]);
  });

  describe.each(readdirSync(TRICKY).filter((file) => file.endsWith('.zone') && file !== 'inc.zone'))(
    'the tricky zone %s',
    (file) => {
      test('is answered right, when it is new and when it replaces another, or refused with a reason', async () => {
        const text = readFileSync(join(TRICKY, file));
        const name = /\$ORIGIN +(\S+)\./i.exec(text.toString('latin1'))?.[1] ?? 'tricky.example';
        if (text.includes('$INCLUDE')) return;
        for (const before of [undefined, HEAD]) {
          if (before !== undefined)
            expect(await member.push([upsert(name, before)])).toMatchObject([{ outcome: 'done' }]);
          const [pushed] = await member.push([upsert(name, text)]);
          if (pushed?.outcome === 'done') await expectServed(name, text);
          else {
            expect(pushed?.reason, file).toMatch(/PowerDNS/);
            expect([file, REFUSED[file] ?? 'should not be refused'], pushed?.reason).toEqual([
              file,
              expect.stringContaining('it '),
            ]);
            if (before !== undefined) await expectServed(name, before);
          }
          await member.push([remove(name)]);
        }
      });
    },
  );

  test('an unchanged zone costs no write, and one changed RRset is all that is sent', async () => {
    await member.push([upsert(NAME, `${HEAD}www A 192.0.2.1\nwww A 192.0.2.2\n@ HTTPS 1 . alpn="h2,h3"\n`)]);
    const before = await server.api('GET', `/zones/${NAME}.`);
    expect(
      await member.push([upsert(NAME, `${HEAD}WWW A 192.0.2.2\nwww 600 IN A 192.0.2.1\n@ TYPE65 1 . alpn=h2,h3\n`)]),
    ).toMatchObject([{ outcome: 'done' }]);
    expect(await server.api('GET', `/zones/${NAME}.`)).toEqual(before);
    const changed = `${HEAD.replace(' 5 ', ' 6 ')}www A 192.0.2.3\n@ HTTPS 1 . alpn="h2"\n`;
    expect(await member.push([upsert(NAME, changed)])).toMatchObject([{ outcome: 'done' }]);
    await expectServed(NAME, changed);
  });

  test('two edits in a row are answered one after the other, and never neither', async () => {
    let [asked, wrong] = [0, 0];
    const edits = new AbortController();
    const { origin } = parseZone(Buffer.from(HEAD), NAME);
    await member.push([upsert(NAME, HEAD)]);
    const asking = (async () => {
      while (!edits.signal.aborted) {
        asked++;
        if ((await dns.query(origin, TYPE.SOA)).answer.length !== 1) wrong++;
      }
    })();
    for (let i = 10; i < 30; i++)
      await member.push([upsert(NAME, HEAD.replace(' 5 ', ` ${i} `) + `x${i} A 192.0.2.1\n`)]);
    edits.abort();
    await asking;
    expect(asked).toBeGreaterThan(20);
    expect(wrong).toBe(0);
    expect(await dns.soaSerial(origin)).toBe(29);
  });

  test('what somebody changed there by hand, or gave to PowerDNS to number, is set right', async () => {
    await member.push([upsert(NAME, HEAD)]);
    await server.api('PUT', `/zones/${NAME}.`, { soa_edit_api: 'INCEPTION-INCREMENT' });
    await server.api('PATCH', `/zones/${NAME}.`, {
      rrsets: [
        { name: 'ns1.a.example.', type: 'A', changetype: 'DELETE' },
        {
          name: 'hand.a.example.',
          type: 'A',
          ttl: 5,
          changetype: 'REPLACE',
          records: [{ content: '192.0.2.9', disabled: false }],
        },
        {
          name: 'off.a.example.',
          type: 'A',
          ttl: 5,
          changetype: 'REPLACE',
          records: [{ content: '192.0.2.9', disabled: true }],
        },
      ],
    });
    expect(await member.push([upsert(NAME, HEAD)])).toMatchObject([{ outcome: 'done' }]);
    await expectServed(NAME, HEAD);
    const { answer } = await server.api('GET', `/zones/${NAME}.`);
    expect(JSON.stringify(answer)).not.toMatch(/hand|off\.a/);
  });

  test('a zone that PowerDNS signs, or gets from elsewhere, is refused with what to do, and left alone', async () => {
    await server.api('POST', '/zones', {
      name: 'signed.example.',
      kind: 'Native',
      nameservers: ['ns1.signed.example.'],
      dnssec: true,
    });
    await server.api('POST', '/zones', { name: 'second.example.', kind: 'Slave', masters: ['192.0.2.1'] });
    expect(
      await member.push([upsert('signed.example', HEAD), upsert('second.example', HEAD), upsert(NAME, HEAD)]),
    ).toMatchObject([
      { outcome: 'refused', reason: expect.stringContaining('pdnsutil disable-dnssec signed.example') as string },
      { outcome: 'refused', reason: expect.stringContaining('is a Slave zone there') as string },
      { outcome: 'done' },
    ]);
    expect(await member.probe()).toMatchObject({ signedZones: ['signed.example'] });
    await server.api('DELETE', '/zones/signed.example.');
    await server.api('DELETE', '/zones/second.example.');
  });

  test('a zone with signatures is refused: the API can’t mark it as signed before', async () => {
    const signature = 'RRSIG A 8 3 600 20301010000000 20200101000000 1234 @ AAAA';
    const [pushed] = await member.push([upsert('pre.example', `${HEAD}ns1 ${signature}\n`)]);
    expect(pushed).toMatchObject({
      outcome: 'refused',
      reason: expect.stringContaining('carries signatures') as string,
    });
    expect(await member.zoneExists(zoneName('pre.example'))).toBe(false);
  });

  test('a reverse zone of less than a /24, with a slash in its name, comes and goes', async () => {
    const name = '0/26.2.0.192.in-addr.arpa';
    const text =
      '$TTL 600\n@ SOA ns1.a.example. h.a.example. 5 7200 900 604800 300\n@ NS ns1.a.example.\n1 PTR www.a.example.\n';
    expect(await member.push([upsert(name, text)])).toMatchObject([{ outcome: 'done' }]);
    await expectServed(name, text);
    expect(await member.push([upsert(name, text.replace('www', 'mail'))])).toMatchObject([{ outcome: 'done' }]);
    await expectServed(name, text.replace('www', 'mail'));
    await member.push([remove(name)]);
    expect(await member.zoneExists(zoneName(name))).toBe(false);
  });

  test('gives zones back as texts with the same digest', async () => {
    const { name, text } = hostingZone(3);
    await member.push([upsert(name, text)]);
    const texts = await member.zones([zoneName(name), zoneName('unknown.example')]);
    expect([...texts.keys()]).toEqual([name]);
    const { digest } = validateZone(zoneName(name), texts.get(zoneName(name)) ?? Buffer.from(''));
    expect(digest).toBe(validateZone(zoneName(name), Buffer.from(text)).digest);
    await member.push([remove(name)]);
  });

  test('its probe tells the version, and where it answers DNS is known', async () => {
    expect(await member.probe()).toEqual({ version: expect.stringMatching(/^4\./) as string, hostname: '127.0.0.1' });
    expect(member.dns).toEqual(server.dns);
  });

  test('a wrong key, a wrong server, and one that is down are told apart, and the push can be repeated', async () => {
    for (const [fields, failure, sentence] of [
      [{ apikey: 'wrong-key' }, 'refused', /refused us \(HTTP 401\)\. Check the API key/],
      [{ server: 'other' }, 'refused', /answered with HTTP 404/],
    ] as const) {
      const other = open(fields);
      const error = (await other.probe().catch((caught: unknown) => caught)) as Error;
      expect(error).toMatchObject({ failure, message: expect.stringMatching(sentence) as string });
      expect(error.message).not.toContain('wrong-key');
      await other.close();
    }
    await server.kill();
    await expect(member.push([upsert(NAME, HEAD), remove('b.example')])).rejects.toMatchObject({
      failure: 'unreachable',
    });
    await server.run();
    expect(await member.push([upsert(NAME, HEAD)])).toMatchObject([{ outcome: 'done' }]);
    await expectServed(NAME, HEAD);
  });

  test('as a member of a cluster: a change is seen in its DNS answers, and a server that signs is not let in', async () => {
    const web = await ClusterNode.start('web');
    try {
      await web.stop();
      web.memberTypes = [powerDnsApi];
      await web.start();
      const values = { url: server.url, apikey: API_KEY, dns_port: String(server.dns.port) };
      const input = { type: 'powerdns-api', role: 'write-only', values } as const;
      await server.api('POST', '/zones', {
        name: 'signed.example.',
        kind: 'Native',
        nameservers: ['ns1.signed.example.'],
        dnssec: true,
      });
      await expect(web.cluster.members.add(input, ROOT)).rejects.toMatchObject({ code: 'nameserver_signs_zones' });
      await server.api('DELETE', '/zones/signed.example.');
      const { version } = await web.cluster.members.add(input, ROOT);
      expect(version).toMatch(/^4\./);
      const { members } = await web.cluster.saveZone(zoneName('served.example'), zoneText(5), ROOT);
      expect(members).toMatchObject([{ state: 'served', serial: 5 }]);
      const removal = await web.cluster.removeZone(zoneName('served.example'), ROOT);
      expect(removal.members).toMatchObject([{ state: 'removed' }]);
    } finally {
      await web.end();
    }
  });

  test.each([
    [{ url: 'http://192.0.2.1:8081' }, /is not asked without TLS/],
    [{ url: 'ns3.example.net' }, /is no address of an API/],
    [{ dns_port: '0' }, /DNS port must be 1 to 65535/],
  ])('%j is refused when the member is added', (fields, sentence) => {
    expect(() => open(fields)).toThrow(sentence);
  });
});

/** Tricky zones that PowerDNS 4.7 can't take by its API, and why. */
const REFUSED: Readonly<Record<string, string>> = {
  '06-owner-escapes.zone': 'it takes no names with such characters',
  '22-aaaa-idn-case.zone': 'it takes IPv4 addresses in AAAA in new zones only',
};
