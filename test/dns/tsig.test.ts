import { createHmac, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { CLASS_IN, decodeMessage, encodeMessage, type DnsMessage } from '../../src/dns/messages/message.js';
import { parseName } from '../../src/dns/name.js';
import type { SharedKey } from '../../src/dns/messages/shared-key.js';
import { signRequest, TsigError, TsigVerifier } from '../../src/dns/messages/tsig.js';
import { TYPE } from '../../src/dns/types.js';

const NOW = 1_700_000_000;
const key: SharedKey = { name: 'Key.Example', algorithm: 'sha256', secret: randomBytes(32) };
const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);
const u48 = (value: number): Buffer =>
  Buffer.concat([u16(Math.floor(value / 2 ** 32)), Buffer.from((value >>> 0).toString(16).padStart(8, '0'), 'hex')]);
const wire = (name: string): Buffer => Buffer.from(parseName(name), 'latin1');

const message = (i: number, response = true): DnsMessage => ({
  ...{ id: 7, response, opcode: 0, rcode: 0, aa: response, tc: false, rd: false, ra: false, ad: false, cd: false },
  questions: [{ name: parseName('a.example.'), type: TYPE.AXFR, class: CLASS_IN }],
  answer: response
    ? [{ owner: parseName(`h${i}.a.example.`), ttl: 1, type: TYPE.A, rdata: '\x7f\0\0\x01', line: 0 }]
    : [],
  ...{ authority: [], additional: [] },
});

/** Signs as RFC 8945 §5.3.1 says that a server does: the messages `at` these places; all others go without. */
function answerOf(count: number, at: (i: number) => boolean, requestMac: Buffer, time = NOW): Buffer[] {
  let before = requestMac;
  let since = Buffer.alloc(0);
  let isFirst = true;
  return Array.from({ length: count }, (_, i) => {
    const plain = encodeMessage(message(i));
    since = Buffer.concat([since, plain]);
    if (!at(i)) return plain;
    const timers = Buffer.concat([u48(time), u16(300)]);
    const first = [wire('key.example.'), u16(255), Buffer.alloc(4), wire('hmac-sha256.'), timers, u16(0), u16(0)];
    const signed = Buffer.concat([u16(before.length), before, since, ...(isFirst ? first : [timers])]);
    const mac = createHmac('sha256', key.secret).update(signed).digest();
    const rdata = Buffer.concat([wire('hmac-sha256.'), timers, u16(mac.length), mac, u16(7), u16(0), u16(0)]);
    const record = Buffer.concat([wire('key.example.'), u16(250), u16(255), Buffer.alloc(4), u16(rdata.length), rdata]);
    const octets = Buffer.concat([plain, record]);
    octets.writeUInt16BE(1, 10);
    [before, since, isFirst] = [mac, Buffer.alloc(0), false];
    return octets;
  });
}

const request = signRequest(encodeMessage(message(0, false)), key, NOW);
const verifier = (): TsigVerifier => new TsigVerifier(key, request.mac, () => NOW);
const everyFifth = (i: number): boolean => i % 5 === 0;

describe('TSIG', () => {
  test('a request carries its signature as its last record', () => {
    const { additional, questions } = decodeMessage(request.octets);
    expect(additional.map(({ type, owner }) => [type, owner])).toEqual([[TYPE.TSIG, parseName('key.example.')]]);
    expect(questions).toHaveLength(1);
  });

  test('messages without a signature are proven by the next that has one, and by no other', () => {
    const checked = verifier();
    const proven = answerOf(11, everyFifth, request.mac).map((octets) => {
      checked.take(octets);
      return checked.isProven;
    });
    expect(proven).toEqual([true, false, false, false, false, true, false, false, false, false, true]);
  });

  test.each([1, 4, 5, 9])('a change of message %i, signed or not, is found with the next signature', (changed) => {
    const octets = answerOf(11, everyFifth, request.mac);
    const place = octets[changed]?.indexOf('\x7f\0\0\x01', 0, 'latin1') ?? 0;
    octets[changed]?.writeUInt8(1, place);
    const checked = verifier();
    const refusedAt = octets.findIndex((one) => {
      try {
        checked.take(one);
        return false;
      } catch (error) {
        return error instanceof TsigError;
      }
    });
    expect(refusedAt).toBe(Math.ceil(changed / 5) * 5);
  });

  test('the first message must be signed', () => {
    const [first] = answerOf(1, () => false, request.mac);
    expect(() => verifier().take(first ?? Buffer.alloc(0))).toThrow(/not signed/);
  });

  test('no more than 99 messages in a row go without', () => {
    const octets = answerOf(102, (i) => i % 101 === 0, request.mac);
    const checked = verifier();
    expect(() => octets.forEach((one) => checked.take(one))).toThrow(/too many messages/);
  });

  test('an answer to another request, one of another time and one of another key are none', () => {
    const first = (mac: Buffer, time?: number): Buffer => answerOf(1, () => true, mac, time)[0] ?? Buffer.alloc(0);
    expect(() => verifier().take(first(randomBytes(32)))).toThrow(/signature of its answer is wrong/);
    expect(() => verifier().take(first(request.mac, NOW - 301))).toThrow(/301 s behind/);
    const other = new TsigVerifier({ ...key, name: 'other' }, request.mac, () => NOW);
    expect(() => other.take(first(request.mac))).toThrow(/another key/);
    const algorithm = new TsigVerifier({ ...key, algorithm: 'sha512' }, request.mac, () => NOW);
    expect(() => algorithm.take(first(request.mac))).toThrow(/another algorithm/);
    expect(() => verifier().take(first(request.mac))).not.toThrow();
  });
});
