import type { Zone, ResourceRecord } from './zone.js';
import { OctetReader } from './octets.js';
import { TYPE } from './types.js';

const HALF = 0x80000000;

/** Is this number, as somebody else wrote it, one that a serial can be? */
export function isSerial(number: number): boolean {
  return Number.isInteger(number) && number >= 0 && number <= 0xffffffff;
}

/**
 * Serial number arithmetic (RFC 1982 §3.2): negative where `a` is older than `b`, 0 where they are equal, positive
 * where it is newer. RFC 1982 leaves serials exactly 2^31 apart undefined; `a` counts as older then, so that nobody
 * overwrites.
 */
export function compareSerials(a: number, b: number): number {
  const distance = (a - b) >>> 0;
  if (distance === 0) return 0;
  return distance < HALF ? 1 : -1;
}

/** The serial one above the highest of `serials`, wrapping at 2^32; never 0, which some software takes for "none". */
export function nextSerial(...serials: readonly number[]): number {
  let highest = 0;
  for (const serial of serials) if (highest === 0 || compareSerials(serial, highest) > 0) highest = serial;
  return (highest + 1) >>> 0 || 1;
}

/**
 * The serial of an edit: the first of today where `serial` is a date and a counter (as 2024010102) of the past, else
 * one above.
 */
export function serialOfEdit(serial: number, now: Date): number {
  const first = Number(now.toISOString().slice(0, 10).replaceAll('-', '')) * 100 + 1;
  const isDated = /^(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d\d$/.test(String(serial));
  return isDated && compareSerials(first, serial) > 0 ? first : nextSerial(serial);
}

/** The serial of the first SOA among `records`, or undefined. */
export function soaSerial(records: readonly ResourceRecord[]): number | undefined {
  const soa = records.find((record) => record.type === TYPE.SOA);
  if (soa === undefined) return undefined;
  const reader = new OctetReader(soa.rdata);
  reader.name();
  reader.name();
  return reader.u32();
}

/**
 * `text` with the digits of its SOA serial replaced, every other octet kept, and what `parseZone` says of that. `zone`
 * is what it said of this very text. Nothing is parsed for it: one word of digits stands for another, in the only SOA
 * that there is, so every other word and record is read as before. Throws RangeError where the text does not spell its
 * serial so (`zone.serialAt` is absent).
 */
export function withSerial(text: Buffer, zone: Zone, serial: number): { text: Buffer; zone: Zone } {
  const at = zone.serialAt;
  if (at === undefined) throw new RangeError('the text of this zone does not spell its serial as a number');
  const digits = Buffer.from(String(serial >>> 0));
  const records = zone.records.map((record) =>
    record.type === TYPE.SOA ? { ...record, rdata: rdataWithSerial(record.rdata, serial) } : record,
  );
  return {
    text: Buffer.concat([text.subarray(0, at.start), digits, text.subarray(at.end)]),
    zone: { ...zone, records, serialAt: { start: at.start, end: at.start + digits.length } },
  };
}

/** The serial is the first of the five numbers at the end (RFC 1035 §3.3.13). */
function rdataWithSerial(rdata: string, serial: number): string {
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(serial >>> 0);
  return rdata.slice(0, -20) + octets.toString('latin1') + rdata.slice(-16);
}
