import { readFile, stat } from 'node:fs/promises';
import { parseName } from '../../dns/name.js';
import { DnsClient, type DnsServer } from '../../dns/messages/query.js';
import { sentenceOf } from '../../errors.js';
import type { ConfiguredZone } from '../../nameservers/configured/configured-zone.js';
import type { OperatedServer } from '../../nameservers/server-kind.js';
import { LARGEST_ZONE } from '../../zones/validation.js';
import { candidateOf, isOfEveryServer, type Candidate } from './candidate.js';

const ASK_WITHIN = 3_000;
/** Files are read and checked one by one; DNS is asked of so many at a time. */
const ASKED_AT_ONCE = 100;

interface ConfiguredOptions {
  from: OperatedServer;
  configuration: string;
  include?: string | undefined;
}

/** Zones of a nameserver's configuration with their files' texts. Rejects with nameserver_configuration_unreadable. */
export async function configuredCandidates({ from, configuration, include }: ConfiguredOptions): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  const seen = new Set<string>();
  for (const zone of await from.zonesOf(configuration)) {
    const key = zone.name.toLowerCase();
    const again = seen.has(key) && zone.leftOut === undefined ? { leftOut: 'configured twice' } : {};
    seen.add(key);
    candidates.push(await candidateFrom({ ...zone, ...again }, include));
  }
  return candidates;
}

async function candidateFrom(zone: ConfiguredZone, include: string | undefined): Promise<Candidate> {
  const { name, file, leftOut, isOther, warnings, place } = zone;
  const found = { zone: name, warnings, place };
  if (isOfEveryServer(name)) return { ...found, leftOut: 'every nameserver has its own', isOther: true };
  if (leftOut !== undefined || file === undefined) return { ...found, leftOut: leftOut ?? 'without a file', isOther };
  try {
    const { size } = await stat(file);
    if (size > LARGEST_ZONE) return { ...found, leftOut: `in ${file}, which is larger than ${LARGEST_ZONE} octets` };
    return candidateOf(found, await readFile(file), include);
  } catch (error) {
    return { ...found, leftOut: `in a file that can't be read: ${sentenceOf(error)}` };
  }
}

/**
 * Leaves out zones of which the server answers another serial than their files have: it has changes that are not in
 * them. Resolves with why it could not be asked, where it could not.
 */
export async function withoutUnwritten(
  candidates: readonly Candidate[],
  server: DnsServer,
  from: OperatedServer,
): Promise<{ candidates: Candidate[]; silent?: string }> {
  const client = new DnsClient(server, { timeout: ASK_WITHIN });
  const judged: Candidate[] = [];
  try {
    for (let at = 0; at < candidates.length; at += ASKED_AT_ONCE) {
      const some = candidates.slice(at, at + ASKED_AT_ONCE);
      judged.push(...(await Promise.all(some.map((candidate) => asServed(client, candidate, from)))));
    }
    return { candidates: judged };
  } catch (error) {
    return { candidates: [...candidates], silent: sentenceOf(error) };
  } finally {
    client.close();
  }
}

/** Rejects where the server does not answer at all. */
async function asServed(client: DnsClient, candidate: Candidate, from: OperatedServer): Promise<Candidate> {
  if ('leftOut' in candidate) return candidate;
  const { name, serial, warnings, zone, place } = candidate;
  const served = await client.soaSerial(parseName(`${name}.`));
  if (served === serial) return candidate;
  if (served === undefined) return { ...candidate, warnings: [...warnings, `${from.software} does not serve it now`] };
  const leftOut = `served with the serial ${served}, and its file has ${serial}: have them made the same (${from.flush(name)}), then adopt it`;
  return { zone, warnings, place, leftOut };
}
