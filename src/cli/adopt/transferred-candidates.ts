import { readFile } from 'node:fs/promises';
import pLimit from 'p-limit';
import { lowerName, parseName } from '../../dns/name.js';
import { printZone } from '../../dns/zone-text/printer.js';
import { keyOfFile, type SharedKey } from '../../dns/messages/shared-key.js';
import { transferZone } from '../../dns/messages/transfer.js';
import { ClusterError, sentenceOf } from '../../errors.js';
import { LARGEST_ZONE } from '../../zones/validation.js';
import { WrongUse } from '../terminal/failure.js';
import { candidateOf, type Candidate } from './candidate.js';

/** More at once are refused by servers that have their limits (BIND's transfers-out is 10). */
const TRANSFERS_AT_ONCE = 4;

/** Zones from another server by AXFR; one that can't be had is left out with the reason. */
export async function transferredCandidates(
  server: { host: string; port: number },
  zones: readonly string[],
  key: SharedKey | undefined,
): Promise<Candidate[]> {
  const limit = pLimit(TRANSFERS_AT_ONCE);
  return Promise.all(zones.map((zone) => limit(() => transferred(server, zone, key))));
}

async function transferred(
  server: { host: string; port: number },
  zone: string,
  key: SharedKey | undefined,
): Promise<Candidate> {
  const found = { zone, warnings: [] };
  try {
    const name = parseName(`${zone}.`);
    const records = await transferZone(server, name, { key, largest: LARGEST_ZONE });
    return candidateOf(found, Buffer.from(printZone({ origin: lowerName(name), records, warnings: [] }), 'latin1'));
  } catch (error) {
    return { ...found, leftOut: sentenceOf(error) };
  }
}

/** The names of `--zones`: a file with one a line, or the names themselves, with commas between. */
export async function zonesToTransfer(given: string): Promise<string[]> {
  const text = await readFile(given, 'utf8').catch((error: unknown) => {
    if (given.includes('/')) throw new WrongUse(`${given} cannot be read: ${sentenceOf(error)}`, error);
    return given;
  });
  const names = text.replace(/#.*$/gm, '').split(/[\s,]+/);
  return [...new Set(names.map((name) => name.replace(/\.$/, '').toLowerCase()))].filter((name) => name !== '');
}

/** Rejects with tsig_key_unusable. */
export async function readTsigKey(file: string): Promise<SharedKey> {
  try {
    return keyOfFile(await readFile(file, 'latin1'));
  } catch (error) {
    throw new ClusterError('tsig_key_unusable', { file, why: sentenceOf(error) }, { cause: error });
  }
}
