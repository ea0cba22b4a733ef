import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MemberError, type MemberBackend, type MemberChange } from '../../../src/members/member-backend.js';
import { softLayer } from '../../../src/members/hosted/softlayer.js';
import { vpsNet } from '../../../src/members/hosted/vpsnet.js';
import { HERE } from '../here.js';
import { validateZone } from '../../../src/zones/validation.js';
import { zoneName } from '../../../src/zones/zone-name.js';
import { ClusterNode } from '../../cluster/cluster-node.js';
import { ROOT } from '../../cluster/zone-texts.js';
import { hostingZone } from '../../hosting-zones.js';
import { KEY, USER } from './json-service.js';
import { SoftLayerService } from './softlayer-service.js';
import { VpsNetService } from './vpsnet-service.js';

const NAME = zoneName('a.example');
const HEAD =
  '$TTL 600\n@ SOA ns1.a.example. h.a.example. 5 7200 900 604800 300\n@ NS ns1.a.example.\nns1 A 192.0.2.53\n';

const upsert = (name: string, text: string): MemberChange => {
  const octets = Buffer.from(text);
  const { serial, digest } = validateZone(zoneName(name), octets);
  return { kind: 'upsert', name: zoneName(name), text: octets, serial, digest, isNew: true };
};
const remove = (name: string): MemberChange => ({ kind: 'remove', name: zoneName(name) });

/** What both services do with 50 hosting zones, and with what goes wrong. */
const KINDS = [
  {
    ...{ kind: 'SoftLayer', make: () => new SoftLayerService(), type: softLayer },
    base: (service: SoftLayerService | VpsNetService) => `${service.address}/rest/v3`,
    /** Of a hosting zone, without what the service can't hold: long text and CAA. */
    expected: (i: number, address: string) =>
      [
        `a @ 14400 ${address}`,
        `a mail 14400 ${address}`,
        'cname ftp 14400 customer-%.example.',
        'cname www 14400 customer-%.example.',
        'mx @ 14400 0 mail.customer-%.example.',
        'ns @ 14400 ns1.hosting.example.',
        'ns @ 14400 ns1.softlayer.com.',
        'ns @ 14400 ns2.hosting.example.',
        'ns @ 14400 ns2.softlayer.com.',
        'srv @ 14400 _autodiscover _tcp 0 0 443 mail.customer-%.example.',
        `txt @ 14400 v=spf1 +a +mx +ip4:${address} ~all`,
        'txt _dmarc 14400 v=DMARC1; p=none; rua=mailto:postmaster@customer-%.example',
      ].map((line) => line.replaceAll('%', String(i))),
    leftOut: [
      /^TXT default\._domainkey\..*: SoftLayer takes at most 255 characters$/,
      /^CAA .*: SoftLayer has no records of this type$/,
    ],
  },
  {
    ...{ kind: 'VPS.NET', make: () => new VpsNetService(), type: vpsNet },
    base: (service: SoftLayerService | VpsNetService) => service.address,
    expected: (i: number, address: string) =>
      [
        `a @ 14400 ${address}`,
        `a mail 14400 ${address}`,
        'cname ftp 14400 customer-%.example.',
        'cname www 14400 customer-%.example.',
        'mx @ 14400 0 mail.customer-%.example.',
        'ns @ 86400 ns1.hosting.example.',
        'ns @ 86400 ns2.hosting.example.',
        `txt @ 14400 v=spf1 +a +mx +ip4:${address} ~all`,
        'txt _dmarc 14400 v=DMARC1; p=none; rua=mailto:postmaster@customer-%.example',
      ].map((line) => line.replaceAll('%', String(i))),
    leftOut: [
      /^TXT default\._domainkey\..*: VPS\.NET takes at most 255 characters$/,
      /^CAA .*: VPS\.NET has no records of this type$/,
      /^SRV .*: VPS\.NET has no records of this type$/,
    ],
  },
] as const;

describe.each(KINDS)('a member at $kind', ({ make, type, base, expected, leftOut }) => {
  let service: SoftLayerService | VpsNetService;
  let member: MemberBackend;
  const open = (fields: Record<string, string> = {}): MemberBackend =>
    type.create({ username: USER, apikey: KEY, ns_config: 'default', baseurl: base(service), ...fields }, HERE);
  beforeEach(async () => {
    service = make();
    await service.start();
    member = open();
  });
  afterEach(async () => {
    await member.close();
    await service.stop();
  });
  const ipv4 = (text: string): string => /\tIN\tA\t(\S+)/.exec(text)?.[1] ?? '';
  const held = (name: string): string[] => service.holdings(name).filter((line) => !line.startsWith('soa '));
  /** The AAAA record of a hosting zone, its address in its usual spelling. */
  const aaaa = (text: string): string => {
    const address = /\tIN\tAAAA\t(\S+)/.exec(text)?.[1] ?? '';
    return `aaaa @ 14400 ${new URL(`http://[${address}]`).hostname.slice(1, -1)}`;
  };

  test('50 zones are created, edited and removed, and hold what ours hold each time; what can’t be held is listed', async () => {
    const zones = Array.from({ length: 50 }, (_, i) => hostingZone(i));
    const pushed = await member.push(zones.map(({ name, text }) => upsert(name, text)));
    expect(new Set(pushed.map(({ outcome }) => outcome))).toEqual(new Set(['done']));
    for (const { leftOut: said = [] } of pushed) {
      expect(said).toHaveLength(leftOut.length);
      for (const pattern of leftOut) expect(said).toContainEqual(expect.stringMatching(pattern));
    }
    zones.forEach(({ name, text }, i) => expect(held(name)).toEqual([aaaa(text), ...expected(i, ipv4(text))].sort()));
    expect((await member.zoneList()).sort()).toEqual(zones.map(({ name }) => name).sort());

    // Other addresses, and two names less.
    const edited = zones.map(({ name, text }) => ({
      name,
      text: text.replaceAll(ipv4(text), '203.0.113.9').replace(/^(ftp|_dmarc).*\n/gm, ''),
    }));
    const again = await member.push(edited.map(({ name, text }) => upsert(name, text)));
    expect(again.every(({ outcome }) => outcome === 'done')).toBe(true);
    edited.forEach(({ name, text }, i) => {
      const lines = [aaaa(text), ...expected(i, '203.0.113.9')].filter(
        (line) => !/^(cname ftp|txt _dmarc) /.test(line),
      );
      expect(held(name)).toEqual(lines.sort());
    });

    const removed = await member.push(zones.map(({ name }) => remove(name)));
    expect(removed.every(({ outcome }) => outcome === 'done')).toBe(true);
    expect(await member.zoneList()).toEqual([]);
    expect(await member.push([remove('customer-1.example')])).toMatchObject([{ outcome: 'done' }]);
  });

  test('nothing is written where nothing changed', async () => {
    const { name, text } = hostingZone(7);
    await member.push([upsert(name, text)]);
    const { writes } = service;
    await member.push([upsert(name, text.replace('2026010101', '2026010109'))]);
    expect(service.writes).toBe(writes);
  });

  test('gives a zone back as a text that holds the same', async () => {
    await member.push([
      upsert(NAME, `${HEAD}www CNAME @\n@ MX 5 mx.other.example.\n@ TXT "two " "strings; \\"quoted\\""\n`),
    ]);
    const texts = await member.zones([NAME, zoneName('unknown.example')]);
    expect([...texts.keys()]).toEqual([NAME]);
    const text = texts.get(NAME)?.toString() ?? '';
    expect(validateZone(NAME, Buffer.from(text)).warnings).toEqual([]);
    expect(text).toMatch(/www\.a\.example\.\s+600\s+IN\s+CNAME\s+a\.example\./);
    expect(text).toMatch(/MX\s+5 mx\.other\.example\./);
    expect(text).toMatch(/TXT\s+"two strings; \\"quoted\\""/);
    expect([await member.zoneExists(NAME), await member.zoneExists(zoneName('b.example'))]).toEqual([true, false]);
  });

  test('a name that becomes a CNAME, and one that was one, change places', async () => {
    await member.push([upsert(NAME, `${HEAD}x A 192.0.2.1\nx TXT "t"\ny CNAME @\n`)]);
    await member.push([upsert(NAME, `${HEAD}x CNAME @\ny A 192.0.2.1\ny A 192.0.2.2\n`)]);
    expect(held(NAME).filter((line) => / [xy] /.test(line))).toEqual([
      'a y 600 192.0.2.1',
      'a y 600 192.0.2.2',
      'cname x 600 a.example.',
    ]);
  });

  test.each(['default', 'ensure', 'force'])('NS records: %s', async (choice) => {
    await member.close();
    member = open({ ns_config: choice });
    await member.push([upsert(NAME, HEAD)]);
    const servers = held(NAME).flatMap((line) => /^ns @ \d+ (.*)$/.exec(line)?.[1] ?? []);
    const ours = servers.filter((server) => server === 'ns1.a.example.');
    const theirs = servers.filter((server) => server !== 'ns1.a.example.');
    expect(ours).toHaveLength(choice === 'force' ? 0 : 1);
    // SoftLayer keeps its own, whatever is chosen.
    expect(theirs).toHaveLength(choice === 'default' && service instanceof VpsNetService ? 0 : 2);
  });

  test('a busy service is asked again, as late as it wants', async () => {
    service.mishap = { status: 429, headers: { 'retry-after': '1' }, times: 1 };
    const start = performance.now();
    await member.push([upsert(NAME, HEAD)]);
    expect(performance.now() - start).toBeGreaterThan(950);
    expect(held(NAME)).toContain('a ns1 600 192.0.2.53');
  });

  test('a service that stays busy fails the push as a whole, soon where it wants a long pause', async () => {
    service.mishap = { status: 503, headers: { 'retry-after': '3600' }, times: 100 };
    await expect(member.push([upsert(NAME, HEAD), remove('b.example')])).rejects.toMatchObject({
      failure: 'unreachable',
      message: expect.stringContaining('answered with HTTP 503: Something went wrong.') as string,
    });
  });

  test('wrong credentials are refused with what to check, and no secret in the sentence', async () => {
    await member.close();
    member = open({ apikey: 'another-secret' });
    const error = await member.probe().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(MemberError);
    expect(error).toMatchObject({
      failure: 'refused',
      message: expect.stringMatching(/refused us \(HTTP 40[16]\)\. Check the/) as string,
    });
    await expect(member.push([upsert(NAME, HEAD)])).rejects.toMatchObject({ failure: 'refused' });
    expect(String(error)).not.toContain('another-secret');
  });

  test('what the service says back of the key stands in no sentence', async () => {
    const basic = Buffer.from(`${USER}:${KEY}`).toString('base64');
    service.mishap = { status: 500, body: { error: `you sent ${KEY} and Basic ${basic}` }, method: 'POST', times: 100 };
    const [pushed] = await member.push([upsert(NAME, HEAD)]);
    expect(pushed).toMatchObject({
      outcome: 'refused',
      reason: expect.stringContaining('you sent [secret]') as string,
    });
    expect(pushed?.reason).not.toContain(KEY);
    expect(pushed?.reason).not.toContain(basic);
  });

  test('a zone that is refused there does not stop the others', async () => {
    await member.push(['a', 'b', 'c'].map((label) => upsert(`${label}.example`, HEAD)));
    const id = [...service.zones.values()].find(({ name }) => name === 'b.example')?.id ?? 0;
    service.mishap = { status: 500, path: new RegExp(`/${id}/`), times: 100 };
    const pushed = await member.push(
      ['a', 'b', 'c'].map((label) => upsert(`${label}.example`, `${HEAD}new A 192.0.2.8\n`)),
    );
    expect(pushed.map(({ outcome }) => outcome)).toEqual(['done', 'refused', 'done']);
    expect(held('c.example')).toContain('a new 600 192.0.2.8');
  });

  test('a service that is not there, or answers nonsense, is said to be so', async () => {
    service.mishap = { status: 200, body: { some: 'thing' }, times: 100 };
    await expect(member.push([upsert(NAME, HEAD)])).rejects.toMatchObject({ failure: 'invalid_answer' });
    await service.stop();
    await expect(member.push([upsert(NAME, HEAD)])).rejects.toMatchObject({ failure: 'unreachable' });
    await service.start();
  });

  test('its probe proves the credentials and names the service’s host', async () => {
    expect(await member.probe()).toEqual({ version: '', hostname: '127.0.0.1' });
  });

  test.each(['http://api.example.net', 'ftp://127.0.0.1', 'nonsense', 'https://user:pw@api.example.net'])(
    'an address %s is refused',
    (baseurl) => {
      expect(() => open({ baseurl })).toThrow(/is not asked without TLS|is no address of an API/);
    },
  );
});

describe('SoftLayer', () => {
  let service: SoftLayerService;
  let member: MemberBackend;
  beforeEach(async () => {
    service = new SoftLayerService();
    await service.start();
    member = softLayer.create({ username: USER, apikey: KEY, ns_config: 'default', baseurl: service.base }, HERE);
  });
  afterEach(async () => {
    await member.close();
    await service.stop();
  });

  test('a zone of 1,000 records and a list of 450 zones come in pages', async () => {
    const lines = Array.from({ length: 1_000 }, (_, i) => `h${i} A 198.51.${i >> 8}.${i & 255}\n`).join('');
    await member.push([upsert(NAME, HEAD + lines)]);
    expect(service.holdings(NAME)).toHaveLength(1_005);
    for (let i = 0; i < 450; i++) {
      await fetch(`${service.base}/SoftLayer_Dns_Domain/createObject.json`, {
        method: 'POST',
        headers: {
          authorization: `Basic ${Buffer.from(`${USER}:${KEY}`).toString('base64')}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify({ parameters: [{ name: `p${i}.example` }] }),
      });
    }
    expect(await member.zoneList()).toHaveLength(451);
    expect(service.calls.filter((call) => call.endsWith('/Domains.json'))).toHaveLength(3);
  });

  test('one changed record is one call, and the numbers of the SOA follow', async () => {
    await member.push([upsert(NAME, HEAD)]);
    service.calls.length = 0;
    await member.push([upsert(NAME, HEAD.replace('192.0.2.53', '192.0.2.54'))]);
    expect(service.calls.filter((call) => call.startsWith('PUT'))).toHaveLength(1);
    expect(service.writes).toBe(1);
    expect(service.holdings(NAME).find((line) => line.startsWith('soa'))).toBeDefined();
    const soa = [...service.records.values()].find(({ type }) => type === 'soa');
    expect(soa).toMatchObject({
      refresh: 7200,
      retry: 900,
      expire: 604_800,
      minimum: 300,
      responsiblePerson: 'h.a.example.',
    });
  });

  test('a record whose creation was answered with an error, though it was made, is there once in the end', async () => {
    service.mishap = { status: 500, method: 'POST', path: /ResourceRecord\.json/, times: 1, after: true };
    expect(await member.push([upsert(NAME, HEAD)])).toMatchObject([{ outcome: 'refused' }]);
    expect(await member.push([upsert(NAME, HEAD)])).toMatchObject([{ outcome: 'done' }]);
    expect(service.holdings(NAME).filter((line) => line.includes('192.0.2.53'))).toHaveLength(1);
  });

  test('a zone whose name only begins as another’s is another zone', async () => {
    await member.push([upsert('a.example.com', HEAD.replaceAll('a.example', 'a.example.com'))]);
    expect(await member.zoneExists(NAME)).toBe(false);
    await member.push([upsert(NAME, HEAD), remove('a.example')]);
    expect(await member.zoneExists(zoneName('a.example.com'))).toBe(true);
  });

  test.each([
    ['sip SRV 0 0 5060 mail', /does not begin with _SERVICE\._PROTOCOL/],
    [`${'n'.repeat(51)} A 192.0.2.1`, /names of at most 50 characters/],
    ['sec DS 1 8 2 00000000000000000000000000000000000000000000000000000000000000AA', /no records of this type/],
    ['odd TXT "caf\\195\\169"', /characters that the service can not hold/],
    ['s\\@d A 192.0.2.1', /its name has characters/],
  ])('%s is left out, and said so; the rest of its zone is there', async (line, reason) => {
    const [pushed] = await member.push([upsert(NAME, `${HEAD}${line}\n`)]);
    expect(pushed).toMatchObject({ outcome: 'done', leftOut: [expect.stringMatching(reason) as string] });
    expect(service.holdings(NAME)).toContain('a ns1 600 192.0.2.53');
  });

  test('both styles of its addresses mean the same', async () => {
    await member.push([upsert(NAME, HEAD)]);
    const headers = { authorization: `Basic ${Buffer.from(`${USER}:${KEY}`).toString('base64')}` };
    const get = async (path: string): Promise<unknown> => (await fetch(`${service.base}/${path}`, { headers })).json();
    const [{ id }] = (await get('SoftLayer_Dns_Domain/getByDomainName/a.example.json')) as [{ id: number }];
    const records = (await get(`SoftLayer_Dns_Domain/${id}/getResourceRecords.json`)) as { id: number; host: string }[];
    expect(records).toEqual(await get(`SoftLayer_Dns_Domain/${id}/ResourceRecords.json`));
    const ns1 = records.find(({ host }) => host === 'ns1');
    expect(await get(`SoftLayer_Dns_Domain_ResourceRecord/${ns1?.id}/deleteObject.json`)).toBe(true);
    await member.push([upsert(NAME, HEAD)]);
    expect(service.holdings(NAME)).toContain('a ns1 600 192.0.2.53');
    expect(await get(`SoftLayer_Dns_Domain/${id}/deleteObject.json`)).toBe(true);
    expect(await member.zoneList()).toEqual([]);
  });
});

test('VPS.NET: a zone that was made though the answer was `false` is found, and keeps its SOA', async () => {
  const service = new VpsNetService();
  service.answersFalse = true;
  await service.start();
  const member = vpsNet.create({ username: USER, apikey: KEY, baseurl: service.address }, HERE);
  expect(await member.push([upsert(NAME, HEAD)])).toMatchObject([{ outcome: 'done' }]);
  expect(service.soaOf(NAME)?.data).toContain('dns1.vps.net.');
  await member.close();
  await service.stop();
});

test('in a cluster, the row of a hosted service names the records that it can’t hold', async () => {
  const service = new SoftLayerService();
  await service.start();
  const web = await ClusterNode.start('web');
  try {
    await web.stop();
    web.memberTypes = [softLayer];
    await web.start();
    const values = { username: USER, apikey: KEY, baseurl: service.base };
    await web.cluster.members.add({ type: 'softlayer', role: 'write-only', values }, ROOT);
    const { name, text } = hostingZone(1);
    const { members } = await web.cluster.saveZone(zoneName(name), Buffer.from(text), ROOT);
    const leftOut = expect.stringMatching(
      /Left out: .*CAA customer-1\.example\.: SoftLayer has no records of this type/,
    ) as string;
    expect(members).toMatchObject([{ state: 'acknowledged', reason: leftOut }]);
    expect(JSON.stringify(web.cluster.members.list(ROOT))).toContain(
      'CAA customer-1.example.: SoftLayer has no records of this type',
    );
    expect(JSON.stringify([web.cluster.members.list(ROOT), await web.cluster.status(ROOT)])).not.toContain(KEY);
  } finally {
    await web.end();
    await service.stop();
  }
});
