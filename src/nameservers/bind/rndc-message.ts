import { createHmac, timingSafeEqual } from 'node:crypto';
import type { RndcKey } from './rndc-key.js';

/**
 * Messages of BIND's control channel (lib/isccc): an octet count, a version, and a table of tables. The first entry,
 * `_auth`, holds an HMAC over everything after it.
 */
export interface RndcMessage {
  [key: string]: string | RndcMessage;
}

/** What is wrong with octets that should be a message. */
export class RndcFormatError extends Error {}

/** Octet counts of the length field and of a length field with the version that follows it. */
export const LENGTH_SIZE = 4;
const HEADER_SIZE = 8;
const VERSION = 1;
const BINARY = 1;
const TABLE = 2;
const MAX_DEPTH = 4;
/** Octets of a signature: the algorithm's number and room for the base64 of the longest HMAC. */
const SIGNATURE_SIZE = 89;

/** The numbers of the algorithms in signatures. */
const ALGORITHMS: Readonly<Record<RndcKey['algorithm'], number>> = {
  sha1: 161,
  sha224: 162,
  sha256: 163,
  sha384: 164,
  sha512: 165,
};

/** The octets of a signed message. */
export function encodeMessage(message: RndcMessage, key: RndcKey): Buffer {
  const content = encodeTable(message);
  const auth = Buffer.concat([encodeKey('_auth'), encodeValue(TABLE, encodeEntry('hsha', signature(content, key)))]);
  const header = Buffer.alloc(HEADER_SIZE);
  header.writeUInt32BE(LENGTH_SIZE + auth.length + content.length, 0);
  header.writeUInt32BE(VERSION, LENGTH_SIZE);
  return Buffer.concat([header, auth, content]);
}

/** Reads a whole message (with its length). Throws RndcFormatError where it is no message or is not signed by `key`. */
export function decodeMessage(octets: Buffer, key: RndcKey): RndcMessage {
  if (octets.length < HEADER_SIZE || octets.readUInt32BE(LENGTH_SIZE) !== VERSION) {
    throw new RndcFormatError('it is not a message of version 1');
  }
  const auth = new TableReader(octets.subarray(HEADER_SIZE));
  const [name, value] = auth.entry(0);
  const signed = typeof value === 'string' || name !== '_auth' ? undefined : value['hsha'];
  const content = auth.rest();
  if (typeof signed !== 'string') throw new RndcFormatError('it is not signed');
  const given = Buffer.from(signed, 'latin1');
  const expected = signature(content, key);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new RndcFormatError('its signature is not by our key');
  }
  return new TableReader(content).table(0);
}

function signature(content: Buffer, key: RndcKey): Buffer {
  const digest = createHmac(key.algorithm, key.secret).update(content).digest('base64');
  const octets = Buffer.alloc(SIGNATURE_SIZE);
  octets[0] = ALGORITHMS[key.algorithm];
  octets.write(digest, 1, 'latin1');
  return octets;
}

function encodeTable(table: RndcMessage): Buffer {
  return Buffer.concat(
    Object.entries(table).map(([key, value]) =>
      typeof value === 'string'
        ? encodeEntry(key, Buffer.from(value, 'latin1'))
        : Buffer.concat([encodeKey(key), encodeValue(TABLE, encodeTable(value))]),
    ),
  );
}

function encodeEntry(key: string, value: Buffer): Buffer {
  return Buffer.concat([encodeKey(key), encodeValue(BINARY, value)]);
}

function encodeKey(key: string): Buffer {
  return Buffer.concat([Buffer.of(key.length), Buffer.from(key, 'latin1')]);
}

function encodeValue(type: number, value: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head[0] = type;
  head.writeUInt32BE(value.length, 1);
  return Buffer.concat([head, value]);
}

class TableReader {
  readonly #octets: Buffer;
  #at = 0;

  constructor(octets: Buffer) {
    this.#octets = octets;
  }

  table(depth: number): RndcMessage {
    const entries: [string, string | RndcMessage][] = [];
    while (this.#at < this.#octets.length) entries.push(this.entry(depth));
    return Object.fromEntries(entries);
  }

  entry(depth: number): [string, string | RndcMessage] {
    const key = this.#take(this.#take(1)[0] ?? 0).toString('latin1');
    const type = this.#take(1)[0];
    const value = this.#take(this.#take(LENGTH_SIZE).readUInt32BE());
    if (type !== TABLE) return [key, value.toString('latin1')];
    if (depth >= MAX_DEPTH) throw new RndcFormatError('its tables are nested too deep');
    return [key, new TableReader(value).table(depth + 1)];
  }

  rest(): Buffer {
    return this.#take(this.#octets.length - this.#at);
  }

  #take(length: number): Buffer {
    if (length > this.#octets.length - this.#at) throw new RndcFormatError('it ends too early');
    this.#at += length;
    return this.#octets.subarray(this.#at - length, this.#at);
  }
}
