const UNITS = new Map<number, number>(
  [
    ['s', 1],
    ['m', 60],
    ['h', 3600],
    ['d', 86400],
    ['w', 604800],
  ].flatMap(([unit, seconds]) => [
    [String(unit).charCodeAt(0), Number(seconds)],
    [String(unit).toUpperCase().charCodeAt(0), Number(seconds)],
  ]),
);

/**
 * A time in seconds as zone files spell it: a plain number, or numbers each with a unit (`1w2d3h4m5s`, either case, any
 * order), as BIND reads it. Octets `start` to `end` of `bytes`. Undefined where they are no such time; the answer may
 * be above 2^32, so that the caller can say that it is too large.
 */
export function readTtl(bytes: Uint8Array, start: number, end: number): number | undefined {
  let total = 0;
  let number = 0;
  let digits = 0;
  for (let i = start; i < end; i++) {
    const octet = bytes[i] ?? 0;
    if (octet >= 48 && octet <= 57) {
      number = number * 10 + octet - 48;
      if (++digits > 10) return undefined;
    } else {
      const unit = UNITS.get(octet);
      if (unit === undefined || digits === 0) return undefined;
      total += number * unit;
      number = 0;
      digits = 0;
    }
  }
  if (digits === 0) return start === end ? undefined : total;
  return digits === end - start ? number : undefined; // a number without a unit stands alone
}

/** The largest TTL (RFC 2181 §8). */
export const MAX_TTL = 0x7fffffff;
