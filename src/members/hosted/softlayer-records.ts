import { formatName, type Name } from '../../dns/name.js';
import { itemsOf, rdataOf } from '../../dns/rdata-items.js';
import type { ResourceRecord } from '../../dns/zone.js';
import { TYPE } from '../../dns/types.js';
import { fromHosted, keyOf, type HostedRecord } from './hosted-record.js';
import type { HostedZone, Wanted } from './hosted-zone.js';
import type { SoftLayerFields, SoftLayerRecord } from './softlayer-api.js';

/** Every zone there has these, and they can't be deleted. */
export const SOFTLAYER_SERVERS = ['ns1.softlayer.com.', 'ns2.softlayer.com.'] as const;
/** Of records that name none. */
const USUAL_TTL = 86_400;

/** What makes a zone there equal to ours, to be done in this order. */
interface SoftLayerSteps {
  /** Before what replaces them can be made: a CNAME stands alone at its name. */
  deleteFirst: number[];
  edit: { id: number; fields: SoftLayerFields }[];
  create: SoftLayerFields[];
  deleteLast: number[];
}

/** Their record as we would write it; undefined if it makes no sense. `serial`: the zone's; their SOA has none. */
export function recordOf(held: SoftLayerRecord, origin: Name, serial = 0): ResourceRecord | undefined {
  const type = held.type.toLowerCase();
  const ttl = held.ttl ?? USUAL_TTL;
  if (type === 'soa') return soaOf(held, origin, ttl, serial);
  const { mxPriority, priority, weight, port } = held;
  const hosted: HostedRecord = { host: hostOf(held), type, data: held.data, ttl };
  if (type === 'mx') hosted.priority = mxPriority ?? 0;
  if (type === 'srv') Object.assign(hosted, { priority: priority ?? 0, weight: weight ?? 0, port: port ?? 0 });
  return fromHosted(hosted, origin);
}

/** What is to be done so that `held` becomes `wanted`. */
export function stepsTo(wanted: HostedZone, held: readonly SoftLayerRecord[], domainId: number): SoftLayerSteps {
  const steps: SoftLayerSteps = { deleteFirst: [], edit: [], create: [], deleteLast: [] };
  const { origin } = wanted;
  const missing = new Map(wanted.records.map((one) => [one.key, one]));
  const extra: SoftLayerRecord[] = [];
  for (const one of held) {
    const record = recordOf(one, origin);
    if (one.type.toLowerCase() === 'soa') {
      const fields = soaFields(wanted, one);
      if (fields !== undefined) steps.edit.push({ id: one.id, fields });
      continue;
    }
    const same = record === undefined ? undefined : missing.get(keyOf(record));
    if (same === undefined) {
      if (!isTheirs(one)) extra.push(one);
      continue;
    }
    missing.delete(same.key);
    if (record?.ttl !== same.hosted.ttl && !isTheirs(one)) {
      steps.edit.push({ id: one.id, fields: fieldsOf(same, domainId) });
    }
  }
  const alone = new Set(
    [...[...missing.values()].map(({ hosted }) => hosted), ...extra]
      .filter(({ type }) => type.toLowerCase() === 'cname')
      .map(({ host }) => host.toLowerCase()),
  );
  for (const one of extra) {
    const replacement = [...missing.values()].find(({ hosted }) => isAtSamePlace(hosted, one));
    if (replacement !== undefined) {
      missing.delete(replacement.key);
      steps.edit.push({ id: one.id, fields: fieldsOf(replacement, domainId) });
    } else if (alone.has(hostOf(one).toLowerCase())) steps.deleteFirst.push(one.id);
    else steps.deleteLast.push(one.id);
  }
  steps.create = [...missing.values()].map((one) => fieldsOf(one, domainId));
  return steps;
}

export function isNothing({ deleteFirst, edit, create, deleteLast }: SoftLayerSteps): boolean {
  return deleteFirst.length + edit.length + create.length + deleteLast.length === 0;
}

/** The records that the service keeps, whatever is asked for. */
function isTheirs({ type, host, data }: SoftLayerRecord): boolean {
  return (
    type.toLowerCase() === 'ns' && host === '@' && SOFTLAYER_SERVERS.some((server) => server === data.toLowerCase())
  );
}

function isAtSamePlace({ host, type }: HostedRecord, held: SoftLayerRecord): boolean {
  return type === held.type.toLowerCase() && host.toLowerCase() === hostOf(held).toLowerCase();
}

/** With service and protocol, which they keep apart. */
function hostOf({ host, service, protocol, type }: SoftLayerRecord): string {
  if (type.toLowerCase() !== 'srv' || !service || !protocol) return host;
  const labels = `${underscored(service)}.${underscored(protocol)}`;
  return host === '@' || host === '' ? labels : `${labels}.${host}`;
}

function underscored(label: string): string {
  return label.startsWith('_') ? label : `_${label}`;
}

function fieldsOf({ hosted }: Wanted, domainId: number): SoftLayerFields {
  const { host, type, data, ttl, priority, weight, port } = hosted;
  const fields = { domainId, host, type, data, ttl };
  if (type === 'mx') return { ...fields, mxPriority: priority ?? 0 };
  if (type !== 'srv') return fields;
  const [service = '', protocol = '', ...rest] = host.split('.');
  return {
    ...fields,
    host: rest.join('.') || '@',
    service,
    protocol,
    priority: priority ?? 0,
    weight: weight ?? 0,
    port: port ?? 0,
  };
}

/** The numbers and the mailbox of our SOA where theirs differ; never its serial, which is theirs. */
function soaFields({ soa }: HostedZone, held: SoftLayerRecord): SoftLayerFields | undefined {
  if (soa === undefined) return undefined;
  const [, responsiblePerson = '', , refresh, retry, expire, minimum] = itemsOf(TYPE.SOA, soa.rdata);
  const fields = {
    responsiblePerson,
    refresh: Number(refresh),
    retry: Number(retry),
    expire: Number(expire),
    minimum: Number(minimum),
  };
  const differs = (Object.keys(fields) as (keyof typeof fields)[]).some(
    (name) => String(fields[name]).toLowerCase() !== String(held[name] ?? '').toLowerCase(),
  );
  return differs ? { type: 'soa', host: held.host, data: held.data, ...fields } : undefined;
}

function soaOf(held: SoftLayerRecord, origin: Name, ttl: number, serial: number): ResourceRecord | undefined {
  const { data, responsiblePerson, refresh, retry, expire, minimum } = held;
  const numbers = [serial, refresh ?? 3600, retry ?? 300, expire ?? 604_800, minimum ?? 3600].map(String);
  const mailbox = responsiblePerson || `hostmaster.${formatName(origin)}`;
  try {
    return {
      owner: origin,
      type: TYPE.SOA,
      ttl,
      rdata: rdataOf(TYPE.SOA, [data, mailbox, ...numbers], origin),
      line: 0,
    };
  } catch {
    return undefined;
  }
}
