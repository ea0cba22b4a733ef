import { Router, type Request, type Response } from 'express';
import { z } from 'zod';
import type { Principal } from '../../../access/principal.js';
import { formatName, parseName, type Name } from '../../../dns/name.js';
import { formatRdata } from '../../../dns/rdata.js';
import { rdataFrom } from '../../../dns/rdata-items.js';
import { MAX_TTL } from '../../../dns/ttl.js';
import { isMetaType, TYPE, typeCode, typeName } from '../../../dns/types.js';
import { ClusterError, isClusterError } from '../../../errors.js';
import { editZone, type NewRecord, type ZoneEdit } from '../../../zones/zone-edit.js';
import type { ValidZone } from '../../../zones/validation.js';
import { readZoneLines, type RecordLine, type ZoneLine } from '../../../zones/zone-lines.js';
import { zoneName, type ZoneName } from '../../../zones/zone-name.js';
import { readForm, sentText, wholeNumber } from '../forms.js';
import { changeOutcome } from '../outcomes.js';
import { redirectWith, showPage, type PageContext } from '../page.js';
import { visitOf } from '../visit.js';
import { replaceText, textVersion } from './zone-text.js';

const ROWS_A_PAGE = 100;
/** What is asked for most; any other type can be typed. */
const USUAL_TYPES = [
  'A',
  'AAAA',
  'CNAME',
  'MX',
  'TXT',
  'NS',
  'SRV',
  'CAA',
  'PTR',
  'DS',
  'TLSA',
  'HTTPS',
  'SVCB',
  'NAPTR',
  'SSHFP',
];
const version = z.object({ version: z.string() });
const recordForm = version.extend({
  name: z.string().trim().max(255),
  ttl: wholeNumber(0, MAX_TTL),
  type: z.string().trim().max(20),
  value: z.string().trim().min(1).max(65_535),
});

/** A zone as it is stored, read into lines. */
interface Opened {
  name: ZoneName;
  origin: Name;
  text: Buffer;
  serial: number;
  lines: readonly ZoneLine[];
}

/** One record as a row and a form show it. */
interface Row {
  index: number;
  name: string;
  ttl: number;
  type: string;
  value: string;
}

/** The records of a zone: list, add, edit and remove. All other lines of its text stay as they are. */
export function zoneRecords(context: PageContext): Router {
  const { cluster } = context;
  const router = Router();

  const open = async (given: string, principal: Principal): Promise<Opened> => {
    const name = zoneName(given);
    const text = await cluster.zones.text(name, principal);
    const serial = cluster.zones.get(name, principal)?.serial ?? 0;
    return { name, origin: parseName(`${name}.`), text, serial, lines: readZoneLines(text, name) };
  };

  const save = async (
    request: Request,
    response: Response,
    { name, text, serial, lines }: Opened,
    edit: ZoneEdit,
  ): Promise<void> => {
    const next = (): ValidZone => editZone(name, { text, lines, serial }, edit, new Date());
    const changed = new ClusterError('record_changed', { zone: name });
    const form = { ...readForm(version, request), stored: text, next, changed };
    const result = await replaceText(cluster, name, form, visitOf(request).principal);
    redirectWith(context, request, response, ['zone', name, 'records'], changeOutcome(result));
  };

  const showRecord = (
    request: Request,
    response: Response,
    opened: Opened,
    shown: {
      line: number | undefined;
      values: Omit<Row, 'index' | 'ttl'> & { ttl: string };
      version?: string;
      error?: ClusterError;
    },
  ): void => {
    response.status(shown.error?.status ?? 200);
    showPage(context, request, response, 'zone-record', {
      title: `${shown.line === undefined ? 'Add a record to' : 'Edit a record of'} ${opened.name}`,
      zone: opened.name,
      version: shown.version ?? textVersion(opened.text),
      types: USUAL_TYPES,
      line: shown.line,
      values: shown.values,
      error: shown.error,
    });
  };

  router.get('/zone/:name/records', async (request, response) => {
    const { principal } = visitOf(request);
    const opened = await open(request.params.name, principal);
    const search = typeof request.query['search'] === 'string' ? request.query['search'].slice(0, 255).trim() : '';
    const rows = recordsOf(opened).filter((row) => holds(row, search));
    const pages = Math.max(1, Math.ceil(rows.length / ROWS_A_PAGE));
    const page = Math.min(Math.max(1, Number(request.query['page'] ?? 1) || 1), pages);
    showPage(context, request, response, 'zone-records', {
      title: `Records of ${opened.name}`,
      zone: opened.name,
      search,
      pages,
      page,
      found: rows.length,
      version: textVersion(opened.text),
      rows: rows.slice((page - 1) * ROWS_A_PAGE, page * ROWS_A_PAGE),
    });
  });

  router.get('/zone/:name/record', async (request, response) => {
    const opened = await open(request.params.name, visitOf(request).principal);
    const { line } = request.query;
    const row = line === undefined ? undefined : rowOf(opened, recordAt(opened, Number(line)));
    const values =
      row === undefined ? { name: '', ttl: usualTtl(opened), type: 'A', value: '' } : { ...row, ttl: String(row.ttl) };
    showRecord(request, response, opened, { line: row?.index, values });
  });

  router.post('/zone/:name/record', async (request, response) => {
    const opened = await open(request.params.name, visitOf(request).principal);
    const given = sentText(request, 'line');
    const line = given === '' ? undefined : Number(given);
    try {
      const record = newRecord(readForm(recordForm, request), opened.origin);
      const edit: ZoneEdit =
        line === undefined
          ? { changed: new Map(), added: [record] }
          : { changed: new Map([[recordAt(opened, line), record]]), added: [] };
      await save(request, response, opened, edit);
    } catch (error) {
      if (!isClusterError(error)) throw error;
      const [name = '', ttl = '', type = '', value = ''] = ['name', 'ttl', 'type', 'value'].map((field) =>
        sentText(request, field),
      );
      // Another record may stand at that line by now: the form stays one of the version that it was chosen in.
      const chosenIn = line === undefined ? {} : { version: sentText(request, 'version') };
      showRecord(request, response, opened, { line, values: { name, ttl, type, value }, error, ...chosenIn });
    }
  });

  router.post('/zone/:name/record/remove', async (request, response) => {
    const opened = await open(request.params.name, visitOf(request).principal);
    const going = recordAt(opened, Number(sentText(request, 'line') || NaN));
    await save(request, response, opened, { changed: new Map([[going, 'removed']]), added: [] });
  });
  return router;
}

function recordsOf(opened: Opened): Row[] {
  return opened.lines.flatMap((line) =>
    line.kind === 'record' && line.type !== TYPE.SOA ? [rowOf(opened, line)] : [],
  );
}

function rowOf({ origin }: Opened, { index, owner, head, type, rdata }: RecordLine): Row {
  const [full, zone] = [formatName(owner), formatName(origin)];
  const name =
    full.toLowerCase() === zone
      ? '@'
      : full.toLowerCase().endsWith(`.${zone}`)
        ? full.slice(0, -zone.length - 1)
        : full;
  return { index, name, ttl: head.ttl, type: typeName(type), value: formatRdata(type, rdata) };
}

/** Throws record_changed where no record stands there (any more). */
function recordAt({ lines, name: zone }: Opened, index: number): RecordLine {
  const found = lines.find((line) => line.index === index);
  if (found?.kind !== 'record' || found.type === TYPE.SOA) throw new ClusterError('record_changed', { zone });
  return found;
}

function newRecord({ name, ttl, type, value }: z.output<typeof recordForm>, origin: Name): NewRecord {
  const code = typeCode(type);
  const refuse = (parameter: string, why: string): never => {
    throw new ClusterError('parameter_invalid', { parameter, why });
  };
  if (code === undefined || isMetaType(code) || code === TYPE.SOA)
    return refuse('type', `is "${type}", which can't be added here`);
  const read = <T>(parameter: string, typed: string, step: () => T): T => {
    try {
      return step();
    } catch (error) {
      const why = error instanceof Error ? error.message : '';
      return refuse(parameter, `is "${typed.slice(0, 60)}", which is not valid: ${why}`);
    }
  };
  const owner = read('name', name, () => (name === '@' || name === '' ? origin : parseName(name, origin)));
  // As octets: what was typed is UTF-8 in the zone's text.
  const octets = Buffer.from(value).toString('latin1');
  return { owner, ttl, type: code, rdata: read('value', value, () => rdataFrom(code, octets, origin)) };
}

function usualTtl({ lines }: Opened): string {
  const soa = lines.find((line) => line.kind === 'record' && line.type === TYPE.SOA);
  return String(soa?.kind === 'record' ? soa.head.ttl : 3600);
}

function holds({ name, type, value }: Row, search: string): boolean {
  const needle = search.toLowerCase();
  return name.toLowerCase().includes(needle) || value.toLowerCase().includes(needle) || type.toLowerCase() === needle;
}
