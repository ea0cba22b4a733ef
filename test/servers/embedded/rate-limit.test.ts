import { createSocket } from 'node:dgram';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decodeMessage } from '../../../src/dns/messages/message.js';
import { parseName } from '../../../src/dns/name.js';
import { TYPE } from '../../../src/dns/types.js';
import type { EmbeddedNameserver } from '../../../src/nameservers/embedded/embedded.js';
import { RateLimit, type Counted } from '../../../src/nameservers/embedded/rate-limit.js';
import { embeddedSettings } from '../../../src/nameservers/embedded/settings.js';
import type { DnsAddress } from '../../../src/nameservers/nameserver.js';
import { createLog } from '../../../src/operations/log.js';
import { needs } from '../../needs.js';
import { query } from '../../query.js';
import { startNamed, type PrivateNamed } from '../private-named.js';
import { octetsOf } from './compare-servers.js';
import { parsedUpsert, startEmbedded, zoneText } from './embedded-server.js';

const log = createLog({ level: 'silent' });

describe('the rate limit', () => {
  const { rateLimit } = embeddedSettings.parse({ rateLimit: { responsesPerSecond: 2, window: 5 } });
  const soa: Counted = { kind: TYPE.SOA, owner: parseName('a.example.') };
  let now = 0;
  const limit = new RateLimit(rateLimit, ['192.0.2.53'], log, () => now);
  const ask = (times: number, address: string, counted = soa): string[] =>
    Array.from({ length: times }, () => limit.judge(address, counted));

  test('sends so many a second, then slips each second one', () => {
    expect(ask(6, '198.51.100.1')).toEqual(['send', 'send', 'slip', 'drop', 'slip', 'drop']);
  });

  test('counts a network together, and each name, type and kind by itself', () => {
    expect(ask(1, '198.51.100.2')).toEqual(['slip']);
    expect(ask(1, '198.51.101.2')).toEqual(['send']);
    expect(ask(1, '198.51.100.1', { ...soa, kind: TYPE.A })).toEqual(['send']);
    expect(ask(1, '198.51.100.1', { ...soa, kind: 'nodata' })).toEqual(['send']);
    expect(ask(1, '198.51.100.1', { ...soa, owner: parseName('b.example.') })).toEqual(['send']);
    expect(ask(3, '2001:db8:0:10::1')).toEqual(['send', 'send', 'slip']);
    expect(ask(1, '2001:db8:0:1f::2')).toEqual(['drop']);
    expect(ask(1, '2001:db8:0:100::1')).toEqual(['send']);
  });

  test('holds what was too much against a network, for the window at most', () => {
    now = 1; // five too many at two a second
    expect(ask(1, '198.51.100.1')).not.toEqual(['send']);
    now = 1 + 6;
    expect(ask(3, '198.51.100.1')).toEqual(['send', 'send', 'slip']);
    ask(1_000, '198.51.100.1');
    now += 5;
    expect(ask(1, '198.51.100.1')).not.toEqual(['send']);
    now += 6;
    expect(ask(1, '198.51.100.1')).toEqual(['send']);
  });

  test('never limits who is exempt, nor this server itself', () => {
    expect(new Set(ask(100, '127.0.0.9'))).toEqual(new Set(['send']));
    expect(new Set(ask(100, '::1'))).toEqual(new Set(['send']));
    expect(new Set(ask(100, '192.0.2.53'))).toEqual(new Set(['send']));
  });

  test('limits nothing where the rate is 0', () => {
    const none = new RateLimit({ ...rateLimit, responsesPerSecond: 0 }, [], log);
    for (let i = 0; i < 100; i++) expect(none.judge('198.51.100.1', soa)).toBe('send');
  });
});

const ZONE = zoneText(1, 'www 60 A 192.0.2.80\n*.wild 60 A 192.0.2.81\nsub 60 NS ns.elsewhere.invalid.\n');
const PER_SECOND = 5;
const LOOPBACK = '127.0.0.3'; // not where the servers listen: the embedded one never limits itself

/** What becomes of these questions, sent at once from one address: answers as they are, truncated ones, none. */
async function flood({ host, port }: DnsAddress, names: string[], type: number = TYPE.A): Promise<object> {
  const socket = createSocket('udp4');
  let [full, truncated] = [0, 0];
  socket.on('message', (octets) => (decodeMessage(octets).tc ? truncated++ : full++));
  await new Promise<void>((resolve) => socket.bind(0, LOOPBACK, resolve));
  for (const name of names)
    socket.send(octetsOf({ questions: [{ name: parseName(name), type, class: 1 }] }), port, host);
  await delay(500);
  socket.close();
  return { full, truncated, none: names.length - full - truncated };
}

describe.skipIf(!needs('named'))('response-rate limiting beside BIND', () => {
  let bind: PrivateNamed;
  let embedded: EmbeddedNameserver;
  beforeEach(async () => {
    bind = await startNamed(
      { 'rate.example': ZONE },
      `rate-limit { responses-per-second ${PER_SECOND}; window 15; slip 2; };`,
    );
    const rateLimit = { responsesPerSecond: PER_SECOND, exemptClients: [] };
    embedded = await startEmbedded({ settings: { rateLimit } });
    await embedded.apply([{ ...parsedUpsert('rate.example', 1, ZONE.split('\n').slice(3).join('\n')) }]);
  });
  afterEach(async () => {
    await embedded.stop();
    await bind.stop();
  });

  const many = (prefix: string): string[] =>
    Array.from({ length: 25 }, (_, i) => `${prefix.replace('%', String(i))}.rate.example.`);
  test.each([
    ['one name', many('www'), TYPE.A],
    ['names under one wildcard', many('x%.wild'), TYPE.A],
    ['names that do not exist', many('no%'), TYPE.A],
    ['names below one delegation', many('x%.sub'), TYPE.A],
    ['a type that is not there', many('www'), TYPE.MX],
  ])('counts the answers for %s together, as BIND does', async (_what, names, type) => {
    // A second may begin in between, and bring as many again.
    const expected = [PER_SECOND, 2 * PER_SECOND].map((full) => {
      const beyond = names.length - full;
      return { full, truncated: Math.ceil(beyond / 2), none: Math.floor(beyond / 2) };
    });
    expect(expected).toContainEqual(await flood(bind, names, type));
    expect(expected).toContainEqual(await flood(embedded.dns, names, type));
  });

  test('counts different names by themselves, and all of them are answered', async () => {
    const names = ['rate.example.', 'ns.rate.example.', 'www.rate.example.'].flatMap((name) => [name, name, name]);
    expect(await flood(bind, names)).toMatchObject({ truncated: 0, none: 0 });
    expect(await flood(embedded.dns, names)).toMatchObject({ truncated: 0, none: 0 });
  });

  test('answers over TCP whoever is limited, and itself over UDP', async () => {
    await flood(embedded.dns, many('www'));
    const name = parseName('www.rate.example.');
    for (let i = 0; i < 30; i++) {
      expect((await query(embedded.dns, name, TYPE.A, { tcp: true })).answer).toHaveLength(1);
      expect((await query(embedded.dns, name, TYPE.A)).tc).toBe(false);
    }
  });

  test('limits refusals, too', async () => {
    const strangers = Array.from({ length: 25 }, (_, i) => `stranger${i}.invalid.`);
    expect(await flood(embedded.dns, strangers)).not.toMatchObject({ full: 25 });
    expect(await flood(bind, strangers)).not.toMatchObject({ full: 25 });
  });
});
