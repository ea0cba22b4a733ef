import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { decodeMessage, encodeMessage, RCODE, type DnsMessage } from '../../../src/dns/messages/message.js';
import { signRequest } from '../../../src/dns/messages/tsig.js';
import { parseName, type Name } from '../../../src/dns/name.js';
import { TYPE } from '../../../src/dns/types.js';
import { createLog } from '../../../src/operations/log.js';
import { trickyResponder } from '../tricky-responder.js';

const log = createLog({ level: 'silent' });
const { zones, responder } = trickyResponder(log);

const names = [...zones.values()].flatMap((zone) => zone.records.map((record) => record.owner));
const label = fc.constantFrom('', '\x01*', '\x03www', '\x05below', '\x04dele', '\x02dn', '\x01a\x01b');
const name = fc.tuple(label, fc.constantFrom(...names)).map(([prefix, owner]) => (prefix + owner) as Name);
const type = fc.oneof(fc.constantFrom(...Object.values(TYPE)), fc.nat(0xffff));
const query: fc.Arbitrary<DnsMessage> = fc
  .record({
    id: fc.nat(0xffff),
    opcode: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, fc.nat(15)),
    rd: fc.boolean(),
    cd: fc.boolean(),
    name,
    type,
    class: fc.constantFrom(1, 1, 1, 3, 255),
    udpSize: fc.option(fc.nat(0xffff), { nil: undefined }),
    dnssecOk: fc.boolean(),
  })
  .map(({ name: qname, type: qtype, class: qclass, udpSize, dnssecOk, ...header }) => ({
    response: false,
    rcode: 0,
    aa: false,
    tc: false,
    ra: false,
    ad: false,
    ...header,
    questions: [{ name: qname, type: qtype, class: qclass }],
    answer: [],
    authority: [],
    additional: [],
    ...(udpSize === undefined ? {} : { edns: { udpSize, version: 0, dnssecOk, options: '' } }),
  }));

const respond = (octets: Buffer, tcp: boolean): Buffer[] => [
  ...responder.respond(octets, { address: '192.0.2.1', tcp }),
];

describe('whatever arrives', () => {
  test('every question gets one response with its id and question, within the size that the asker can take', () => {
    fc.assert(
      fc.property(query, (asked) => {
        const [octets, ...more] = respond(encodeMessage(asked), false);
        expect(more).toEqual([]);
        const limit = asked.edns === undefined ? 512 : Math.min(1232, Math.max(512, asked.edns.udpSize));
        expect(octets?.length).toBeLessThanOrEqual(limit);
        const answer = decodeMessage(octets ?? Buffer.alloc(0));
        expect(answer).toMatchObject({ id: asked.id, response: true, opcode: asked.opcode, ra: false });
        if (asked.opcode === 0) expect(answer).toMatchObject({ questions: asked.questions, rd: asked.rd });
      }),
      { numRuns: 3000 },
    );
  });

  test('over TCP nothing that fits 65535 octets is truncated', () => {
    fc.assert(
      fc.property(query, (asked) => {
        for (const octets of respond(encodeMessage(asked), true)) expect(decodeMessage(octets).tc).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  test('a signed question is told that its key is not known here', () => {
    const key = { name: 'key.', algorithm: 'sha256', secret: Buffer.alloc(32) } as const;
    fc.assert(
      fc.property(query, (asked) => {
        const [octets = Buffer.alloc(0)] = respond(signRequest(encodeMessage(asked), key, 1).octets, true);
        const { rcode, additional, edns } = decodeMessage(octets);
        expect(rcode).toBe(RCODE.NOTAUTH);
        expect(additional).toMatchObject([{ owner: parseName('key.'), type: TYPE.TSIG, class: 255 }]);
        expect(edns === undefined).toBe(asked.edns === undefined);
      }),
      { numRuns: 50 },
    );
  });

  test('damaged questions are answered or dropped, and never make it throw or answer twice', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(query, damage, fc.nat(), (asked, changes, cut) => {
        const octets = encodeMessage(asked);
        for (const [at, value] of changes) octets[at % octets.length] = value;
        const arrived = octets.subarray(0, cut % (octets.length + 1));
        const responses = respond(arrived, false);
        expect(responses.length).toBeLessThanOrEqual(1);
        for (const response of responses) {
          expect(response.readUInt16BE(0)).toBe(arrived.readUInt16BE(0));
          expect(decodeMessage(response).response).toBe(true);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test('random octets likewise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(respond(Buffer.from(bytes), false).length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 3000 },
    );
  });

  test('a response is never answered', () => {
    fc.assert(
      fc.property(query, (asked) => {
        expect(respond(encodeMessage({ ...asked, response: true }), false)).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});
