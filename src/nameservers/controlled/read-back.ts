import { setTimeout as pause } from 'node:timers/promises';
import pLimit from 'p-limit';
import { parseName } from '../../dns/name.js';
import type { DnsClient } from '../../dns/messages/query.js';
import { sentenceOf } from '../../errors.js';
import type { Applied, ZoneChange } from '../nameserver.js';

interface ReadBackOptions {
  /**
   * Milliseconds until a zone that is not served as it should be counts as refused; grows by PER_ZONE with the batch.
   */
  timeout?: number;
  /**
   * Looks closer at a zone that is late, once for each: the final outcome, or nothing where the zone may still come.
   * Without it, and for what it finds nothing on, only time decides.
   */
  inspect?: (change: ZoneChange, seen: Applied) => Promise<Applied | undefined>;
  /** Is told of each that is served, as soon as it is. */
  served?: ((applied: Applied) => void) | undefined;
}

const TIMEOUT = 5_000;
/** Milliseconds after which `inspect` is asked. A server that is not busy loads an ordinary zone within two. */
const LATE = 150;
/** Milliseconds that a server may take for each zone of a large batch before it counts as late. */
const PER_ZONE = 1;
/** Pauses between two queries for one zone, milliseconds: the first, by how much each is longer, and the longest. */
const PAUSE = { first: 1, growth: 1.25, longest: 64 };
/**
 * Questions at the same time. More are no faster, and a busy server drops them from its socket's buffer, to be asked
 * again.
 */
const IN_FLIGHT = 100;

/**
 * Asks the server itself, over DNS, until each zone is answered with authority and the serial it should have (for a
 * removal: is not answered with authority any more). No nameserver's own word is taken for that: most say yes to a zone
 * they cannot load. One outcome for each change, in their order.
 */
export function readBack(
  client: DnsClient,
  changes: readonly ZoneChange[],
  { timeout = TIMEOUT, inspect, served }: ReadBackOptions = {},
): Promise<Applied[]> {
  const limit = pLimit(IN_FLIGHT);
  const start = performance.now();
  const late = start + LATE + changes.length * PER_ZONE;
  const deadline = start + timeout + changes.length * PER_ZONE;
  return Promise.all(
    changes.map((change) =>
      limit(async () => {
        const outcome = await watch(client, change, { late, deadline, inspect });
        if (outcome.outcome === 'served') served?.(outcome);
        return outcome;
      }),
    ),
  );
}

async function watch(
  client: DnsClient,
  change: ZoneChange,
  { late, deadline, inspect }: { late: number; deadline: number; inspect: ReadBackOptions['inspect'] },
): Promise<Applied> {
  let asked = false;
  for (let wait = PAUSE.first; ; wait = Math.min(wait * PAUSE.growth, PAUSE.longest)) {
    const seen = await querySerial(client, change);
    if (seen.outcome === 'served') return seen;
    if (performance.now() > deadline) return withHint(seen);
    if (seen.outcome === 'refused' && !asked && performance.now() > late && inspect !== undefined) {
      asked = true;
      const verdict = await inspect(change, seen);
      if (verdict !== undefined) return verdict;
    }
    await pause(wait);
  }
}

/** For what stayed wrong, and nobody found out why. */
function withHint(seen: Applied): Applied {
  if (seen.outcome !== 'refused') return seen;
  return { ...seen, reason: `${seen.reason ?? ''} The nameserver's log tells why.`.trimStart() };
}

/** Queries each of these zones once, whatever it answers (see `querySerial`); in their order. */
export function queryAll(client: DnsClient, changes: readonly ZoneChange[]): Promise<Applied[]> {
  const limit = pLimit(IN_FLIGHT);
  return Promise.all(changes.map((change) => limit(() => querySerial(client, change))));
}

/** What the server answers for one zone now: as it should, something else (`refused` if it stays so), or not at all. */
export async function querySerial(client: DnsClient, change: ZoneChange): Promise<Applied> {
  const { name } = change;
  try {
    const serial = await client.soaSerial(parseName(`${name}.`));
    const seen = serial === undefined ? { name } : { name, serial };
    const expected = change.kind === 'upsert' ? change.serial : undefined;
    if (serial === expected) return { ...seen, outcome: 'served' };
    const [answers, should] = [inWords(serial), inWords(expected)];
    return { ...seen, outcome: 'refused', reason: `The nameserver ${answers} for ${name}; it should: ${should}.` };
  } catch (error) {
    return { name, outcome: 'unavailable', reason: sentenceOf(error) };
  }
}

function inWords(serial: number | undefined): string {
  return serial === undefined ? 'answers with no authority' : `answers serial ${serial}`;
}
