import { ClusterError } from '../errors.js';
import { percentDecode } from './percent.js';

/** Pairs in one form, empty ones included: each costs work. The original's bundles have 512 zones, ours 2,500. */
const MOST_PAIRS = 100_000;
const AMPERSAND = 38;
const EQUALS = 61;

export interface Pair {
  key: string;
  value: Buffer;
}

/**
 * The `key=value` pairs of a form, each as soon as it is read, so that a bundle of any size is never in memory as a
 * whole. Rejects with body_too_large after `limit` octets, and with too_many_parameters.
 */
export async function* formPairs(
  chunks: AsyncIterable<Buffer> | Iterable<Buffer>,
  limit: number,
): AsyncGenerator<Pair> {
  let parts: Buffer[] = [];
  let total = 0;
  let pairs = 0;
  for await (const chunk of chunks) {
    total += chunk.length;
    if (total > limit) throw new ClusterError('body_too_large', { limit });
    let start = 0;
    for (let end = chunk.indexOf(AMPERSAND); end >= 0; end = chunk.indexOf(AMPERSAND, start)) {
      if (++pairs > MOST_PAIRS) throw new ClusterError('too_many_parameters', { limit: MOST_PAIRS });
      parts.push(chunk.subarray(start, end));
      const pair = pairOf(parts);
      if (pair !== undefined) yield pair;
      parts = [];
      start = end + 1;
    }
    if (start < chunk.length) parts.push(chunk.subarray(start));
  }
  const last = pairOf(parts);
  if (last !== undefined) yield last;
}

function pairOf(parts: readonly Buffer[]): Pair | undefined {
  const text = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  const equals = text.indexOf(EQUALS);
  const key = percentDecode(equals < 0 ? text : text.subarray(0, equals)).toString('utf8');
  if (key === '') return undefined;
  return { key, value: equals < 0 ? Buffer.alloc(0) : percentDecode(text.subarray(equals + 1)) };
}
