import { demand, type OctetReader } from '../octets.js';
import type { RdataText } from '../rdata-text.js';
import type { Field } from './field.js';

const EQUATOR = 0x80000000;
const MILLISECONDS_PER_DEGREE = 3_600_000;
const BELOW = 10_000_000; // altitudes count centimetres from 100,000 m below the reference (RFC 1876 §2)
/** Size and precisions where none is written: 1 m, 10,000 m, 10 m (RFC 1876 §3). */
const DEFAULT_SIZES = [0x12, 0x16, 0x13];

/** The whole rdata of LOC (RFC 1876). */
export function location(): Field {
  return {
    parse(text, out) {
      const latitude = parseAngle(text, 'latitude', 90, 'N', 'S');
      const longitude = parseAngle(text, 'longitude', 180, 'E', 'W');
      const altitude = parseMetres(text, 'the altitude', -100_000, 42_849_672.95);
      const sizes = DEFAULT_SIZES.map((size) =>
        text.more() ? toSize(parseMetres(text, 'a size', 0, 90_000_000)) : size,
      );
      out.u8(0);
      for (const size of sizes) out.u8(size);
      out.u32(latitude);
      out.u32(longitude);
      out.u32(altitude + BELOW);
    },
    print(rdata) {
      demand(rdata.u8() === 0, 'only version 0 of LOC is known');
      const sizes = [formatSize(rdata.u8()), formatSize(rdata.u8()), formatSize(rdata.u8())];
      const latitude = formatAngle(rdata, 90, 'N', 'S');
      const longitude = formatAngle(rdata, 180, 'E', 'W');
      const altitude = rdata.u32() - BELOW;
      const metres = `${altitude < 0 ? '-' : ''}${hundredths(Math.abs(altitude))}m`;
      return [latitude, longitude, metres, ...sizes].join(' ');
    },
  };
}

function parseAngle(text: RdataText, what: string, max: number, plus: string, minus: string): number {
  const numbers: number[] = [];
  for (;;) {
    const word = text.word(numbers.length === 0 ? `the degrees of ${what}` : `${plus} or ${minus}`).toUpperCase();
    if (numbers.length > 0 && (word === plus || word === minus)) {
      const [degrees = 0, minutes = 0, seconds = 0] = numbers;
      const angle = degrees * MILLISECONDS_PER_DEGREE + minutes * 60_000 + Math.round(seconds * 1000);
      if (angle > max * MILLISECONDS_PER_DEGREE) text.refuse(`${what} is beyond ${max} degrees`);
      return word === plus ? EQUATOR + angle : EQUATOR - angle;
    }
    const limit = numbers.length === 0 ? max : 59.999;
    const form = numbers.length === 2 ? /^\d{1,2}(\.\d{0,3})?$/ : /^\d{1,3}$/;
    if (numbers.length === 3 || !form.test(word) || Number(word) > limit) {
      text.refuse(`expected ${what} as degrees, minutes, seconds and ${plus} or ${minus}`);
    }
    numbers.push(Number(word));
  }
}

/** Metres with up to two decimals and an optional "m", in centimetres. */
function parseMetres(text: RdataText, what: string, least: number, most: number): number {
  const word = text.word(what);
  if (!/^[+-]?(\d{1,8}(\.\d{0,2})?|\.\d{1,2})m?$/.test(word)) text.refuse(`expected ${what} in metres, such as 12.50m`);
  const metres = parseFloat(word);
  if (metres < least || metres > most) text.refuse(`${what} is not between ${least}m and ${most}m`);
  return Math.round(metres * 100);
}

/** Centimetres as one digit and a power of ten, rounded down as BIND does. */
function toSize(centimetres: number): number {
  let power = 0;
  let mantissa = centimetres;
  for (; mantissa > 9; power++) mantissa = Math.floor(mantissa / 10);
  return mantissa * 16 + power;
}

function formatSize(size: number): string {
  const [mantissa, power] = [size >> 4, size & 15];
  demand(size === 0 || (mantissa >= 1 && mantissa <= 9 && power <= 9), 'a size of LOC is out of range');
  return power > 1 ? `${mantissa * 10 ** (power - 2)}m` : `${hundredths(mantissa * 10 ** power)}m`;
}

function hundredths(value: number): string {
  return `${Math.floor(value / 100)}.${String(value % 100).padStart(2, '0')}`;
}

function formatAngle(rdata: OctetReader, max: number, plus: string, minus: string): string {
  const value = rdata.u32() - EQUATOR;
  const angle = Math.abs(value);
  demand(angle <= max * MILLISECONDS_PER_DEGREE, `an angle of LOC is beyond ${max} degrees`);
  const seconds = Math.floor(angle / 1000);
  const rest = `${seconds % 60}.${String(angle % 1000).padStart(3, '0')}`;
  return `${Math.floor(seconds / 3600)} ${Math.floor(seconds / 60) % 60} ${rest} ${value < 0 ? minus : plus}`;
}
