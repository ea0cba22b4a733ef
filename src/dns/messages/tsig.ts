import { createHmac, timingSafeEqual } from 'node:crypto';
import { CLASS_ANY, RCODE, type MessageRecord } from './message.js';
import { DnsFormatError, MessageReader } from './message-octets.js';
import { lowerName, parseName, type Name } from '../name.js';
import { demand, OctetReader, RdataError } from '../octets.js';
import type { SharedKey } from './shared-key.js';
import { TYPE } from '../types.js';

/**
 * Transaction signatures (RFC 8945): who shares a key with a server proves by it that messages are from the other,
 * unchanged.
 */

const ARCOUNT_AT = 10;
/** Seconds by which clocks may differ (RFC 8945 §10). */
const FUDGE = 300;
/** Messages in a row of an answer that may go without a signature (RFC 8945 §5.3.1). */
const MOST_UNSIGNED = 99;
const BADKEY = 17;
const BADTIME = 18;
/** What servers say of a request's signature (RFC 8945 §5.2). */
const REFUSALS: Readonly<Record<number, string>> = {
  16: 'it says that the signature is wrong (BADSIG): the secret is not the one that it has for this key',
  17: 'it does not know the key (BADKEY): the name or the algorithm of the key is another one there',
  22: 'it says that the signature is too short (BADTRUNC)',
};

/** A message that is not signed as it must be. */
export class TsigError extends Error {}

/** What a TSIG record says (RFC 8945 §4.2). */
interface Tsig {
  keyName: Name;
  algorithm: Name;
  /** Seconds since 1970. */
  time: number;
  fudge: number;
  mac: Buffer;
  originalId: number;
  error: number;
  other: Buffer;
}

/** Signs a request. `time`: seconds since 1970. The answer is signed over `mac`, too. */
export function signRequest(message: Buffer, key: SharedKey, time: number): { octets: Buffer; mac: Buffer } {
  const { keyName, algorithm } = namesOf(key);
  const tsig = { keyName, algorithm, time, fudge: FUDGE, error: 0, other: Buffer.alloc(0) };
  const mac = hmac(key).update(message).update(variables(tsig)).digest();
  const rdata = Buffer.concat([
    ...[Buffer.from(algorithm, 'latin1'), timers(tsig), u16(mac.length), mac],
    ...[message.subarray(0, 2), u16(0), u16(0)],
  ]);
  return { octets: withTsig(message, keyName, rdata), mac };
}

/**
 * The answer of a server that has no keys to a question with this TSIG record: it does not know that key, and signs
 * nothing (RFC 8945 §5.2.1). `time`: seconds since 1970. Throws DnsFormatError where the record is malformed.
 */
export function withUnknownKey(answer: Buffer, { owner, rdata }: MessageRecord, time: number): Buffer {
  const { algorithm } = readRdata(rdata);
  const ending = [timers({ time, fudge: FUDGE }), u16(0), answer.subarray(0, 2), u16(BADKEY), u16(0)];
  return withTsig(answer, owner, Buffer.concat([Buffer.from(algorithm, 'latin1'), ...ending]));
}

function withTsig(message: Buffer, keyName: Name, rdata: Buffer): Buffer {
  const head = Buffer.concat([Buffer.from(keyName, 'latin1'), u16(TYPE.TSIG), u16(CLASS_ANY), Buffer.alloc(4)]);
  const octets = Buffer.concat([message, head, u16(rdata.length), rdata]);
  octets.writeUInt16BE(message.readUInt16BE(ARCOUNT_AT) + 1, ARCOUNT_AT);
  return octets;
}

/**
 * Checks an answer of several messages, as a zone transfer is: each signature covers the one before it and all messages
 * since. Nothing of the answer may be believed before `isProven`.
 */
export class TsigVerifier {
  readonly #key: SharedKey;
  readonly #now: () => number;
  #before: Buffer;
  #unsigned: Buffer[] = [];
  #isFirst = true;

  /** `requestMac`: of the signed request. `now`: seconds since 1970. */
  constructor(key: SharedKey, requestMac: Buffer, now: () => number) {
    this.#key = key;
    this.#before = requestMac;
    this.#now = now;
  }

  /** Is the message that was taken last signed? Then so are all before it. */
  get isProven(): boolean {
    return this.#unsigned.length === 0;
  }

  /** Takes the next message as it came. Throws TsigError, and DnsFormatError where it is no message. */
  take(message: Buffer): void {
    const { bare, tsig } = withoutTsig(message);
    if (tsig === undefined) {
      // What a server says against the request proves nothing, signed or not: the reader says it.
      if (this.#isFirst && rcodeOf(bare) === RCODE.NOERROR)
        throw new TsigError('its answer is not signed with the key');
      if (this.#unsigned.push(bare) > MOST_UNSIGNED) throw new TsigError('too many messages in a row are not signed');
      return;
    }
    const { keyName, algorithm } = namesOf(this.#key);
    if (lowerName(tsig.keyName) !== keyName) throw new TsigError('the answer is signed with another key');
    const refusal = REFUSALS[tsig.error];
    if (refusal !== undefined) throw new TsigError(refusal);
    // Of a clock that differs the server's own time is told, signed like any answer; to say it needs no proof.
    if (tsig.error === BADTIME)
      throw this.#clockDiffers(tsig.other.length === 6 ? tsig.other.readUIntBE(0, 6) : tsig.time);
    if (lowerName(tsig.algorithm) !== algorithm) throw new TsigError('the answer is signed by another algorithm');
    this.#prove(bare, tsig);
    if (Math.abs(this.#now() - tsig.time) > tsig.fudge) throw this.#clockDiffers(tsig.time);
    this.#before = tsig.mac;
    this.#unsigned = [];
    this.#isFirst = false;
  }

  #prove(bare: Buffer, tsig: Tsig): void {
    const whole = hmac(this.#key).update(u16(this.#before.length)).update(this.#before);
    for (const message of this.#unsigned) whole.update(message);
    // The ID may have been changed on its way (RFC 8945 §4.3.1).
    bare.writeUInt16BE(tsig.originalId, 0);
    whole.update(bare).update(this.#isFirst ? variables(tsig) : timers(tsig));
    const mac = whole.digest();
    // Shortened signatures are allowed where both agree to them; we ask for none.
    if (mac.length !== tsig.mac.length || !timingSafeEqual(mac, tsig.mac)) {
      throw new TsigError(
        'the signature of its answer is wrong: it was changed on its way, or the secret is another one there',
      );
    }
  }

  #clockDiffers(time: number): TsigError {
    const difference = Math.round(time - this.#now());
    const how = `${Math.abs(difference)} s ${difference > 0 ? 'ahead of' : 'behind'} this one's`;
    return new TsigError(`its clock is ${how} (BADTIME): set both by NTP`);
  }
}

/**
 * A copy of the message as it was before it was signed, and its TSIG record, where it has one: its last (RFC 8945
 * §5.1).
 */
function withoutTsig(message: Buffer): { bare: Buffer; tsig?: Tsig } {
  const reader = new MessageReader(message.toString('latin1'));
  reader.octets(4);
  const [questions, ...records] = [reader.u16(), reader.u16(), reader.u16(), reader.u16()] as const;
  for (let i = 0; i < questions; i++) {
    reader.name();
    reader.octets(4);
  }
  const count = records.reduce((sum, many) => sum + many, 0);
  for (let i = 1; i <= count; i++) {
    const start = reader.at;
    const keyName = reader.name();
    const type = reader.u16();
    const recordClass = reader.u16();
    reader.octets(4);
    const rdata = reader.octets(reader.u16());
    if (type !== TYPE.TSIG) continue;
    if (i !== count || records[2] === 0 || recordClass !== CLASS_ANY)
      throw new TsigError('its TSIG record is misplaced');
    const bare = Buffer.from(message.subarray(0, start));
    bare.writeUInt16BE(records[2] - 1, ARCOUNT_AT);
    return { bare, tsig: { keyName, ...readRdata(rdata) } };
  }
  return { bare: Buffer.from(message) };
}

function rcodeOf(message: Buffer): number {
  return message.readUInt8(3) & 15;
}

function readRdata(rdata: string): Omit<Tsig, 'keyName'> {
  try {
    const reader = new OctetReader(rdata);
    const algorithm = reader.name();
    const time = reader.u16() * 2 ** 32 + reader.u32();
    const fudge = reader.u16();
    const mac = Buffer.from(reader.take(reader.u16()), 'latin1');
    const originalId = reader.u16();
    const error = reader.u16();
    const other = Buffer.from(reader.take(reader.u16()), 'latin1');
    demand(reader.remaining === 0, 'octets follow it');
    return { algorithm, time, fudge, mac, originalId, error, other };
  } catch (error) {
    throw error instanceof RdataError ? new DnsFormatError(`its TSIG record is malformed: ${error.message}`) : error;
  }
}

function namesOf(key: SharedKey): { keyName: Name; algorithm: Name } {
  const dotted = key.name.endsWith('.') ? key.name : `${key.name}.`;
  return { keyName: lowerName(parseName(dotted)), algorithm: parseName(`hmac-${key.algorithm}.`) };
}

function hmac(key: SharedKey): ReturnType<typeof createHmac> {
  return createHmac(key.algorithm, key.secret);
}

function u16(value: number): Buffer {
  const octets = Buffer.allocUnsafe(2);
  octets.writeUInt16BE(value);
  return octets;
}

/** Time and fudge, which is all that later messages of an answer are signed over besides their own octets. */
function timers({ time, fudge }: Pick<Tsig, 'time' | 'fudge'>): Buffer {
  const octets = Buffer.allocUnsafe(6);
  octets.writeUIntBE(time, 0, 6);
  return Buffer.concat([octets, u16(fudge)]);
}

/** RFC 8945 §4.3.3: what of the record is signed, names in their canonical form. */
function variables(tsig: Pick<Tsig, 'keyName' | 'algorithm' | 'time' | 'fudge' | 'error' | 'other'>): Buffer {
  const { keyName, algorithm, error, other } = tsig;
  return Buffer.concat([
    Buffer.from(lowerName(keyName), 'latin1'),
    ...[u16(CLASS_ANY), Buffer.alloc(4), Buffer.from(lowerName(algorithm), 'latin1')],
    ...[timers(tsig), u16(error), u16(other.length), other],
  ]);
}
