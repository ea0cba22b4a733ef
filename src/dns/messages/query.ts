import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import pLimit from 'p-limit';
import { ClusterError, sentenceOf } from '../../errors.js';
import { cutOffBy } from '../../operations/cut-off.js';
import { formatName, lowerName, type Name } from '../name.js';
import {
  CLASS_IN,
  decodeMessage,
  encodeMessage,
  OPCODE_QUERY,
  questionMessage,
  RCODE,
  type DnsMessage,
} from './message.js';
import type { ResourceRecord } from '../zone.js';
import { soaSerial } from '../serial.js';
import { exchangeOverTcp } from './tcp.js';
import { TYPE } from '../types.js';

/** A nameserver's answer to one question. */
export interface DnsAnswer {
  rcode: number;
  aa: boolean;
  tc: boolean;
  answer: ResourceRecord[];
  authority: ResourceRecord[];
  additional: ResourceRecord[];
}

export interface QueryOptions {
  /** Milliseconds for a whole question; over UDP it is sent again and again meanwhile. 2000 where absent. */
  timeout?: number;
  /** Ask over TCP from the start; else UDP, and TCP where the answer is truncated. */
  tcp?: boolean;
  /** Sets the DO bit. */
  dnssec?: boolean;
  /** Largest UDP answer announced by EDNS, octets; 0 asks without EDNS. 1232 where absent. */
  bufsize?: number;
  /** Closes the client. */
  signal?: AbortSignal | undefined;
}

/** Where a nameserver answers. */
export interface DnsServer {
  host: string;
  port: number;
  /** The address at which this host may be asked, or a rejection; where absent, what the system's resolver gives. */
  addressOf?: (host: string) => Promise<string>;
}

/** A question under way: what it asks, and what to do with what comes of it. */
interface Asked {
  name: Name;
  type: number;
  answered: (message: DnsMessage) => void;
  failed: (why: string) => void;
}

const TIMEOUT = 2_000;
// Until a UDP question is sent again, milliseconds; then twice as long. Servers that limit
// their rate drop half of what is above it, and answer the other half by "truncated".
const AGAIN = 200;
const UDP_SIZE = 1232; // avoids IP fragments on any usual path (DNS Flag Day 2020)
// Answers wait in the socket's buffer while this process is busy; Linux keeps about 270 small ones by default, counted
// with their overhead, and drops the rest.
const IN_FLIGHT = 250;
// BIND's default listen queue is 10 connections; what comes beyond is dropped, and tried again after a second.
const CONNECTIONS = 8;
const RECEIVE_BUFFER = 1 << 20;

/**
 * Asks one nameserver many questions, without recursion, over one UDP socket, at most 250 under way at a time, the
 * others wait. The socket is connected, so that only this server's datagrams arrive, and a port where nobody listens is
 * known at once.
 */
export class DnsClient {
  readonly #server: DnsServer;
  readonly #options: QueryOptions;
  readonly #timeout: number;
  readonly #asked = new Map<number, Asked>();
  readonly #limit = pLimit(IN_FLIGHT);
  readonly #connectionLimit = pLimit(CONNECTIONS);
  #socket: Promise<Socket> | undefined;
  /** The server refused some of what is under way: all of it fails in the next turn. */
  #refused = false;
  readonly #closing = new AbortController();

  constructor(server: DnsServer, options: QueryOptions = {}) {
    this.#server = server;
    this.#options = options;
    this.#timeout = options.timeout ?? TIMEOUT;
    options.signal?.addEventListener('abort', this.close);
    if (options.signal?.aborted === true) this.close();
  }

  /** Asks one question. Rejects with dns_no_answer; any rcode is an answer. */
  async query(name: Name, type: number): Promise<DnsAnswer> {
    return this.#limit(async () => {
      const message = this.#options.tcp === true ? undefined : await this.#overUdp(name, type);
      const { rcode, aa, tc, answer, authority, additional } =
        message === undefined || message.tc ? await this.#connectionLimit(() => this.#overTcp(name, type)) : message;
      return { rcode, aa, tc, answer, authority, additional };
    });
  }

  /**
   * The serial that the server gives with authority for the zone at this apex; undefined where it serves no such zone.
   */
  async soaSerial(name: Name): Promise<number | undefined> {
    const { rcode, aa, answer } = await this.query(name, TYPE.SOA);
    if (rcode !== RCODE.NOERROR || !aa) return undefined;
    const apex = lowerName(name);
    return soaSerial(answer.filter((record) => lowerName(record.owner) === apex));
  }

  /** Ends every question under way. Idempotent. */
  readonly close = (): void => {
    if (this.#closing.signal.aborted) return;
    this.#options.signal?.removeEventListener('abort', this.close);
    this.#closing.abort(new Error('the client was closed'));
    this.#failAll('the client was closed');
    void this.#socket?.then((socket) => socket.close()).catch(() => undefined);
  };

  async #overUdp(name: Name, type: number): Promise<DnsMessage> {
    const socket = await this.#open(name);
    return new Promise((resolve, reject) => {
      const id = this.#freeId();
      const message = this.#question(id, name, type);
      let wait = Math.min(AGAIN, this.#timeout / 2);
      const sendAgain = (): void => {
        this.#send(socket, message);
        wait *= 2;
        again = setTimeout(sendAgain, wait);
      };
      let again = setTimeout(sendAgain, wait);
      const end = setTimeout(() => {
        this.#asked.get(id)?.failed(`within ${this.#timeout} ms`);
      }, this.#timeout);
      const finish = (): void => {
        clearTimeout(again);
        clearTimeout(end);
        this.#asked.delete(id);
      };
      this.#asked.set(id, {
        name,
        type,
        answered: (answer) => {
          finish();
          resolve(answer);
        },
        failed: (why) => {
          finish();
          reject(this.#noAnswer(name, why));
        },
      });
      this.#send(socket, message);
    });
  }

  /**
   * The kernel tells of an earlier datagram that nobody listens by refusing this one, and says so only to a callback,
   * before the event loop goes on. Those who wait for a place send next: all fail once in a turn, so that others run
   * between, where many questions go to a server that is down.
   */
  #send(socket: Socket, message: Buffer): void {
    socket.send(message, (error: NodeJS.ErrnoException | null) => {
      if (error?.code !== 'ECONNREFUSED' || this.#refused) return;
      this.#refused = true;
      setImmediate(() => {
        this.#refused = false;
        this.#failAll('ECONNREFUSED');
      });
    });
  }

  /** The one socket, opened with the first question. */
  async #open(name: Name): Promise<Socket> {
    try {
      this.#socket ??= cutOffBy([this.#closing.signal], (signal) => this.#connect(signal));
      const socket = await this.#socket;
      this.#closing.signal.throwIfAborted();
      return socket;
    } catch (error) {
      this.#socket = undefined;
      throw this.#noAnswer(name, sentenceOf(error));
    }
  }

  async #connect(signal: AbortSignal): Promise<Socket> {
    const address = await addressOf(this.#server);
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const type = isIPv6(address) ? 'udp6' : 'udp4';
      const socket = createSocket({ type, recvBufferSize: RECEIVE_BUFFER, signal });
      socket.on('message', (octets) => this.#received(octets));
      // Refused (ICMP port unreachable) tells nothing of which question it was; nobody listens, so it is all of them.
      socket.on('error', (error) => {
        this.#failAll(error.message);
        reject(error);
      });
      socket.connect(this.#server.port, address, () => resolve(socket));
    });
  }

  #received(octets: Buffer): void {
    const message = tryDecode(octets);
    const asked = message === undefined ? undefined : this.#asked.get(message.id);
    if (message === undefined || asked === undefined || !answers(message, asked)) return; // late, or not ours
    asked.answered(message);
  }

  async #overTcp(name: Name, type: number): Promise<DnsMessage> {
    const id = randomInt(0x10000);
    let octets: Buffer;
    try {
      octets = await cutOffBy([this.#closing.signal], async (signal) => {
        const server = { host: await addressOf(this.#server), port: this.#server.port, signal };
        signal.throwIfAborted();
        return exchangeOverTcp(server, this.#question(id, name, type), this.#timeout);
      });
    } catch (error) {
      throw this.#noAnswer(name, `over TCP: ${sentenceOf(error)}`);
    }
    const message = tryDecode(octets);
    if (message?.id === id && answers(message, { name, type })) return message;
    throw this.#noAnswer(name, 'over TCP: the answer is not to the question');
  }

  #question(id: number, name: Name, type: number): Buffer {
    const udpSize = this.#options.bufsize ?? UDP_SIZE;
    return encodeMessage({
      ...questionMessage(id, name, type),
      ...(udpSize === 0 ? {} : { edns: { udpSize, version: 0, dnssecOk: this.#options.dnssec === true, options: '' } }),
    });
  }

  /** Random, so that it can't be guessed from outside (RFC 5452 §4.3); few of the 65536 are ever taken. */
  #freeId(): number {
    let id = randomInt(0x10000);
    while (this.#asked.has(id)) id = randomInt(0x10000);
    return id;
  }

  #failAll(why: string): void {
    for (const asked of [...this.#asked.values()]) asked.failed(why);
  }

  #noAnswer(name: Name, why: string): ClusterError {
    return new ClusterError('dns_no_answer', {
      server: `${this.#server.host}:${this.#server.port}`,
      name: formatName(name),
      why,
    });
  }
}

async function addressOf({ host, addressOf }: DnsServer): Promise<string> {
  return addressOf === undefined ? host : addressOf(host);
}

function tryDecode(octets: Buffer): DnsMessage | undefined {
  try {
    return decodeMessage(octets);
  } catch {
    return undefined;
  }
}

/**
 * Is this a response to that question? The question comes back as it was asked (RFC 5452 §3), or not at all with an
 * error.
 */
function answers(message: DnsMessage, asked: { name: Name; type: number }): boolean {
  if (!message.response || message.opcode !== OPCODE_QUERY) return false;
  const [question] = message.questions;
  if (question === undefined) return message.rcode !== RCODE.NOERROR;
  return (
    message.questions.length === 1 &&
    question.type === asked.type &&
    question.class === CLASS_IN &&
    lowerName(question.name) === lowerName(asked.name)
  );
}
