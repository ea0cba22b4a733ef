import { z } from 'zod';
import { formatName, isAtOrBelow, lowerName, type Name } from '../../dns/name.js';
import { itemsOf } from '../../dns/rdata-items.js';
import { typeName } from '../../dns/types.js';
import type { ZoneLine } from '../../zones/zone-lines.js';
import { wordOf } from './api-function.js';
import type { OpenZone } from './open-zone.js';

const base64 = (octets: string): string => Buffer.from(octets, 'latin1').toString('base64');

/** A line: a record has all but `text_b64`, which any other line has. */
export const parsedItem = z.object({
  line_index: z.number(),
  type: wordOf('record', 'control', 'comment'),
  text_b64: z.base64().optional(),
  dname_b64: z.base64().optional(),
  ttl: z.number().optional(),
  record_type: z.string().optional(),
  data_b64: z.array(z.base64()).optional(),
});
type ParsedItem = z.input<typeof parsedItem>;

/** Each line as parse_dns_zone answers it; what can be any octets is in base64. */
export function parseItems({ lines, text, origin }: OpenZone): ParsedItem[] {
  return lines.map((line) => ({ line_index: line.index, type: line.kind, ...said(line, text, origin) }));
}

function said(line: ZoneLine, text: Buffer, origin: Name): Partial<ParsedItem> {
  if (line.kind !== 'record') return { text_b64: base64(lineText(text, line)) };
  const { owner, type, rdata, head } = line;
  return {
    dname_b64: base64(relativeName(owner, origin)),
    ttl: head.ttl,
    record_type: typeName(type),
    data_b64: itemsOf(type, rdata).map(base64),
  };
}

/** A line as it stands, without its end, as an octet string. */
export function lineText(text: Buffer, { start, end }: ZoneLine): string {
  return text.toString('latin1', start, end).replace(/(?<![\r\n])[\r\n]+$/, '');
}

/** The apex is named in full, in lower case; what is outside the zone keeps all of its name. */
function relativeName(owner: Name, origin: Name): string {
  const lower = lowerName(owner);
  if (lower === origin) return formatName(origin);
  const name = formatName(owner);
  return isAtOrBelow(lower, origin) ? name.slice(0, -formatName(origin).length - 1) : name;
}
