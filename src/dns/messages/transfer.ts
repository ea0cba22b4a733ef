import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { ClusterError, sentenceOf } from '../../errors.js';
import { decodeMessage, encodeMessage, OPCODE_QUERY, questionMessage, RCODE, type DnsMessage } from './message.js';
import { formatName, lowerName, type Name } from '../name.js';
import type { ResourceRecord } from '../zone.js';
import type { SharedKey } from './shared-key.js';
import { frame, FrameReader } from './tcp.js';
import { signRequest, TsigVerifier } from './tsig.js';
import { isMetaType, TYPE } from '../types.js';

export interface TransferOptions {
  /** Signs the request, and must have signed the answer. */
  key?: SharedKey | undefined;
  /** Most octets of the answer. 64 MiB where absent. */
  largest?: number;
  /** Milliseconds for the whole transfer, and for silence in it. 5 minutes and 20 s where absent. */
  timeout?: number;
  silence?: number;
  /** This server's clock, milliseconds since 1970. */
  now?: () => number;
}

const LARGEST = 64 * 1024 * 1024;
const TIMEOUT = 300_000;
const SILENCE = 20_000;

/** What a refusal asks of the operator. */
const REFUSED: Readonly<Record<number, string>> = {
  [RCODE.REFUSED]: 'it refuses the transfer (REFUSED): allow it there for this address, or for the key that you give',
  [RCODE.NOTAUTH]: 'it is not authoritative for the zone (NOTAUTH), or does not take the key',
  [RCODE.SERVFAIL]: 'it has the zone and can not serve it (SERVFAIL)',
};

/**
 * A whole zone from one of its nameservers, by AXFR (RFC 5936): its records in the order sent, the SOA once and first.
 * With a key nothing is answered that is not proven by TSIG. Rejects with transfer_failed.
 */
export async function transferZone(
  server: { host: string; port: number },
  zone: Name,
  options: TransferOptions = {},
): Promise<ResourceRecord[]> {
  const socket = connect(server);
  const end = setTimeout(() => socket.destroy(new Error('it took too long')), options.timeout ?? TIMEOUT);
  const silence = options.silence ?? SILENCE;
  socket.setTimeout(silence, () => socket.destroy(new Error(`it was silent for ${silence / 1000} s`)));
  try {
    await once(socket, 'connect');
    return await receive(socket, zone, options);
  } catch (error) {
    const facts = { zone: formatName(zone), server: `${server.host}:${server.port}`, why: sentenceOf(error) };
    throw new ClusterError('transfer_failed', facts, { cause: error });
  } finally {
    clearTimeout(end);
    socket.destroy();
  }
}

async function receive(socket: Socket, zone: Name, options: TransferOptions): Promise<ResourceRecord[]> {
  const { key, largest = LARGEST, now = Date.now } = options;
  const seconds = (): number => Math.floor(now() / 1000);
  const id = randomInt(0x10000);
  const question = encodeMessage(questionMessage(id, zone, TYPE.AXFR));
  const signed = key === undefined ? undefined : signRequest(question, key, seconds());
  const proof = key === undefined || signed === undefined ? undefined : new TsigVerifier(key, signed.mac, seconds);
  socket.write(frame(signed?.octets ?? question));
  const frames = new FrameReader();
  const answer = new TransferAnswer(id, zone);
  let octets = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    octets += chunk.length;
    if (octets > largest) throw new Error(`it is larger than ${largest} octets`);
    frames.push(chunk);
    for (let message = frames.next(); message !== undefined; message = frames.next()) {
      proof?.take(message);
      answer.take(decodeMessage(message));
      if (!answer.isComplete) continue;
      if (proof?.isProven === false) throw new Error('its last message is not signed');
      return answer.records;
    }
  }
  throw new Error('the connection was closed before the end of the zone');
}

/** Puts the messages of a transfer together. */
class TransferAnswer {
  readonly records: ResourceRecord[] = [];
  isComplete = false;
  readonly #id: number;
  readonly #zone: Name;

  constructor(id: number, zone: Name) {
    this.#id = id;
    this.#zone = lowerName(zone);
  }

  take(message: DnsMessage): void {
    if (message.id !== this.#id || !message.response || message.opcode !== OPCODE_QUERY || !this.#isAsked(message)) {
      throw new Error('its answer is not to the question');
    }
    if (message.rcode !== RCODE.NOERROR) {
      throw new Error(REFUSED[message.rcode] ?? `it answers with the response code ${message.rcode}`);
    }
    if (message.tc || message.answer.length === 0) throw new Error('its answer is cut off');
    for (const { class: recordClass, ...record } of message.answer) {
      if (this.isComplete) throw new Error('records follow the end of the zone');
      if (recordClass !== undefined || isMetaType(record.type)) throw new Error('its answer holds what no zone holds');
      this.#add(record);
    }
  }

  /** The first message repeats the question; later ones need not (RFC 5936 §2.2.1). */
  #isAsked({ questions, rcode }: DnsMessage): boolean {
    const [question] = questions;
    if (question === undefined) return this.records.length > 0 || rcode !== RCODE.NOERROR;
    return questions.length === 1 && question.type === TYPE.AXFR && lowerName(question.name) === this.#zone;
  }

  #add(record: ResourceRecord): void {
    const [soa] = this.records;
    const isSoa = record.type === TYPE.SOA && lowerName(record.owner) === this.#zone;
    if (soa === undefined && !isSoa) throw new Error('its answer does not begin with the SOA of the zone');
    if (soa === undefined || !isSoa) {
      this.records.push(record);
      return;
    }
    if (record.rdata !== soa.rdata) throw new Error('the zone changed while it was transferred; try again');
    this.isComplete = true;
  }
}
