import type { Name } from '../name.js';
import { TYPE } from '../types.js';

/** Octets that are not a DNS message. The only error that decoding throws. */
export class DnsFormatError extends Error {
  override name = 'DnsFormatError';
}

/** A piece of rdata: so many octets, a character-string, a domain name, or all that is left. */
type Piece = number | 'string' | 'name' | 'rest';

/**
 * Rdata that may arrive with compressed names. The types of RFC 1035 are compressed by us too; the others are only
 * decompressed (RFC 3597 §4), since no receiver must expect them compressed.
 */
const LAYOUTS: Readonly<Record<number, { pieces: readonly Piece[]; compress: boolean } | undefined>> = {
  [TYPE.NS]: { pieces: ['name'], compress: true },
  [TYPE.MD]: { pieces: ['name'], compress: true },
  [TYPE.MF]: { pieces: ['name'], compress: true },
  [TYPE.CNAME]: { pieces: ['name'], compress: true },
  [TYPE.SOA]: { pieces: ['name', 'name', 20], compress: true },
  [TYPE.MB]: { pieces: ['name'], compress: true },
  [TYPE.MG]: { pieces: ['name'], compress: true },
  [TYPE.MR]: { pieces: ['name'], compress: true },
  [TYPE.PTR]: { pieces: ['name'], compress: true },
  [TYPE.MINFO]: { pieces: ['name', 'name'], compress: true },
  [TYPE.MX]: { pieces: [2, 'name'], compress: true },
  [TYPE.RP]: { pieces: ['name', 'name'], compress: false },
  [TYPE.AFSDB]: { pieces: [2, 'name'], compress: false },
  [TYPE.RT]: { pieces: [2, 'name'], compress: false },
  [TYPE.SIG]: { pieces: [18, 'name', 'rest'], compress: false },
  [TYPE.PX]: { pieces: [2, 'name', 'name'], compress: false },
  [TYPE.NXT]: { pieces: ['name', 'rest'], compress: false },
  [TYPE.SRV]: { pieces: [6, 'name'], compress: false },
  [TYPE.NAPTR]: { pieces: [4, 'string', 'string', 'string', 'name'], compress: false },
};

const POINTER = 0xc0;
const FURTHEST = 0x3fff; // a pointer has 14 bits, RFC 1035 §4.1.4
const MAX_NAME = 255;
const MAX_POINTERS = 127; // a name has at most 127 labels; more pointers than that only burn time

/** Reads a message's fields in turn; every read past the end throws DnsFormatError. */
export class MessageReader {
  at = 0;
  /** The whole message, one character per octet. */
  readonly #octets: string;

  constructor(octets: string) {
    this.#octets = octets;
  }

  /** Octets that are not read yet. */
  get left(): number {
    return this.#octets.length - this.at;
  }

  u16(): number {
    const octets = this.octets(2);
    return (octets.charCodeAt(0) << 8) | octets.charCodeAt(1);
  }

  u32(): number {
    return this.u16() * 0x10000 + this.u16();
  }

  octets(length: number): string {
    const end = this.at + length;
    if (end > this.#octets.length) throw new DnsFormatError('the message ends too early');
    const octets = this.#octets.slice(this.at, end);
    this.at = end;
    return octets;
  }

  /** A name, decompressed. Each pointer must go further back than the last, so that no loop is possible. */
  name(): Name {
    const octets = this.#octets;
    let wire = '';
    let at = this.at;
    let runStart = at;
    let floor = at;
    let pointers = 0;
    for (;;) {
      const length = octets.charCodeAt(at);
      if (length < 64) {
        at += 1 + length;
        if (at > octets.length) throw new DnsFormatError('a name ends too early');
        if (wire.length + at - runStart > MAX_NAME) throw new DnsFormatError('a name is longer than 255 octets');
        if (length > 0) continue;
        wire += octets.slice(runStart, at);
        if (pointers === 0) this.at = at;
        return wire as Name;
      }
      if (!(length >= POINTER) || at + 1 >= octets.length) throw new DnsFormatError('a label is malformed');
      const target = ((length & 0x3f) << 8) | octets.charCodeAt(at + 1);
      if (target >= floor) throw new DnsFormatError('a compression pointer does not point backwards');
      if (++pointers > MAX_POINTERS) throw new DnsFormatError('a name has too many compression pointers');
      wire += octets.slice(runStart, at);
      if (pointers === 1) this.at = at + 2;
      at = runStart = floor = target;
    }
  }

  /** Rdata of this type, with names decompressed where the type may hold compressed ones. */
  rdata(type: number, length: number): string {
    const end = this.at + length;
    const pieces = LAYOUTS[type]?.pieces;
    if (pieces === undefined) return this.octets(length);
    let rdata = '';
    for (const piece of pieces) {
      if (piece === 'name') rdata += this.name();
      else if (piece === 'rest') rdata += this.octets(Math.max(0, end - this.at));
      else if (piece === 'string') rdata += this.#characterString();
      else rdata += this.octets(piece);
    }
    if (this.at !== end) throw new DnsFormatError('rdata does not have the length that it claims');
    return rdata;
  }

  #characterString(): string {
    const length = this.octets(1);
    return length + this.octets(length.charCodeAt(0));
  }
}

/**
 * Writes a message's fields in turn. Names are compressed against names of the very same octets only, as BIND does by
 * default, so that every name keeps its case (RFC 4343 §4.1 leaves it to the server).
 */
export class MessageWriter {
  at = 0;
  readonly #buffer: Buffer;
  readonly #written = new Map<string, number>();

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  u16(value: number): void {
    this.at = this.#buffer.writeUInt16BE(value, this.at);
  }

  u32(value: number): void {
    this.at = this.#buffer.writeUInt32BE(value, this.at);
  }

  octets(octets: string): void {
    this.at += this.#buffer.write(octets, this.at, 'latin1');
  }

  name(name: string): void {
    for (let at = 0, length = name.charCodeAt(0); length > 0; length = name.charCodeAt(at)) {
      const suffix = at === 0 ? name : name.slice(at);
      const written = this.#written.get(suffix);
      if (written !== undefined) {
        this.u16((POINTER << 8) | written);
        return;
      }
      if (this.at <= FURTHEST) this.#written.set(suffix, this.at);
      this.octets(name.slice(at, at + 1 + length));
      at += 1 + length;
    }
    this.#buffer[this.at++] = 0;
  }

  /** Length and rdata, names compressed where the type allows it. */
  rdata(type: number, rdata: string): void {
    const lengthAt = this.at;
    this.at += 2;
    const layout = LAYOUTS[type];
    if (layout?.compress === true) this.#pieces(layout.pieces, rdata);
    else this.octets(rdata);
    this.#buffer.writeUInt16BE(this.at - lengthAt - 2, lengthAt);
  }

  #pieces(pieces: readonly Piece[], rdata: string): void {
    let at = 0;
    for (const piece of pieces) {
      let end = at;
      if (piece === 'name') {
        while (rdata.charCodeAt(end) > 0) end += 1 + rdata.charCodeAt(end);
        this.name(rdata.slice(at, ++end));
      } else {
        end = typeof piece === 'number' ? at + piece : rdata.length;
        this.octets(rdata.slice(at, end));
      }
      at = end;
    }
  }
}
