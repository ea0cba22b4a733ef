import type { BlockList } from 'node:net';
import type { CookieJar, ShownCookie } from '../../dns/messages/cookie.js';
import {
  CLASS_ANY,
  CLASS_IN,
  CLASSIC_UDP_SIZE,
  decodeHeader,
  decodeMessage,
  decodeQuestion,
  DnsFormatError,
  encodeMessage,
  MAX_MESSAGE,
  OPCODE_QUERY,
  RCODE,
  type DnsMessage,
  type MessageRecord,
  type Question,
} from '../../dns/messages/message.js';
import { withUnknownKey } from '../../dns/messages/tsig.js';
import { lowerName } from '../../dns/name.js';
import { soaSerial } from '../../dns/serial.js';
import { isMetaType, TYPE } from '../../dns/types.js';
import type { Log } from '../../operations/log.js';
import { answer, type Reply } from './answer.js';
import { isInList } from './network.js';
import type { Counted, RateLimit } from './rate-limit.js';
import { transfer } from './transfer.js';
import type { ZoneTable } from './zone-data.js';

/** Who asks, and over what. */
export interface Asker {
  address: string;
  tcp: boolean;
}

export interface ResponderOptions {
  allowTransfer: BlockList;
  rateLimit: RateLimit;
  cookies: CookieJar;
  log: Log;
  /** Are all zones loaded? What is asked of others before is not refused, but can't be answered yet. */
  isWhole: () => boolean;
}

const UDP_SIZE = 1232; // avoids IP fragments on any usual path (DNS Flag Day 2020)

const ERROR: Counted = { kind: 'error', owner: '' };
/** Classes that no data has: reserved, NONE, ANY (RFC 6895 §3.2). */
const NO_CLASSES = new Set([0, 254, CLASS_ANY]);
/** What becomes of types that no zone holds; as BIND answers them. */
const META_RCODES: Readonly<Record<number, number | undefined>> = {
  [TYPE.MAILA]: RCODE.NOTIMP,
  [TYPE.MAILB]: RCODE.NOTIMP,
  [TYPE.TKEY]: RCODE.NOTIMP,
};

/** Turns a message's octets into the octets of its responses: all of the protocol that is not about the zones. */
export class Responder {
  readonly #zones: ZoneTable;
  readonly #options: ResponderOptions;

  constructor(zones: ZoneTable, options: ResponderOptions) {
    this.#zones = zones;
    this.#options = options;
  }

  /** The responses to send, in order: one, many for a zone transfer, none to what is itself a response or too short. */
  respond(octets: Buffer, asker: Asker): Iterable<Buffer> {
    const header = decodeHeader(octets);
    if (header === undefined || header.response) return [];
    try {
      return this.#answer(decodeMessage(octets), asker);
    } catch (error) {
      const malformed = error instanceof DnsFormatError;
      if (!malformed) this.#options.log.error({ err: error }, 'a question could not be answered');
      const questions = decodeQuestion(octets);
      const response = responseTo({ ...header, questions, answer: [], authority: [], additional: [] });
      response.rcode = malformed ? RCODE.FORMERR : RCODE.SERVFAIL;
      return this.#limited(response, asker, ERROR) ?? [encodeMessage(response)];
    }
  }

  #answer(query: DnsMessage, asker: Asker): Iterable<Buffer> {
    const response = responseTo(query);
    const cookie = query.edns && this.#options.cookies.shown(query.edns.options, asker.address);
    if (cookie !== undefined && response.edns !== undefined && query.edns?.version === 0)
      response.edns.options = this.#options.cookies.option(cookie.client, asker.address);
    const [question] = query.questions;
    // RFC 7873 §5.4: who asks nothing wants a cookie.
    const wantsCookie =
      question === undefined && cookie !== undefined && query.opcode === OPCODE_QUERY && query.edns?.version === 0;
    const rcode = wantsCookie ? RCODE.NOERROR : this.#refusal(query, asker);
    if (rcode !== undefined || question === undefined) {
      response.rcode = rcode ?? RCODE.FORMERR;
      return this.#limited(response, asker, ERROR, cookie) ?? [refused(query, response)];
    }
    if (isTransfer(question.type)) {
      const zone = this.#zones.get(lowerName(question.name));
      const held = question.type === TYPE.IXFR ? soaSerial(query.authority) : undefined;
      return zone === undefined ? [] : transfer(zone, response, { tcp: asker.tcp, held });
    }
    const dnssec = query.edns?.dnssecOk === true;
    const reply = answer(this.#zones, question.name, question.type, { dnssec, minimal: !asker.tcp });
    response.rcode = reply.rcode === RCODE.REFUSED && !this.#options.isWhole() ? RCODE.SERVFAIL : reply.rcode;
    response.aa = reply.aa;
    const limited = this.#limited(response, asker, countedOf(question, reply), cookie);
    if (limited !== undefined) return limited;
    response.answer = reply.answer;
    response.authority = reply.authority;
    response.additional = reply.additional;
    return [encodeMessage(response, { limit: limitFor(query, asker), glueRequired: reply.glueRequired })];
  }

  /**
   * What is sent instead of an answer over UDP of which there were too many; undefined where it may be sent. Who shows
   * a cookie of ours has no forged address; who shows only its own gets one, and need not come over TCP.
   */
  #limited(
    response: DnsMessage,
    { address, tcp }: Asker,
    counted: Counted,
    cookie?: ShownCookie,
  ): Buffer[] | undefined {
    if (tcp || cookie?.isProven === true) return undefined;
    const verdict = this.#options.rateLimit.judge(address, counted);
    if (verdict === 'send') return undefined;
    if (verdict === 'drop') return [];
    if (cookie === undefined) return [encodeMessage({ ...response, tc: true })];
    return [encodeMessage({ ...response, aa: false, rcode: RCODE.BADCOOKIE })];
  }

  /** The rcode of a question that is refused before any zone is searched. */
  #refusal(query: DnsMessage, asker: Asker): number | undefined {
    const [question] = query.questions;
    if (query.edns !== undefined && query.edns.version > 0) return RCODE.BADVERS; // RFC 6891 §6.1.3
    const asks = query.opcode === OPCODE_QUERY;
    if (asks && query.questions.length !== 1) return RCODE.FORMERR; // RFC 9619
    if (tsigOf(query) !== undefined) return RCODE.NOTAUTH; // no key is known here
    if (!asks) return RCODE.NOTIMP;
    if (question === undefined || NO_CLASSES.has(question.class)) return RCODE.FORMERR;
    if (question.class !== CLASS_IN) return RCODE.REFUSED;
    if (isTransfer(question.type)) return this.#transferRefusal(query, question, asker);
    if (question.type === TYPE.ANY || !isMetaType(question.type)) return undefined;
    return META_RCODES[question.type] ?? RCODE.FORMERR;
  }

  #transferRefusal(query: DnsMessage, { name, type }: Question, asker: Asker): number | undefined {
    if (!asker.tcp && type === TYPE.AXFR) return RCODE.FORMERR; // RFC 5936 §4.2
    if (type === TYPE.IXFR && soaSerial(query.authority) === undefined) return RCODE.FORMERR; // RFC 1995 §3
    // RFC 5936 §2.2.1
    if (!this.#zones.has(lowerName(name))) return this.#options.isWhole() ? RCODE.NOTAUTH : RCODE.SERVFAIL;
    return isInList(this.#options.allowTransfer, asker.address) ? undefined : RCODE.REFUSED;
  }
}

/** How an answer is counted for the rate limit. */
function countedOf({ type }: Question, { rcode, answer: records, source, isReferral }: Reply): Counted {
  if (records.length > 0) return { kind: type, owner: source };
  if (rcode === RCODE.NXDOMAIN) return { kind: 'nxdomain', owner: source };
  if (rcode !== RCODE.NOERROR) return ERROR;
  return { kind: isReferral ? 'referral' : 'nodata', owner: source };
}

function isTransfer(type: number): boolean {
  return type === TYPE.AXFR || type === TYPE.IXFR;
}

function limitFor(query: DnsMessage, asker: Asker): number {
  if (asker.tcp) return MAX_MESSAGE;
  return query.edns === undefined
    ? CLASSIC_UDP_SIZE
    : Math.min(Math.max(query.edns.udpSize, CLASSIC_UDP_SIZE), UDP_SIZE);
}

/** The TSIG record of a signed message, which is its last. */
function tsigOf({ additional }: DnsMessage): MessageRecord | undefined {
  const last = additional.at(-1);
  return last?.type === TYPE.TSIG ? last : undefined;
}

function refused(query: DnsMessage, response: DnsMessage): Buffer {
  const tsig = response.rcode === RCODE.NOTAUTH ? tsigOf(query) : undefined;
  const octets = encodeMessage(response);
  return tsig === undefined ? octets : withUnknownKey(octets, tsig, Math.floor(Date.now() / 1000));
}

/**
 * An empty response to this query; RD and CD of a question go back as they came (RFC 1035 §4.1.1, RFC 4035 §3.1.6). To
 * what is no question nothing of it goes back.
 */
function responseTo(query: DnsMessage): DnsMessage {
  const asks = query.opcode === OPCODE_QUERY;
  const response: DnsMessage = {
    id: query.id,
    response: true,
    opcode: query.opcode,
    aa: false,
    tc: false,
    rd: asks && query.rd,
    ra: false,
    ad: false,
    cd: asks && query.cd,
    rcode: RCODE.NOERROR,
    questions: asks ? query.questions : [],
    answer: [],
    authority: [],
    additional: [],
  };
  if (query.edns !== undefined) {
    response.edns = { udpSize: UDP_SIZE, version: 0, dnssecOk: query.edns.dnssecOk, options: '' };
  }
  return response;
}
