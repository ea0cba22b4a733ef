import { DnsFormatError, MessageReader, MessageWriter } from './message-octets.js';
import { ROOT, type Name } from '../name.js';
import type { ResourceRecord } from '../zone.js';
import { TYPE } from '../types.js';

export { DnsFormatError } from './message-octets.js';

/** Response codes (RFC 1035 §4.1.1, RFC 2136 §2.2, RFC 6891 §9, RFC 7873 §8). */
export const RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  YXDOMAIN: 6,
  NOTAUTH: 9,
  BADVERS: 16,
  BADCOOKIE: 23,
} as const;

export const CLASS_IN = 1;
export const CLASS_ANY = 255;
export const OPCODE_QUERY = 0;
/** Largest message over UDP without EDNS (RFC 1035 §2.3.4), and over TCP. */
export const CLASSIC_UDP_SIZE = 512;
export const MAX_MESSAGE = 0xffff;

export interface Question {
  name: Name;
  type: number;
  class: number;
}

/** A record of a message; `class` is there only where it is not IN. */
export interface MessageRecord extends ResourceRecord {
  class?: number;
}

/** What the OPT record carries (RFC 6891 §6.1). */
interface Edns {
  /** Largest UDP message that the sender can take, octets. */
  udpSize: number;
  version: number;
  /** The DO bit: DNSSEC records are wanted. */
  dnssecOk: boolean;
  /** The options as they stand in the rdata. */
  options: string;
}

/** The fixed 12 octets, without the counts. */
export interface Header {
  id: number;
  response: boolean;
  opcode: number;
  aa: boolean;
  tc: boolean;
  rd: boolean;
  ra: boolean;
  ad: boolean;
  cd: boolean;
  /** With the upper bits of EDNS where the message has an OPT record. */
  rcode: number;
}

export interface DnsMessage extends Header {
  questions: Question[];
  answer: MessageRecord[];
  authority: MessageRecord[];
  /** Without the OPT record, which is `edns`. */
  additional: MessageRecord[];
  edns?: Edns;
}

const HEADER_SIZE = 12;
const QUESTION_COUNT_AT = 4;
const OPT_FIXED_SIZE = 11;
const OPTION_HEAD = 4; // code and length
const DNSSEC_OK = 0x8000;
const FLAG = { response: 0x8000, aa: 0x0400, tc: 0x0200, rd: 0x0100, ra: 0x0080, ad: 0x0020, cd: 0x0010 } as const;

/** The header alone, for answering a message that does not decode; undefined below 12 octets. */
export function decodeHeader(message: Buffer): Header | undefined {
  if (message.length < HEADER_SIZE) return undefined;
  return header(message.readUInt16BE(0), message.readUInt16BE(2));
}

/** One question of class IN, without recursion. */
export function questionMessage(id: number, name: Name, type: number): DnsMessage {
  return { ...header(id, 0), questions: [{ name, type, class: CLASS_IN }], answer: [], authority: [], additional: [] };
}

function header(id: number, flags: number): Header {
  return {
    id,
    response: (flags & FLAG.response) !== 0,
    opcode: (flags >> 11) & 15,
    aa: (flags & FLAG.aa) !== 0,
    tc: (flags & FLAG.tc) !== 0,
    rd: (flags & FLAG.rd) !== 0,
    ra: (flags & FLAG.ra) !== 0,
    ad: (flags & FLAG.ad) !== 0,
    cd: (flags & FLAG.cd) !== 0,
    rcode: flags & 15,
  };
}

/**
 * Octets to message. Names and rdata come out uncompressed. Octets after the last record are ignored in a response.
 * Throws DnsFormatError, and nothing else, where the octets are not a message.
 */
export function decodeMessage(octets: Buffer): DnsMessage {
  if (octets.length > MAX_MESSAGE) throw new DnsFormatError('the message is longer than 65535 octets');
  const reader = new MessageReader(octets.toString('latin1'));
  const fixed = header(reader.u16(), reader.u16());
  const counts = [reader.u16(), reader.u16(), reader.u16(), reader.u16()] as const;
  const message: DnsMessage = { ...fixed, questions: [], answer: [], authority: [], additional: [] };
  for (let i = 0; i < counts[0]; i++) message.questions.push(readQuestion(reader));
  for (let i = 0; i < counts[1]; i++) message.answer.push(readOrdinary(reader));
  for (let i = 0; i < counts[2]; i++) message.authority.push(readOrdinary(reader));
  for (let i = 1; i <= counts[3]; i++) {
    const record = readRecord(reader);
    if (record.type === TYPE.OPT) takeOpt(message, record);
    else message.additional.push(record);
    // RFC 8945 §5.1: it signs all that is before it.
    if (record.type === TYPE.TSIG && (i < counts[3] || record.class !== CLASS_ANY))
      throw new DnsFormatError('the TSIG record is not the last, or not of class ANY');
  }
  if (!fixed.response && reader.left > 0) throw new DnsFormatError('octets follow the message');
  return message;
}

/** The question of a query whose records do not decode, for the answer that says so; none where it is broken, too. */
export function decodeQuestion(octets: Buffer): Question[] {
  const reader = new MessageReader(octets.toString('latin1'));
  try {
    reader.at = HEADER_SIZE;
    return octets.readUInt16BE(QUESTION_COUNT_AT) === 1 ? [readQuestion(reader)] : [];
  } catch (error) {
    if (error instanceof DnsFormatError) return [];
    throw error;
  }
}

function readQuestion(reader: MessageReader): Question {
  return { name: reader.name(), type: reader.u16(), class: reader.u16() };
}

/** A record of the sections that hold a zone's data. */
function readOrdinary(reader: MessageReader): MessageRecord {
  const record = readRecord(reader);
  if (record.type === TYPE.OPT || record.type === TYPE.TSIG)
    // RFC 6891 §6.1.1, RFC 8945 §5.1
    throw new DnsFormatError('a record of the additional section stands elsewhere');
  return record;
}

function readRecord(reader: MessageReader): MessageRecord {
  const owner = reader.name();
  const type = reader.u16();
  const recordClass = reader.u16();
  const ttl = reader.u32();
  const length = reader.u16();
  // Only class IN has the layouts that names are read by; OPT's class is a size.
  const rdata = recordClass === CLASS_IN ? reader.rdata(type, length) : reader.octets(length);
  const record = { owner, ttl, type, rdata, line: 0 };
  return recordClass === CLASS_IN ? record : { ...record, class: recordClass };
}

function takeOpt(message: DnsMessage, opt: MessageRecord): void {
  // RFC 6891 §6.1.1: more than one OPT is a format error; its name must be the root.
  if (message.edns !== undefined) throw new DnsFormatError('the message has two OPT records');
  if (opt.owner !== ROOT) throw new DnsFormatError('the OPT record is not at the root');
  for (let at = 0; at < opt.rdata.length;) {
    const length = opt.rdata.charCodeAt(at + 2) * 256 + opt.rdata.charCodeAt(at + 3);
    at += OPTION_HEAD + length;
    if (!(at <= opt.rdata.length)) throw new DnsFormatError('an option of EDNS ends too early');
  }
  message.rcode |= Math.floor(opt.ttl / 0x1000000) << 4;
  message.edns = {
    udpSize: opt.class ?? CLASS_IN,
    version: (opt.ttl >>> 16) & 0xff,
    dnssecOk: (opt.ttl & DNSSEC_OK) !== 0,
    options: opt.rdata,
  };
}

// Encoding is synchronous, so one scratch buffer serves all; a record is checked against the limit after it is written,
// hence room for one record more than the largest message.
const scratch = Buffer.allocUnsafe(MAX_MESSAGE + HEADER_SIZE + 2 * MAX_MESSAGE);

/**
 * Message to octets. Where answer and authority do not fit into `limit` octets (65535 where absent), all sections are
 * left out and TC is set: the asker comes again over TCP, and must not use a part of an RRset (RFC 2181 §9). Additional
 * RRsets that do not fit are left out silently, unless `glueRequired` makes them count as needed (RFC 9471).
 */
export function encodeMessage(message: DnsMessage, options: { limit?: number; glueRequired?: boolean } = {}): Buffer {
  const edns = message.edns;
  const optSize = edns === undefined ? 0 : OPT_FIXED_SIZE + edns.options.length;
  const limit = Math.min(options.limit ?? MAX_MESSAGE, MAX_MESSAGE) - optSize;
  const writer = new MessageWriter(scratch);
  writer.at = HEADER_SIZE;
  for (const question of message.questions) {
    writer.name(question.name);
    writer.u16(question.type);
    writer.u16(question.class);
  }
  const afterQuestions = writer.at;
  let fits = writeRecords(writer, message.answer, limit) && writeRecords(writer, message.authority, limit);
  let additional = 0;
  if (fits) {
    additional = writeWholeRrsets(writer, message.additional, limit);
    fits = options.glueRequired !== true || additional === message.additional.length;
  }
  if (!fits) {
    writer.at = afterQuestions;
    additional = 0;
  }
  if (edns !== undefined) writeOpt(writer, edns, message.rcode);

  const end = writer.at;
  writer.at = 0;
  writer.u16(message.id);
  writer.u16(flagsOf(message, message.tc || !fits));
  writer.u16(message.questions.length);
  writer.u16(fits ? message.answer.length : 0);
  writer.u16(fits ? message.authority.length : 0);
  writer.u16(additional + (edns === undefined ? 0 : 1));
  return Buffer.from(scratch.subarray(0, end));
}

function flagsOf(message: Header, tc: boolean): number {
  let flags = ((message.opcode & 15) << 11) | (message.rcode & 15);
  if (tc) flags |= FLAG.tc;
  for (const flag of ['response', 'aa', 'rd', 'ra', 'ad', 'cd'] as const) if (message[flag]) flags |= FLAG[flag];
  return flags;
}

function writeRecord(writer: MessageWriter, record: MessageRecord): void {
  writer.name(record.owner);
  writer.u16(record.type);
  const recordClass = record.class ?? CLASS_IN;
  writer.u16(recordClass);
  writer.u32(record.ttl);
  if (recordClass === CLASS_IN) {
    writer.rdata(record.type, record.rdata);
    return;
  }
  // As it was read: only class IN has the layouts that names are compressed by.
  writer.u16(record.rdata.length);
  writer.octets(record.rdata);
}

function writeRecords(writer: MessageWriter, records: readonly MessageRecord[], limit: number): boolean {
  for (const record of records) {
    writeRecord(writer, record);
    if (writer.at > limit) return false;
  }
  return true;
}

/** Writes as many whole RRsets (neighbours of one owner and type) as fit; answers how many records that were. */
function writeWholeRrsets(writer: MessageWriter, records: readonly MessageRecord[], limit: number): number {
  let written = 0;
  let at = writer.at;
  for (const [i, record] of records.entries()) {
    const before = records[i - 1];
    if (before?.type !== record.type || before.owner !== record.owner) {
      written = i;
      at = writer.at;
    }
    writeRecord(writer, record);
    if (writer.at > limit) {
      writer.at = at;
      return written;
    }
  }
  return records.length;
}

function writeOpt(writer: MessageWriter, edns: Edns, rcode: number): void {
  writer.name(ROOT);
  writer.u16(TYPE.OPT);
  writer.u16(edns.udpSize);
  writer.u32((rcode >> 4) * 0x1000000 + (edns.version << 16) + (edns.dnssecOk ? DNSSEC_OK : 0));
  writer.rdata(TYPE.OPT, edns.options);
}
