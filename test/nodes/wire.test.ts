import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SELF } from '../../src/access/principal.js';
import { Cluster } from '../../src/cluster/cluster.js';
import { parseName } from '../../src/dns/name.js';
import { DnsClient } from '../../src/dns/messages/query.js';
import { TYPE } from '../../src/dns/types.js';
import { percentEncode } from '../../src/wire-format/percent.js';
import { cpanel } from '../../src/members/cpanel/cpanel-type.js';
import { EmbeddedNameserver } from '../../src/nameservers/embedded/embedded.js';
import { createLog } from '../../src/operations/log.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { NO_AUDIT, NO_TOKENS } from '../cluster/cluster-node.js';
import { ApiServer, readAnswer } from '../web/api-server.js';

/* What a peer of the original asks for over a socket is what the nameserver then answers over DNS. */
const log = createLog({ level: 'silent' });
const REFUSED = 5;
const MIB = 1024 * 1024;

let folder: string;
let nameserver: EmbeddedNameserver;
let cluster: Cluster;
let server: ApiServer;
let dns: DnsClient;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wire-node-'));
  nameserver = new EmbeddedNameserver({ listen: [{ host: '127.0.0.1', port: 0 }], version: '0', log });
  cluster = await Cluster.start({
    folder,
    log,
    nameserver,
    memberTypes: [cpanel],
    tokens: NO_TOKENS,
    audit: NO_AUDIT,
    own: { hostname: 'ns1.example.net', apiPort: undefined, fingerprint: undefined },
  });
  server = await ApiServer.start(cluster);
  dns = new DnsClient(nameserver.dns);
});
afterEach(async () => {
  dns.close();
  await server.stop();
  await cluster.stop();
  rmSync(folder, { recursive: true, force: true });
});

const zoneText = (serial: number, address: string): string =>
  `; kept as it is: \u00e9\n$TTL 60\n@ SOA ns1.example.net. h.example.net. ${serial} 3600 900 1209600 60\n@ NS ns1.example.net.\nwww A ${address}\n`;
const form = (fields: Record<string, string>): string =>
  Object.entries(fields)
    .map(([key, value]) => `${key}=${percentEncode(Buffer.from(value)).toString()}`)
    .join('&');

/** What the nameserver says for an address: the address, or the rcode. */
async function address(name: string): Promise<string | number> {
  const { rcode, answer, aa } = await dns.query(parseName(`${name}.`), TYPE.A);
  if (rcode !== 0 || !aa) return rcode;
  return [...Buffer.from(answer[0]?.rdata ?? '', 'latin1')].join('.');
}
const serial = (zone: string): Promise<number | undefined> => dns.soaSerial(parseName(`${zone}.`));

async function say(call: string, fields: Record<string, string>): Promise<string> {
  const { status, body } = await server.call(call, form(fields));
  expect([call, status, status === 200 ? '' : body.toString()]).toEqual([call, 200, '']);
  return body.toString();
}

describe('what a peer sends', () => {
  test('is served when it is answered: saved, edited, refused, removed', async () => {
    const zone = 'a.example';
    expect(await address('www.a.example')).toBe(REFUSED);
    expect(await say('zoneexists_local', { zone })).toBe('0');
    expect(await say('quickzoneadd_local', { zone, zonedata: zoneText(10, '192.0.2.1') })).toMatch(
      /Zone \S+ has been successfully added/im,
    );
    expect(await address('www.a.example')).toBe('192.0.2.1');
    await say('savezone_local', { zone, zonedata: zoneText(11, '192.0.2.2') });
    expect([await address('www.a.example'), await serial(zone)]).toEqual(['192.0.2.2', 11]);
    expect(await say('getzone_local', { zone })).toBe(zoneText(11, '192.0.2.2'));

    const refused = await server.call(
      'savezone_local',
      form({ zone, zonedata: `${zoneText(12, '192.0.2.3')}x A 1.2` }),
    );
    expect([refused.status, refused.body.toString()]).toEqual([422, expect.stringMatching(/^a\.example:6:5: /)]);
    expect([await address('www.a.example'), await serial(zone)]).toEqual(['192.0.2.2', 11]);

    for (let i = 0; i < 2; i++) {
      expect(await say('removezone_local', { zone })).toBe('a.example => deleted from ns1.example.net.\n');
      expect(await address('www.a.example')).toBe(REFUSED);
    }
    expect(await say('getzone_local', { zone })).toBe('');
  });

  test('never takes a serial back: the answer says to which it was lifted', async () => {
    const zone = 'a.example';
    await say('savezone_local', { zone, zonedata: zoneText(100, '192.0.2.1') });
    const lines = await say('savezone_local', { zone, zonedata: zoneText(5, '192.0.2.9') });
    expect(lines).toMatch(/^a\.example => saved, serial 101, digest [0-9a-f]{64}$/m);
    expect([await address('www.a.example'), await serial(zone)]).toEqual(['192.0.2.9', 101]);
    expect(await say('getzone_local', { zone })).toBe(zoneText(101, '192.0.2.9'));
  });

  test('in one bundle is served as a whole but for what is broken, and goes as a list', async () => {
    const zones = Array.from({ length: 300 }, (_, i) => `z${i}.example`);
    const good = zones.map((zone, i) => `cpdnszone-${zone}=${encodeURIComponent(zoneText(1, `192.0.2.${i % 250}`))}&`);
    const bundle = `${good.join('')}cpdnszone-bad.example=broken&cpdnszone-empty.example=&dnsuniqid=abc_1`;
    const answer = await server.call('synczones_local', bundle);
    expect(answer.status).toBe(200);
    expect(answer.body.toString()).toMatch(/^bad\.example => refused: bad\.example:1:/m);
    const served = await Promise.all(zones.map((zone) => address(`www.${zone}`)));
    expect(served).toEqual(zones.map((_, i) => `192.0.2.${i % 250}`));
    expect((await say('getzonelist_local', {})).split('\n')).toHaveLength(301);
    const all = await say('getallzones_local', { keys: '1' });
    expect(all.match(/cpdnszone-z\d+\.example=/g)).toHaveLength(300);
    const removed = await say('removezones_local', { zones: `${zones.join(',')},unknown.example` });
    expect(removed.split('\n')).toHaveLength(302);
    expect(new Set(await Promise.all(zones.map((zone) => address(`www.${zone}`))))).toEqual(new Set([REFUSED]));
  });

  test.each([
    ['reloadbind_local', { zone: 'a.example' }],
    ['reloadbind_local', { zone: '' }],
    ['reloadzones_local', { zone: 'unknown.example,a.example' }],
    ['addzoneconf_local', { zone: 'a.example' }],
  ])('%s %j brings back what the nameserver lost', async (call, fields) => {
    await say('savezone_local', { zone: 'a.example', zonedata: zoneText(1, '192.0.2.1') });
    await nameserver.apply([{ kind: 'remove', name: zoneName('a.example') }]);
    expect(await address('www.a.example')).toBe(REFUSED);
    await say(call, fields);
    expect(await address('www.a.example')).toBe('192.0.2.1');
  });

  test('at once by many leaves the one that was answered last, on disk as in DNS', async () => {
    const zone = 'a.example';
    await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        say('savezone_local', { zone, zonedata: zoneText(i + 1, `192.0.2.${i + 1}`) }),
      ),
    );
    const entry = cluster.zones.get(zoneName(zone), SELF);
    expect(await serial(zone)).toBe(entry?.serial);
    expect(await say('getzone_local', { zone })).toContain(String(await address('www.a.example')));
  });
});

test('a bundle of 75 MB, and then 100 MB that are refused, leave memory as it was', async () => {
  const filler = `; ${'x'.repeat(97)}\n`.repeat(280);
  function* bundle(): Generator<Buffer> {
    for (let i = 0; i < 2_500; i++) {
      const text = percentEncode(Buffer.from(zoneText(1, '192.0.2.1') + filler)).toString('latin1');
      yield Buffer.from(`cpdnszone-z${i}.example=${text}&`);
    }
  }
  let length = 0;
  for (const part of bundle()) length += part.length;
  expect(length).toBeGreaterThan(70 * MIB);
  const before = process.memoryUsage().rss;
  let most = 0;
  const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 20);
  const send = async (octets: number, parts: Iterable<Buffer>): Promise<[number, string]> => {
    const socket = await server.connect();
    const answer = readAnswer(socket);
    socket.write(
      `POST /scripts2/synczones_local HTTP/1.1\r\nHost: x\r\nAuthorization: whm root:${server.secret}\r\nContent-Length: ${octets}\r\n\r\n`,
    );
    const answered = answer.then(() => 'answered');
    for (const part of parts) {
      if (socket.write(part)) continue;
      // Its listener goes with its wait: an answer may come long before the body is through.
      const waiting = new AbortController();
      const first = await Promise.race([once(socket, 'drain', { signal: waiting.signal }), answered]);
      waiting.abort();
      if (first === 'answered') break;
    }
    const { status, body } = await answer;
    socket.destroy();
    return [status, body.toString()];
  };
  const [status, lines] = await send(length, bundle());
  expect([status, lines.match(/ => saved, /g)?.length]).toEqual([200, 2_500]);
  expect(await address('www.z2499.example')).toBe('192.0.2.1');
  const chunk = Buffer.alloc(MIB, 0x61);
  const [refused, sentence] = await send(100 * MIB, Array<Buffer>(100).fill(chunk));
  clearInterval(watch);
  expect([refused, sentence]).toEqual([413, expect.stringMatching(/larger than \d+ bytes/)]);
  expect(most - before).toBeLessThan(200 * MIB);
});
