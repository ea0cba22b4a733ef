import { z } from 'zod';
import { parseName, type Name } from '../../dns/name.js';
import { rdataOf } from '../../dns/rdata-items.js';
import { MAX_TTL } from '../../dns/ttl.js';
import { isMetaType, typeCode } from '../../dns/types.js';
import { ClusterError } from '../../errors.js';
import type { NewRecord, ZoneEdit } from '../../zones/zone-edit.js';
import type { ChangeableLine } from '../../zones/zone-lines.js';
import { refusing } from './dump-records.js';
import type { OpenZone } from './open-zone.js';

const MOST_EDITS = 5_000;
/** Clients send numbers as such or as digits; nothing else is one, or an empty line_index would be line 0. */
const digits = z.string().regex(/^[0-9]{1,10}$/);
const whole = z.union([z.number(), digits.transform(Number)]).pipe(z.number().int().min(0));
const recordShape = z.object({
  dname: z.string(),
  ttl: whole.pipe(z.number().max(MAX_TTL)).optional(),
  record_type: z.string(),
  data: z.array(z.union([z.string(), z.number()])).max(1_000),
  line_index: whole.optional(),
});

/** What a caller of mass_edit_dns_zone sends: JSON texts of records, and indexes of lines. */
interface MassEdit {
  add: readonly string[];
  edit: readonly string[];
  remove: readonly number[];
}

/** The edit that is asked for. Throws parameter_invalid for what cannot be understood or does not fit together. */
export function massEdit({ add, edit, remove }: MassEdit, zone: OpenZone): ZoneEdit {
  const count = add.length + edit.length + remove.length;
  if (count === 0) refuse('add', 'is missing, and so are edit and remove: send at least one of them');
  if (count > MOST_EDITS) refuse('add', `makes more than ${MOST_EDITS} edits with edit and remove: send fewer at once`);
  const changed = new Map<ChangeableLine, NewRecord | 'removed'>();
  const change = (line: ChangeableLine, to: NewRecord | 'removed', parameter: string): void => {
    if (changed.has(line)) refuse(parameter, `names line ${line.index} a second time`);
    changed.set(line, to);
  };
  for (const json of edit) {
    const { line_index: index, ...record } = read(json, 'edit');
    if (index === undefined) return refuse('edit', 'needs a line_index');
    const line = zone.record(index, 'edit');
    change(line, recordOf(record, 'edit', zone.origin, line.head.ttl), 'edit');
  }
  for (const index of remove) change(zone.removable(index, 'remove'), 'removed', 'remove');
  const ttl = zone.soa.head.ttl;
  return { changed, added: add.map((json) => recordOf(read(json, 'add'), 'add', zone.origin, ttl)) };
}

function read(json: string, parameter: string): z.infer<typeof recordShape> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return refuse(parameter, 'is not JSON');
  }
  const record = recordShape.safeParse(value);
  if (record.success) return record.data;
  const issue = record.error.issues[0];
  return refuse(parameter, `is not a record: ${[issue?.path.join('.'), issue?.message].join(' ').trim()}`);
}

function recordOf(given: z.infer<typeof recordShape>, parameter: string, origin: Name, ttl: number): NewRecord {
  const type = typeCode(given.record_type);
  if (type === undefined || isMetaType(type)) {
    return refuse(parameter, `has the record type "${given.record_type.slice(0, 40)}", which no zone holds`);
  }
  return refusing(parameter, () => ({
    owner: parseName(octets(given.dname), origin),
    ttl: given.ttl ?? ttl,
    type,
    rdata: rdataOf(
      type,
      given.data.map((item) => octets(String(item))),
      origin,
    ),
  }));
}

const octets = (text: string): string => Buffer.from(text).toString('latin1');

function refuse(parameter: string, why: string): never {
  throw new ClusterError('parameter_invalid', { parameter, why });
}
