import { z } from 'zod';
import { MAX_TTL } from '../../../dns/ttl.js';
import { isMetaType, typeCode } from '../../../dns/types.js';
import { ClusterError } from '../../../errors.js';
import type { NewRecord } from '../../../zones/zone-edit.js';
import type { RecordLine } from '../../../zones/zone-lines.js';
import type { ZoneName } from '../../../zones/zone-name.js';
import type { ApiRequest } from '../../requests/api-request.js';
import { apiFunction, many, text, whole, Reasoned, type ApiFunction } from '../api-function.js';
import { dumpedLine, dumpLine, ownerOf, rdataOfFields } from '../dump-records.js';
import { massEdit } from '../mass-edit.js';
import { OpenZone, whmChange, whmChangeAnswer } from '../open-zone.js';
import { parsedItem, parseItems } from '../parse-items.js';
import { optionsOf, waiting, zone, zoneOf, zoneOrDomain } from '../zone-parameters.js';

const privilege = 'clustering';
/** A line's number, from 1, under either name that callers have for it. */
const lineNumber = { line: whole.optional(), Line: whole.optional() };
const type = text.transform((given, context) => {
  const code = typeCode(given);
  if (code !== undefined && !isMetaType(code)) return code;
  context.addIssue(`is "${given.slice(0, 40)}", which no zone holds`);
  return z.NEVER;
});
/** What every record has; the fields of its type come beside these. */
const record = {
  name: text.optional(),
  class: text.pipe(z.string().regex(/^IN$/i, 'must be IN')).optional(),
  ttl: whole.refine((ttl) => ttl <= MAX_TTL, `must be at most ${MAX_TTL} seconds`).optional(),
};
const change = { ...zoneOrDomain, serialnum: whole.optional(), ...waiting };

/** Reading and editing the records of a zone. Edits keep all other lines of its text, comments too. */
export const RECORD_FUNCTIONS = {
  dumpzone: apiFunction({
    summary: 'The lines of a zone with their records, for reading',
    privilege,
    parameters: zoneOrDomain,
    answer: z.object({ zone: z.array(z.object({ record: z.array(dumpedLine) })) }),
    run: async (given, request) => {
      const name = given.domain ?? given.zone;
      if (name === undefined) throw new ClusterError('zone_to_dump_missing');
      const { lines, text: content } = await OpenZone.read(name, request);
      return { zone: [{ record: lines.map((line) => dumpLine(line, content)) }] };
    },
  }),
  parse_dns_zone: apiFunction({
    summary: 'The lines of a zone with their records, for mass_edit_dns_zone',
    privilege,
    parameters: { zone },
    answer: z.object({ payload: z.array(parsedItem) }),
    run: async (given, request) => ({ payload: parseItems(await OpenZone.read(given.zone, request)) }),
  }),
  mass_edit_dns_zone: apiFunction({
    summary: 'Add, edit and remove lines of a zone in one change',
    privilege,
    parameters: { zone, serial: whole, add: many(text), edit: many(text), remove: many(whole), ...waiting },
    answer: whmChangeAnswer,
    run: async (given, request) => {
      const opened = await OpenZone.read(given.zone, request);
      const { serial } = opened;
      if (given.serial !== serial) {
        throw new ClusterError('serial_mismatch', { zone: given.zone, given: given.serial, serial });
      }
      const saved = await opened.save(massEdit(given, opened), request, optionsOf(given));
      return new Reasoned('OK', whmChange(request.cluster.hostname, saved).data);
    },
  }),
  getzonerecord: apiFunction({
    summary: 'One line of a zone',
    privilege,
    parameters: { ...zoneOrDomain, ...lineNumber },
    answer: z.object({ record: z.array(dumpedLine) }),
    run: async (given, request) => {
      const opened = await OpenZone.read(zoneOf(given), request);
      return { record: [dumpLine(opened.line(indexOf(given), 'line'), opened.text)] };
    },
  }),
  addzonerecord: apiFunction({
    summary: 'Add a record',
    privilege,
    parameters: { ...change, ...record, name: text, type },
    answer: whmChangeAnswer,
    run: async (given, request) => {
      const opened = await openUnchanged(given, request);
      const added = [recordOf(given, opened, request)];
      const saved = await opened.save({ changed: new Map(), added }, request, optionsOf(given));
      return whmChange(request.cluster.hostname, saved);
    },
  }),
  editzonerecord: apiFunction({
    summary: 'Change the record of one line',
    privilege,
    parameters: { ...change, ...lineNumber, ...record, type: type.optional() },
    answer: whmChangeAnswer,
    run: async (given, request) => {
      const opened = await openUnchanged(given, request);
      const line = opened.record(indexOf(given), 'line');
      const changed = new Map([[line, recordOf(given, opened, request, line)]]);
      const saved = await opened.save({ changed, added: [] }, request, optionsOf(given));
      return whmChange(request.cluster.hostname, saved);
    },
  }),
  removezonerecord: apiFunction({
    summary: 'Remove the record of one line',
    privilege,
    parameters: { ...change, ...lineNumber },
    answer: whmChangeAnswer,
    run: async (given, request) => {
      const opened = await openUnchanged(given, request);
      const changed = new Map([[opened.removable(indexOf(given), 'line'), 'removed' as const]]);
      const saved = await opened.save({ changed, added: [] }, request, optionsOf(given));
      return whmChange(request.cluster.hostname, saved);
    },
  }),
} satisfies Readonly<Record<string, ApiFunction>>;

/** The zone, where its serial is the one that the caller saw, if they say which. Throws zone_file_changed. */
async function openUnchanged(
  given: { zone?: ZoneName | undefined; domain?: ZoneName | undefined; serialnum?: number | undefined },
  request: ApiRequest,
): Promise<OpenZone> {
  const opened = await OpenZone.read(zoneOf(given), request);
  if (given.serialnum !== undefined && given.serialnum !== opened.serial) throw new ClusterError('zone_file_changed');
  return opened;
}

/** The index of the line that is meant. */
function indexOf(given: { line?: number | undefined; Line?: number | undefined }): number {
  const line = given.line ?? given.Line;
  if (line === undefined) throw new ClusterError('parameter_invalid', { parameter: 'line', why: 'is missing' });
  return line - 1;
}

/** The record that the parameters make; what they leave out is as in `present`. */
function recordOf(
  given: { name?: string | undefined; ttl?: number | undefined; type?: number | undefined },
  { name: zoneName, origin, soa }: OpenZone,
  request: ApiRequest,
  present?: RecordLine,
): NewRecord {
  const code = given.type ?? present?.type;
  if (code === undefined) throw new ClusterError('parameter_invalid', { parameter: 'type', why: 'is missing' });
  const field = (key: string): string | undefined => request.octets(key)?.toString('latin1');
  const kept = present?.type === code ? present.rdata : undefined;
  const name = field('name');
  return {
    owner: name === undefined && present !== undefined ? present.owner : ownerOf(name ?? '', zoneName, origin),
    ttl: given.ttl ?? (present ?? soa).head.ttl,
    type: code,
    rdata: rdataOfFields(code, field, origin, kept),
  };
}
