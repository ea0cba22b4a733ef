import pino from 'pino';
import { expect, test } from 'vitest';
import { decodeMessage, DnsFormatError, encodeMessage, type DnsMessage } from '../../src/dns/messages/message.js';
import { TYPE } from '../../src/dns/types.js';
import { trickyResponder } from '../servers/tricky-responder.js';
import { fuzz, FUZZ_TIMEOUT } from './fuzz.js';
import { mutated } from './mutations.js';

const errors: string[] = [];
const log = pino({ level: 'error' }, { write: (line: string) => void errors.push(line) });
const { zones, responder } = trickyResponder(log);
const answersTo = (octets: Buffer): Buffer[] =>
  [true, false].flatMap((tcp) => [...responder.respond(octets, { address: '192.0.2.1', tcp })]);

/** A question for each name of each zone, and what is answered to it. */
const questions = [...zones.values()].flatMap((zone) =>
  zone.records.map(({ owner, type }) => {
    const header = { id: 7, response: false, opcode: 0, rcode: 0, aa: false, tc: false, rd: true, ra: false };
    const message: DnsMessage = {
      ...{ ...header, ad: false, cd: false, questions: [{ name: owner, type, class: 1 }] },
      ...{
        answer: [],
        authority: [],
        additional: [],
        edns: { udpSize: 1232, version: 0, dnssecOk: true, options: '' },
      },
    };
    return encodeMessage(message);
  }),
);
const good = [...questions, ...questions.flatMap(answersTo)];
const pointers = ['\xc0\x0c', '\xc0\x00', '\xff\xff', '\xc1\xff', '\x3f', '\x40', '\x80', '\0', '\xff'];
const types = Object.values(TYPE).map((type) => String.fromCharCode(type >> 8, type & 255));

test(
  'any octets are a message that is written as it is read, or are refused',
  async () => {
    await fuzz(mutated(good, [...pointers, ...types]), (octets) => {
      const message = read(octets);
      if (message === undefined) return;
      // What was compressed may not fit without, because names are compressed only where the type allows it (RFC 3597
      // §4).
      const written = encodeMessage(message);
      if (decodeMessage(written).tc !== message.tc) return;
      expect(decodeMessage(written)).toEqual(message);
    });
  },
  FUZZ_TIMEOUT,
);

test(
  'any octets get answers that can be read, or none, and never an error of ours',
  async () => {
    await fuzz(mutated(good, [...pointers, ...types]), (octets) => {
      for (const answer of answersTo(octets)) expect(decodeMessage(answer).response).toBe(true);
      expect(errors).toEqual([]);
    });
  },
  FUZZ_TIMEOUT,
);

function read(octets: Buffer): DnsMessage | undefined {
  try {
    return decodeMessage(octets);
  } catch (error) {
    if (error instanceof DnsFormatError) return undefined;
    throw error;
  }
}
