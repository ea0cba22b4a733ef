import { z } from 'zod';
import type { ZoneEntry } from '../../zones/zone-index.js';

const schema = z.object({
  digest: z.string(),
  serial: z.number(),
  /** When its nameserver was last seen answering with this serial (milliseconds since 1970); 0: never. */
  servedAt: z.number(),
  /** It came here by this member, which was not sent it and not queried for it. */
  from: z.literal(true).exactOptional(),
  /** Records that it can't hold. */
  leftOut: z.array(z.string()).exactOptional(),
});

/** What a member acknowledged of one zone. A ledger is a table zone name → entry, one table a member. */
export type LedgerEntry = z.infer<typeof schema>;

/** Reads a stored entry; throws if the line is not one. A lost ledger is harmless: its zones are sent once more. */
export function parseLedgerEntry(value: unknown): LedgerEntry {
  return schema.parse(value);
}

/**
 * What a member lacks of one zone: the difference index − ledger. A removal needs a tombstone: a zone that is merely
 * absent from the index is damage here, and removes nothing there.
 */
export function lacks(
  zone: ZoneEntry | undefined,
  hasTombstone: boolean,
  acknowledged: LedgerEntry | undefined,
): 'upsert' | 'remove' | undefined {
  if (zone !== undefined) return zone.digest === acknowledged?.digest ? undefined : 'upsert';
  return hasTombstone && acknowledged !== undefined ? 'remove' : undefined;
}
