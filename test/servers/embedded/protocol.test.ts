import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  decodeMessage,
  RCODE,
  type DnsMessage,
  type MessageRecord,
  type Question,
} from '../../../src/dns/messages/message.js';
import { frame, FrameReader } from '../../../src/dns/messages/tcp.js';
import { nameAt, parseName, ROOT } from '../../../src/dns/name.js';
import { TYPE } from '../../../src/dns/types.js';
import { needs } from '../../needs.js';
import { exchange, line, octetsOf, shown, type Servers } from './compare-servers.js';
import { startBoth } from './embedded-server.js';
import { TRICKY_ZONES } from '../tricky-zones.js';

/* Messages that are odd or wrong, to BIND and to the embedded nameserver: header, question, OPT and TSIG alike. */
let both: Servers & { stop: () => Promise<void> };

const soaOf = { name: parseName('tricky.example.'), type: TYPE.SOA, class: 1 };
const edns = { udpSize: 1232, version: 0, dnssecOk: true, options: '' };
const octets = (hex: string): string => Buffer.from(hex, 'hex').toString('latin1');
const withOptions = (options: string): Buffer => octetsOf({ questions: [soaOf], edns: { ...edns, options } });
const withFlags = (message: Buffer, flags: number): Buffer => {
  message.writeUInt16BE(flags, 2);
  return message;
};
const record = (type: number, rdata: string, more: Partial<MessageRecord> = {}): MessageRecord => ({
  ...{ owner: ROOT, ttl: 0, type, rdata, line: 0 },
  ...more,
});
const address = record(TYPE.A, '\xc0\0\x02\x01', { owner: parseName('host.example.') });
const opt = record(TYPE.OPT, '', { class: 1232 });
// Time, fudge, a MAC of 32 octets, the original ID, no error, nothing else.
const signature = `${octets('00006b0e3000012c0020')}${'m'.repeat(32)}${octets('000100000000')}`;
const tsigWith = (rdata: string, more: Partial<MessageRecord> = {}): MessageRecord =>
  record(TYPE.TSIG, rdata, { owner: parseName('key.'), class: 255, ...more });
const tsig = tsigWith(parseName('hmac-sha256.') + signature);

/** What counts of an answer; of a TSIG record all but its time. */
function kept(answer: DnsMessage | undefined): object {
  if (answer === undefined) return {};
  const { id, opcode, rd, ra, ad, cd, response, questions: back, edns: options } = answer;
  const additional = answer.additional.map((found) => {
    if (found.type !== TYPE.TSIG) return line(found);
    const algorithm = nameAt(found.rdata, 0);
    return `${line({ ...found, rdata: algorithm + found.rdata.slice(algorithm.length + 6) })} class ${found.class}`;
  });
  return { ...shown(answer), additional, ...{ id, opcode, rd, ra, ad, cd, response, back, options } };
}

describe.skipIf(!needs('named'))('the embedded nameserver against BIND', () => {
  beforeAll(async () => {
    both = await startBoth(TRICKY_ZONES, { settings: { allowTransfer: ['127.0.0.1'] } });
  });
  afterAll(() => both.stop());

  const ordinary: [string, Buffer][] = [
    ['a plain question', octetsOf({ questions: [soaOf] })],
    ['RD and CD, which go back', octetsOf({ questions: [soaOf], rd: true, cd: true, ad: true })],
    ['every flag but QR', withFlags(octetsOf({ questions: [soaOf] }), 0x07ff)],
    ['EDNS with DO', octetsOf({ questions: [soaOf], edns })],
    ['EDNS with an unknown option', withOptions('\xff\x00\x00\x01x')],
    ['EDNS with NSID and padding', withOptions(octets('00030000000c000400000000'))],
    ['EDNS version 1', octetsOf({ questions: [soaOf], edns: { ...edns, version: 1 } })],
    ['a tiny EDNS size', octetsOf({ questions: [soaOf], edns: { ...edns, udpSize: 1 } })],
    ['a response', octetsOf({ questions: [soaOf], response: true })],
    ['no question', octetsOf({ questions: [], rd: true })],
    ['two questions', octetsOf({ questions: [soaOf, { ...soaOf, type: TYPE.NS }] })],
    ['a question with a record', octetsOf({ questions: [soaOf], additional: [address] })],
    ['a name that is nobody’s', octetsOf({ questions: [{ ...soaOf, name: parseName('www.invalid.') }] })],
    ['the root', octetsOf({ questions: [{ ...soaOf, name: ROOT }] })],
    ['half a header', Buffer.from('00010000', 'hex')],
  ];
  const questionsFor: [string, Partial<Question>][] = [
    ['AXFR over UDP', { type: TYPE.AXFR }],
    ['MAILB', { type: TYPE.MAILB }],
    ['MAILA', { type: TYPE.MAILA }],
    ['type OPT', { type: TYPE.OPT }],
    ['type TSIG', { type: TYPE.TSIG }],
    ['class CH', { class: 3 }],
    ['class NONE', { class: 254 }],
    ['class ANY', { class: 255 }],
    ['class 0', { class: 0 }],
  ];
  const opcodes = [1, 2, 3, ...Array.from({ length: 10 }, (_, i) => i + 6)].flatMap((opcode): [string, Buffer][] => [
    [`opcode ${opcode} with OPT`, octetsOf({ opcode, questions: [soaOf], edns })],
    [`opcode ${opcode} with every flag, a header only`, withFlags(octetsOf({ questions: [] }), (opcode << 11) | 0x7ff)],
  ]);
  const malformed: [string, Buffer][] = [
    ['a cut-off question', octetsOf({ questions: [soaOf] }).subarray(0, 20)],
    ['a cut-off record', octetsOf({ questions: [soaOf], additional: [address] }).subarray(0, -2)],
    ['a record that is missing', octetsOf({ questions: [soaOf], edns }).subarray(0, -11)],
    ['STATUS, cut off', octetsOf({ opcode: 2, questions: [soaOf] }).subarray(0, 20)],
    ['a header only, with a count', Buffer.from('000100000001000000000000', 'hex')],
    ['a pointer loop', Buffer.from('000100000001000000000000c00c00060001', 'hex')],
    ['two OPT', octetsOf({ questions: [soaOf], additional: [opt, opt] })],
    ['OPT with a name', octetsOf({ questions: [soaOf], additional: [{ ...opt, owner: parseName('x.') }] })],
    ['OPT in the answer section', octetsOf({ questions: [soaOf], answer: [opt] })],
    ['OPT in the authority section', octetsOf({ questions: [soaOf], authority: [opt], edns })],
    ['an option that runs over the end', withOptions(octets('ff00000578'))],
    ['an option of one octet', withOptions('x')],
    ['an option of three octets, after a good one', withOptions(octets('ff000000787878'))],
    [
      'EDNS version 1 with a broken option',
      octetsOf({ questions: [soaOf], edns: { ...edns, version: 1, options: 'x' } }),
    ],
  ];
  const signed: [string, Buffer][] = [
    ['a key that nobody knows', octetsOf({ questions: [soaOf], additional: [tsig] })],
    ['a key that nobody knows, with OPT', octetsOf({ questions: [soaOf], additional: [opt, tsig] })],
    [
      'an algorithm that nobody knows',
      octetsOf({ questions: [soaOf], additional: [tsigWith(parseName('rot13.') + signature)] }),
    ],
    ['STATUS, signed', octetsOf({ opcode: 2, questions: [soaOf], additional: [tsig] })],
    ['no question, signed', octetsOf({ questions: [], additional: [tsig] })],
    ['class CH, signed', octetsOf({ questions: [{ ...soaOf, class: 3 }], additional: [tsig] })],
    ['EDNS version 1, signed', octetsOf({ questions: [soaOf], additional: [{ ...opt, ttl: 0x10000 }, tsig] })],
    ['a signature before OPT', octetsOf({ questions: [soaOf], additional: [tsig], edns })],
    ['a signature in the answer section', octetsOf({ questions: [soaOf], answer: [tsig] })],
    ['two signatures', octetsOf({ questions: [soaOf], additional: [tsig, tsig] })],
    ['a signature of class CH', octetsOf({ questions: [soaOf], additional: [{ ...tsig, class: 3 }] })],
    ['an empty signature', octetsOf({ questions: [soaOf], additional: [tsigWith('')] })],
    ['octets after a signature', octetsOf({ questions: [soaOf], additional: [tsigWith(`${tsig.rdata}x`)] })],
  ];

  test.each([
    ...ordinary,
    ...questionsFor.map(([what, of]): [string, Buffer] => [what, octetsOf({ questions: [{ ...soaOf, ...of }] })]),
    ...opcodes,
    ...malformed,
    ...signed,
  ])('answers %s as BIND does', async (_what, message) => {
    const [theirs, ours] = await Promise.all([exchange(both.bind, message), exchange(both.embedded, message)]);
    expect(kept(ours)).toEqual(kept(theirs));
  });

  test('refuses octets after the message, which BIND passes over', async () => {
    for (const message of [octetsOf({ questions: [soaOf] }), octetsOf({ questions: [soaOf], edns })]) {
      const answer = await exchange(both.embedded, Buffer.concat([message, Buffer.from([0])]));
      expect(answer).toMatchObject({ rcode: RCODE.FORMERR, questions: [soaOf], answer: [] });
    }
  });

  const small = { ...soaOf, name: parseName('child.tricky.example.') };
  const SERIAL = 7;
  const axfr = { ...small, type: TYPE.AXFR };
  const ixfr = { ...small, type: TYPE.IXFR };
  const heldSoa = (serial: number): MessageRecord => {
    const numbers = Buffer.alloc(20);
    numbers.writeUInt32BE(serial);
    return record(TYPE.SOA, ROOT + ROOT + numbers.toString('latin1'), { owner: small.name });
  };
  const transfers: [string, Buffer][] = [
    ['AXFR', octetsOf({ questions: [axfr] })],
    ['AXFR of a zone that is not here', octetsOf({ questions: [{ ...axfr, name: parseName('no.invalid.') }] })],
    ['AXFR below an apex', octetsOf({ questions: [{ ...axfr, name: parseName('www.child.tricky.example.') }] })],
    ['AXFR, signed', octetsOf({ questions: [axfr], additional: [tsig] })],
    ['IXFR without a serial', octetsOf({ questions: [ixfr] })],
    ...[-1, 0, 1].map((more): [string, Buffer] => [
      `IXFR from serial ${SERIAL + more} to ${SERIAL}`,
      octetsOf({ questions: [ixfr], authority: [heldSoa(SERIAL + more)] }),
    ]),
  ];
  /** The first message, with the records of all that follow: servers cut a zone into messages as they like. */
  const askAll = async ({ host, port }: Servers['bind'], message: Buffer): Promise<object> => {
    const socket = connect({ host, port });
    socket.write(frame(message));
    socket.setTimeout(300, () => socket.end()); // all has come
    const frames = new FrameReader();
    for await (const chunk of socket) frames.push(chunk as Buffer);
    const answers: DnsMessage[] = [];
    for (let next = frames.next(); next !== undefined; next = frames.next()) answers.push(decodeMessage(next));
    const [first] = answers;
    return first === undefined ? {} : kept({ ...first, answer: answers.flatMap(({ answer }) => answer) });
  };
  test.each(transfers)('answers %s over TCP as BIND does', async (_what, message) => {
    expect(await askAll(both.embedded, message)).toEqual(await askAll(both.bind, message));
  });
});
