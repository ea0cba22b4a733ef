import { BlockList, isIPv6 } from 'node:net';
import {
  CLASS_IN,
  CLASSIC_UDP_SIZE,
  decodeHeader,
  decodeMessage,
  DnsFormatError,
  encodeMessage,
  MAX_MESSAGE,
  OPCODE_QUERY,
  RCODE,
  type DnsMessage,
  type Header,
} from '../../dns/messages/message.js';
import { isMetaType, TYPE } from '../../dns/types.js';
import type { Log } from '../../operations/log.js';
import { answer } from './answer.js';
import { transfer } from './transfer.js';
import type { ZoneTable } from './zone-data.js';

/** Who asks, and over what. */
export interface Asker {
  address: string;
  tcp: boolean;
}

const UDP_SIZE = 1232; // avoids IP fragments on any usual path (DNS Flag Day 2020)

/** What becomes of types that no zone holds; as BIND answers them. */
const META_RCODES: Readonly<Record<number, number | undefined>> = {
  [TYPE.MAILA]: RCODE.NOTIMP,
  [TYPE.MAILB]: RCODE.NOTIMP,
  [TYPE.TKEY]: RCODE.NOTIMP,
};

/** Turns a message's octets into the octets of its responses: all of the protocol that is not about the zones. */
export class Responder {
  readonly #zones: ZoneTable;
  readonly #allowTransfer: BlockList;
  readonly #log: Log;
  readonly #isWhole: () => boolean;

  /** `isWhole`: are all zones loaded? What is asked of others before is not refused, but can't be answered yet. */
  constructor(zones: ZoneTable, allowTransfer: BlockList, log: Log, isWhole: () => boolean = () => true) {
    this.#zones = zones;
    this.#allowTransfer = allowTransfer;
    this.#log = log;
    this.#isWhole = isWhole;
  }

  /** The responses to send, in order: one, many for a zone transfer, none to what is itself a response or too short. */
  respond(octets: Buffer, asker: Asker): Iterable<Buffer> {
    const header = decodeHeader(octets);
    if (header === undefined || header.response) return [];
    try {
      if (header.opcode !== OPCODE_QUERY) return [bare(header, RCODE.NOTIMP)];
      return this.#answer(decodeMessage(octets), asker);
    } catch (error) {
      if (error instanceof DnsFormatError) return [bare(header, RCODE.FORMERR)];
      this.#log.error({ err: error }, 'a question could not be answered');
      return [bare(header, RCODE.SERVFAIL)];
    }
  }

  #answer(query: DnsMessage, asker: Asker): Iterable<Buffer> {
    const response = responseTo(query);
    const rcode = this.#refusal(query, asker);
    if (rcode !== undefined) return [encodeMessage({ ...response, rcode })];
    const question = query.questions[0];
    if (question === undefined) return [bare(query, RCODE.FORMERR)];
    if (question.type === TYPE.AXFR || question.type === TYPE.IXFR) return transfer(this.#zones, response, asker.tcp);
    const dnssec = query.edns?.dnssecOk === true;
    const reply = answer(this.#zones, question.name, question.type, { dnssec, minimal: !asker.tcp });
    response.rcode = reply.rcode === RCODE.REFUSED && !this.#isWhole() ? RCODE.SERVFAIL : reply.rcode;
    response.aa = reply.aa;
    response.answer = reply.answer;
    response.authority = reply.authority;
    response.additional = reply.additional;
    return [encodeMessage(response, { limit: limitFor(query, asker), glueRequired: reply.glueRequired })];
  }

  /** The rcode of a question that is refused before any zone is searched. */
  #refusal(query: DnsMessage, asker: Asker): number | undefined {
    const [question] = query.questions;
    if (query.edns !== undefined && query.edns.version > 0) return RCODE.BADVERS; // RFC 6891 §6.1.3
    if (question === undefined || query.questions.length > 1) return RCODE.FORMERR; // RFC 9619
    if (query.additional.some((record) => record.type === TYPE.TSIG)) return RCODE.NOTAUTH; // RFC 8945 §5.2.1
    if (question.class !== CLASS_IN) return RCODE.REFUSED;
    if (question.type === TYPE.AXFR || question.type === TYPE.IXFR) {
      if (!asker.tcp && question.type === TYPE.AXFR) return RCODE.FORMERR; // RFC 5936 §4.2
      const family = isIPv6(asker.address) ? 'ipv6' : 'ipv4';
      return this.#allowTransfer.check(asker.address, family) ? undefined : RCODE.REFUSED;
    }
    if (question.type === TYPE.ANY || !isMetaType(question.type)) return undefined;
    return META_RCODES[question.type] ?? RCODE.FORMERR;
  }
}

function limitFor(query: DnsMessage, asker: Asker): number {
  if (asker.tcp) return MAX_MESSAGE;
  return query.edns === undefined
    ? CLASSIC_UDP_SIZE
    : Math.min(Math.max(query.edns.udpSize, CLASSIC_UDP_SIZE), UDP_SIZE);
}

/** An empty response to this query; RD and CD go back as they came (RFC 1035 §4.1.1, RFC 4035 §3.1.6). */
function responseTo(query: DnsMessage): DnsMessage {
  const response: DnsMessage = {
    id: query.id,
    response: true,
    opcode: query.opcode,
    aa: false,
    tc: false,
    rd: query.rd,
    ra: false,
    ad: false,
    cd: query.cd,
    rcode: RCODE.NOERROR,
    questions: query.questions,
    answer: [],
    authority: [],
    additional: [],
  };
  if (query.edns !== undefined) {
    response.edns = { udpSize: UDP_SIZE, version: 0, dnssecOk: query.edns.dnssecOk, options: '' };
  }
  return response;
}

/** A response of a header only, to a message of which only the header is understood. */
function bare(header: Header, rcode: number): Buffer {
  return encodeMessage({
    ...responseTo({ ...header, questions: [], answer: [], authority: [], additional: [] }),
    rcode,
  });
}
