import { nameAt, NameError, type Name } from './name.js';

/** What is wrong with octets that should be rdata, or with text that cannot become rdata. */
export class RdataError extends Error {}

/** Throws RdataError with `why` unless `condition` holds. */
export function demand(condition: boolean, why: string): asserts condition {
  if (!condition) throw new RdataError(why);
}

const MAX_RDATA = 65535; // RDLENGTH is 16 bits (RFC 1035 §3.2.1)

/** Collects the octets of one rdata. Writes past the end of the buffer are dropped by it and refused by `toString`. */
export class OctetWriter {
  readonly octets = Buffer.alloc(MAX_RDATA + 512);
  length = 0;

  u8(value: number): void {
    this.octets[this.length++] = value;
  }

  u16(value: number): void {
    this.octets[this.length++] = value >>> 8;
    this.octets[this.length++] = value;
  }

  u32(value: number): void {
    this.u16(value >>> 16);
    this.u16(value & 0xffff);
  }

  /** Octets `start` to `end` of `source`. */
  copy(source: Uint8Array, start: number, end: number): void {
    for (let i = start; i < end; i++) this.octets[this.length++] = source[i] ?? 0;
  }

  /** An octet string. */
  text(octets: string): void {
    for (let i = 0; i < octets.length; i++) this.octets[this.length++] = octets.charCodeAt(i);
  }

  /** All octets written, as a flat string that shares no memory with any other. Throws RdataError when too long. */
  toString(): string {
    if (this.length > MAX_RDATA) throw new RdataError(`the rdata is longer than ${MAX_RDATA} octets`);
    return this.octets.toString('latin1', 0, this.length);
  }
}

/** Reads an octet string from left to right. Every method throws RdataError where the octets end too early. */
export class OctetReader {
  at = 0;
  constructor(readonly octets: string) {}

  get remaining(): number {
    return this.octets.length - this.at;
  }

  u8(): number {
    if (this.at >= this.octets.length) throw new RdataError('the rdata ends too early');
    return this.octets.charCodeAt(this.at++);
  }

  u16(): number {
    return this.u8() * 256 + this.u8();
  }

  u32(): number {
    return this.u16() * 65536 + this.u16();
  }

  take(length: number): string {
    if (length > this.remaining) throw new RdataError('the rdata ends too early');
    this.at += length;
    return this.octets.slice(this.at - length, this.at);
  }

  rest(): string {
    return this.take(this.remaining);
  }

  name(): Name {
    try {
      const name = nameAt(this.octets, this.at);
      this.at += name.length;
      return name;
    } catch (error) {
      throw error instanceof NameError ? new RdataError(error.message) : error;
    }
  }
}

/** An octet string as upper-case hexadecimal. */
export function toHex(octets: string): string {
  return Buffer.from(octets, 'latin1').toString('hex').toUpperCase();
}
