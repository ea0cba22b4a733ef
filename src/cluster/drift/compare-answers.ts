import { setTimeout as pause } from 'node:timers/promises';
import { answeredRdata, expectedAnswers } from '../../dns/authoritative.js';
import { formatName, isAtOrBelow, lowerName, parseName, type Name } from '../../dns/name.js';
import { DnsClient, type DnsServer } from '../../dns/messages/query.js';
import { compareSerials } from '../../dns/serial.js';
import { typeName, TYPE } from '../../dns/types.js';
import type { Zone } from '../../dns/zone.js';
import { sentenceOf } from '../../errors.js';
import type { ZoneEntry } from '../../zones/zone-index.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { Difference } from '../model/drift-kinds.js';

/** Queries under way, and in a second at most: clients must not notice a check. */
const AT_ONCE = 50;
const PER_SECOND = 2_000;
/** After so many questions in a row without an answer its nameserver is taken for dead. */
const MOST_SILENT = 20;
const TIMEOUT = 2_000;

interface AnswersQuestion {
  dns: DnsServer;
  /** Zones whose copies are right, in the versions that should be answered. */
  expected: readonly ZoneEntry[];
  /** Of so many of them every RRset is asked for. */
  whole: number;
  /** The zone as it should be; undefined where it is not that version any more. */
  zoneOf: (entry: ZoneEntry) => Zone | undefined;
  /** Is there a zone of this name, which then answers for what is below it? */
  isZone: (name: ZoneName) => boolean;
  signal: AbortSignal;
}

interface AnswersFound {
  differences: Difference[];
  asked: number;
  askedWhole: number;
  incomplete?: string;
}

/** Asks a member's nameserver for what it should answer: the SOA of every zone, and of some of them every RRset. */
export async function compareAnswers(question: AnswersQuestion): Promise<AnswersFound> {
  const { dns, expected, signal } = question;
  const client = new DnsClient(dns, { timeout: TIMEOUT, signal });
  const found: AnswersFound = { differences: [], asked: 0, askedWhole: 0 };
  const start = performance.now();
  let questions = 0;
  let silent = 0;
  /** A question in its turn. */
  const ask = async (name: Name, type: number): ReturnType<DnsClient['query']> => {
    const early = (questions++ / PER_SECOND) * 1_000 - (performance.now() - start);
    if (early > 5) await pause(early, undefined, { signal });
    signal.throwIfAborted();
    const answer = await client.query(name, type);
    silent = 0;
    return answer;
  };
  let next = 0;
  const loop = async (): Promise<void> => {
    for (let at = next++; at < expected.length; at = next++) {
      const entry = expected[at];
      if (entry === undefined || silent >= MOST_SILENT) return;
      try {
        const difference = await compareZone(entry, { ...question, ask, isWhole: at < question.whole });
        if (difference !== undefined) found.differences.push(difference);
        found.asked++;
        if (at < question.whole) found.askedWhole++;
      } catch (error) {
        if (signal.aborted) throw error;
        silent++;
        found.incomplete = sentenceOf(error);
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, loop));
  } finally {
    client.close();
  }
  return found;
}

async function compareZone(
  entry: ZoneEntry,
  {
    ask,
    isWhole,
    zoneOf,
    isZone,
  }: AnswersQuestion & { ask: (name: Name, type: number) => ReturnType<DnsClient['query']>; isWhole: boolean },
): Promise<Difference | undefined> {
  const { name: zone, serial: here } = entry;
  const apex = parseName(`${zone}.`);
  const { rcode, aa, answer } = await ask(apex, TYPE.SOA);
  const soa = answer.find(({ type }) => type === TYPE.SOA);
  if (rcode !== 0 || !aa || soa === undefined) {
    return { zone, kind: 'not_served', here, newer: 'here', detail: refusal(rcode) };
  }
  const there = serialOf(soa.rdata);
  const order = compareSerials(here, there);
  if (order !== 0) return { zone, kind: 'served_stale', here, there, newer: order > 0 ? 'here' : 'there' };
  const held = isWhole ? zoneOf(entry) : undefined;
  if (held === undefined) return undefined;
  for (const { name, type, rdata } of expectedAnswers(held, cutsOf(held, isZone))) {
    const given = answeredRdata((await ask(name, type)).answer, name, type);
    if (given.length === rdata.length && given.every((one, i) => one === rdata[i])) continue;
    const isApex = name === apex;
    const kind =
      isApex && type === TYPE.NS ? 'wrong_ns' : type === TYPE.DNSKEY && given.length === 0 ? 'unsigned' : 'wrong_data';
    const detail = `${formatName(name)} ${typeName(type)}: ${rdata.length} records here, ${given.length} answered${given.length === rdata.length ? ', others' : ''}.`;
    return { zone, kind, here, there, newer: 'neither', detail };
  }
  return undefined;
}

/** Names inside a zone that are zones of their own, and answered from there. */
function cutsOf({ origin, records }: Zone, isZone: (name: ZoneName) => boolean): Name[] {
  const cuts = new Set<Name>();
  for (const { owner } of records) {
    for (let at = lowerName(owner); at !== origin && isAtOrBelow(at, origin);) {
      if (isZone(formatName(at).replace(/\.$/, '') as ZoneName)) cuts.add(at);
      at = at.slice(1 + at.charCodeAt(0)) as Name;
    }
  }
  return [...cuts];
}

/** RFC 1035 §3.3.13: the serial is the first of five numbers at the end. */
function serialOf(rdata: string): number {
  return Buffer.from(rdata, 'latin1').readUInt32BE(rdata.length - 20);
}

function refusal(rcode: number): string {
  if (rcode === 0) return 'It answers without authority.';
  return (
    { 2: 'It answers SERVFAIL.', 3: 'It answers NXDOMAIN.', 5: 'It answers REFUSED.' }[rcode] ??
    `It answers code ${rcode}.`
  );
}
