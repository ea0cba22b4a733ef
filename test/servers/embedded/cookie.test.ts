import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeMessage, RCODE, type DnsMessage } from '../../../src/dns/messages/message.js';
import { parseName } from '../../../src/dns/name.js';
import { TYPE } from '../../../src/dns/types.js';
import type { EmbeddedNameserver } from '../../../src/nameservers/embedded/embedded.js';
import type { DnsAddress } from '../../../src/nameservers/nameserver.js';
import { needs } from '../../needs.js';
import { startNamed, type PrivateNamed } from '../private-named.js';
import { exchange, octetsOf } from './compare-servers.js';
import { parsedUpsert, startEmbedded, zoneText } from './embedded-server.js';

const SECRET = 'e5e973e5a6b2a43f48e7dc849e37bfcf';
const LOOPBACK = '127.0.0.3'; // not where the servers listen: the embedded one never limits itself
const soaOf = { name: parseName('a.example.'), type: TYPE.SOA, class: 1 };
const edns = (options: string): DnsMessage['edns'] & object => ({
  udpSize: 1232,
  version: 0,
  dnssecOk: false,
  options,
});
const cookie = (data: string): string => `\0\x0a\0${String.fromCharCode(data.length)}${data}`;
const asking = (data: string, more: Partial<DnsMessage> = {}): Buffer =>
  octetsOf({ questions: [soaOf], edns: edns(cookie(data)), ...more });

describe.skipIf(!needs('named', 'dig'))('DNS cookies beside BIND', () => {
  let bind: PrivateNamed;
  let embedded: EmbeddedNameserver;
  beforeAll(async () => {
    const named = `cookie-secret "${SECRET}"; rate-limit { responses-per-second 5; slip 1; exempt-clients { 127.0.0.1; }; };`;
    bind = await startNamed({ 'a.example': zoneText(1) }, named);
    const rateLimit = { responsesPerSecond: 5, slip: 1, exemptClients: [] };
    embedded = await startEmbedded({ settings: { rateLimit, cookieSecrets: [SECRET] } });
    await embedded.apply([parsedUpsert('a.example', 1)]);
  });
  afterAll(async () => {
    await embedded.stop();
    await bind.stop();
  });

  /** What an answer says of cookies, but for the time and the hash over it. */
  const seen = (answer: DnsMessage | undefined): object => ({
    rcode: answer?.rcode,
    aa: answer?.aa,
    answers: answer?.answer.length,
    asked: answer?.questions,
    head: answer?.edns?.options.slice(0, 16),
    length: answer?.edns?.options.length,
  });

  test.each([
    ['a client cookie', asking('12345678')],
    ['a server cookie that is not ours', asking('1'.repeat(24))],
    ['a server cookie of 32 octets', asking('1'.repeat(40))],
    ['two cookies', octetsOf({ questions: [soaOf], edns: edns(cookie('11111111') + cookie('22222222')) })],
    ['a cookie and no question', asking('12345678', { questions: [] })],
    ['a cookie and an opcode that is none', asking('12345678', { opcode: 2 })],
    ['a cookie and a zone that is not here', asking('12345678', { questions: [{ ...soaOf, name: parseName('b.') }] })],
    ['a cookie and EDNS version 1', asking('12345678', { edns: { ...edns(cookie('12345678')), version: 1 } })],
  ])('answers %s as BIND does', async (_what, octets) => {
    expect(seen(await exchange(embedded.dns, octets))).toEqual(seen(await exchange(bind, octets)));
  });

  test('refuses cookies of wrong lengths as BIND does', async () => {
    for (const length of [0, 7, 9, 15, 41]) {
      const octets = asking('1'.repeat(length));
      expect(await exchange(embedded.dns, octets)).toMatchObject({ rcode: RCODE.FORMERR, answer: [] });
      expect(await exchange(bind, octets)).toMatchObject({ rcode: RCODE.FORMERR, answer: [] });
    }
  });

  /** Sends these at once from an address that is limited, and counts the answers by what they are. */
  const flood = async ({ host, port }: DnsAddress, octets: Buffer, count: number): Promise<Record<string, number>> => {
    const socket = createSocket('udp4');
    const counts: Record<string, number> = {};
    socket.on('message', (message) => {
      const { rcode, tc } = decodeMessage(message);
      const what = tc ? 'truncated' : String(rcode);
      counts[what] = (counts[what] ?? 0) + 1;
    });
    await new Promise<void>((resolve) => socket.bind(0, LOOPBACK, resolve));
    for (let i = 0; i < count; i++) socket.send(octets, port, host);
    await delay(500);
    socket.close();
    return counts;
  };
  const cookieFor = async (server: DnsAddress): Promise<string> => {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, LOOPBACK, resolve));
    const octets = await new Promise<Buffer>((resolve) => {
      socket.once('message', resolve);
      socket.send(asking('12345678', { questions: [] }), server.port, server.host);
    });
    socket.close();
    return decodeMessage(octets).edns?.options.slice(4) ?? '';
  };

  test('who is limited gets BADCOOKIE, and with the cookie all answers; either server takes the other’s', async () => {
    for (const server of [bind, embedded.dns]) {
      expect(await flood(server, asking('12345678'), 40)).toMatchObject({
        [RCODE.BADCOOKIE]: expect.any(Number) as number,
      });
    }
    const [theirs, ours] = [await cookieFor(bind), await cookieFor(embedded.dns)];
    for (const server of [bind, embedded.dns]) {
      for (const both of [theirs, ours]) expect(await flood(server, asking(both), 40)).toEqual({ [RCODE.NOERROR]: 40 });
    }
  });

  test('dig takes a cookie from it, and proves it', async () => {
    const { host, port } = embedded.dns;
    const of = async (...args: string[]): Promise<string> =>
      (await promisify(execFile)('dig', [`@${host}`, '-p', String(port), 'a.example', 'SOA', ...args])).stdout;
    const [, given = ''] = /; COOKIE: ([0-9a-f]{48}) \(good\)/.exec(await of('+cookie=2464c4abcf10c957')) ?? [];
    expect(given).toMatch(/^2464c4abcf10c95701000000/);
    expect(await of(`+cookie=${given}`)).toMatch(/status: NOERROR[^]*; COOKIE: 2464c4abcf10c957[0-9a-f]{32} \(good\)/);
  });
});
