import { isIP } from 'node:net';
import type { Request, Response } from 'express';
import { JsonService } from './json-service.js';

type Fields = Record<string, unknown>;
interface Held extends Fields {
  id: number;
  domainId: number;
  host: string;
  type: string;
  data: string;
  ttl: number;
}
interface Zone {
  id: number;
  name: string;
  serial: number;
  updateDate: string;
}

const TYPES = ['a', 'aaaa', 'cname', 'mx', 'ns', 'ptr', 'soa', 'spf', 'srv', 'txt'];
const SERVERS = ['ns1.softlayer.com.', 'ns2.softlayer.com.'];
const NOTHING = {
  ...{ expire: null, minimum: null, mxPriority: null, refresh: null, retry: null, responsiblePerson: null },
  ...{ service: null, protocol: null, priority: null, weight: null, port: null },
};

class Fault extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    text: string,
  ) {
    super(text);
  }
}

/**
 * SoftLayer's REST API as far as DNS goes: zones and records in memory, both styles of addresses, pages, checked types
 * and lengths, one TTL for each host, an SOA and two NS records that stay, and a serial that every change lifts.
 */
export class SoftLayerService extends JsonService {
  readonly zones = new Map<number, Zone>();
  readonly records = new Map<number, Held>();
  #id = 1000;

  constructor() {
    super((response) => {
      response.status(401).json({ error: 'Invalid API token.', code: 'SoftLayer_Exception_Public' });
    });
    const { app } = this;
    app.all(/^\/rest\/v3\/(.+)\.json$/, (request: Request, response: Response) => {
      try {
        const [service = '', ...rest] = (request.params as unknown as string[])[0]?.split('/') ?? [];
        const answer = this.#answer(service, rest, request);
        if (Array.isArray(answer)) response.set('softlayer-total-items', String(answer.length));
        response.json(Array.isArray(answer) ? paged(answer, request) : answer);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        response.status(error.status).json({ error: error.message, code: error.code });
      }
    });
  }

  get base(): string {
    return `${this.address}/rest/v3`;
  }

  /** What a zone holds, a text for each record, sorted. */
  holdings(name: string): string[] {
    const zone = [...this.zones.values()].find((one) => one.name === name);
    return this.#of(zone?.id ?? 0)
      .map(({ host, type, data, ttl, mxPriority, service, protocol, priority, weight, port }) =>
        [type, host, ttl, mxPriority, service, protocol, priority, weight, port, data]
          .flatMap((value) => (value === null ? [] : [value as string | number]))
          .join(' '),
      )
      .sort();
  }

  #answer(service: string, rest: readonly string[], request: Request): unknown {
    const [first = '', second = ''] = rest;
    const [sent = {}] = ((request.body ?? {}) as { parameters?: Fields[] }).parameters ?? [];
    const { method } = request;
    if (service === 'SoftLayer_Account') {
      return ['Domains', 'getDomains'].includes(first) ? [...this.zones.values()] : { id: 1, companyName: 'Hosting' };
    }
    if (service === 'SoftLayer_Dns_Domain') {
      if (['ByDomainName', 'getByDomainName'].includes(first)) {
        return [...this.zones.values()].filter(({ name }) => name.startsWith(second));
      }
      if (first === 'createObject' || (first === '' && method === 'POST')) return this.#createZone(sent);
      const zone = this.zones.get(Number(first));
      if (zone === undefined) throw notFound();
      if (second === 'ResourceRecords' || second === 'getResourceRecords') return this.#of(zone.id);
      if (second === 'ZoneFileContents' || second === 'getZoneFileContents') return this.holdings(zone.name).join('\n');
      if (second === 'deleteObject' || method === 'DELETE') return this.#deleteZone(zone);
      return { ...zone, resourceRecords: this.#of(zone.id) };
    }
    const kind = /^SoftLayer_Dns_Domain_ResourceRecord(?:_(Mx|Srv)Type)?$/.exec(service);
    if (kind === null) throw new Fault(404, 'SoftLayer_Exception_Public', `no service ${service}`);
    if (first === 'createObject' || (first === '' && method === 'POST')) return this.#createRecord(sent, kind[1] ?? '');
    const record = this.records.get(Number(first));
    if (record === undefined) throw notFound();
    if (second === 'editObject' || method === 'PUT') return this.#editRecord(record, sent);
    if (second === 'deleteObject' || method === 'DELETE') return this.#deleteRecord(record);
    return record;
  }

  #of(domainId: number): Held[] {
    return [...this.records.values()].filter((record) => record.domainId === domainId);
  }

  #createZone({ name }: Fields): object {
    if (typeof name !== 'string' || name === '' || name.length > 150) throw refused('Invalid zone name.');
    if ([...this.zones.values()].some((zone) => zone.name === name)) throw refused(`${name} already exists.`);
    const today = Number(new Date().toISOString().slice(0, 10).replaceAll('-', '')) * 100;
    const zone: Zone = { id: this.#id++, name, serial: today, updateDate: new Date().toISOString() };
    this.zones.set(zone.id, zone);
    const soa = { expire: 604_800, minimum: 3600, refresh: 3600, retry: 300, responsiblePerson: `root.${name}.` };
    this.#hold({ domainId: zone.id, host: '@', type: 'soa', data: SERVERS[0], ttl: 86_400, ...soa });
    for (const data of SERVERS) this.#hold({ domainId: zone.id, host: '@', type: 'ns', data, ttl: 86_400 });
    return { ...zone, resourceRecords: this.#of(zone.id) };
  }

  #deleteZone({ id }: Zone): true {
    this.zones.delete(id);
    for (const record of this.#of(id)) this.records.delete(record.id);
    return true;
  }

  #createRecord(sent: Fields, kind: string): Held {
    const fields: Fields = { ttl: 86_400, ...sent };
    if (typeof fields['type'] === 'string') fields['type'] = fields['type'].toLowerCase();
    const needs = { mx: 'Mx', srv: 'Srv' }[String(fields['type'])] ?? '';
    if (needs !== kind) throw refused(`A ${String(fields['type'])} record is not made by this service.`);
    this.#check(fields);
    const record = this.#hold(fields);
    this.#changed(record);
    return record;
  }

  #editRecord(record: Held, sent: Fields): true {
    const fields = { ...record, ...sent, id: record.id };
    if (fields.type !== record.type) throw refused('The type of a record can not change.');
    if (isKept(record) && fields.type === 'ns' && fields.data !== record.data) throw refused('This record is kept.');
    this.#check(fields, record.id);
    this.records.set(record.id, fields);
    this.#changed(fields);
    return true;
  }

  #deleteRecord(record: Held): true {
    if (isKept(record)) throw refused('This record can not be deleted.');
    this.records.delete(record.id);
    this.#changed(record);
    return true;
  }

  #check(fields: Fields, self?: number): void {
    const { type, host, data, domainId } = fields;
    if (typeof type !== 'string' || !TYPES.includes(type)) throw refused(`There are no ${String(type)} records.`);
    if (typeof host !== 'string' || host.length === 0 || host.length > 50) throw refused('Invalid host.');
    if (typeof data !== 'string' || data.length === 0 || data.length > 255) throw refused('Invalid data.');
    if (!this.zones.has(Number(domainId))) throw notFound();
    if (type === 'a' && isIP(data) !== 4) throw refused('Invalid IPv4 address.');
    if (type === 'aaaa' && isIP(data) !== 6) throw refused('Invalid IPv6 address.');
    if (['cname', 'mx', 'ns', 'ptr', 'srv'].includes(type) && !data.endsWith('.')) throw refused('Data needs its dot.');
    if (type === 'mx' && typeof fields['mxPriority'] !== 'number') throw refused('A priority is needed.');
    if (type === 'srv' && !/^_/.test(String(fields['service']))) throw refused('A service is needed.');
    const others = this.#of(Number(domainId)).filter((other) => other.id !== self && nameOf(other) === nameOf(fields));
    if (others.some((other) => (other.type === 'cname') !== (type === 'cname') || type === 'cname')) {
      throw refused('A CNAME stands alone.');
    }
  }

  #hold(fields: Fields): Held {
    const record = { ...NOTHING, ...fields, id: this.#id++ } as unknown as Held;
    this.records.set(record.id, record);
    return record;
  }

  #changed(record: Held): void {
    for (const other of this.#of(record.domainId)) if (nameOf(other) === nameOf(record)) other.ttl = record.ttl;
    const zone = this.zones.get(record.domainId);
    if (zone !== undefined) zone.serial++;
  }
}

function nameOf({ host, service, protocol }: Fields): string {
  return [service, protocol, host].filter(Boolean).join('.').toLowerCase();
}

function isKept({ type, data, host }: Held): boolean {
  return type === 'soa' || (type === 'ns' && host === '@' && SERVERS.includes(data));
}

function paged(items: readonly unknown[], { query }: Request): readonly unknown[] {
  const [offset = 0, limit = items.length] =
    typeof query['resultLimit'] === 'string' ? query['resultLimit'].split(',').map(Number) : [];
  return items.slice(offset, offset + limit);
}

function notFound(): Fault {
  return new Fault(404, 'SoftLayer_Exception_ObjectNotFound', 'Unable to find object.');
}

function refused(text: string): Fault {
  return new Fault(500, 'SoftLayer_Exception_Public', text);
}
