import type { Request, Response } from 'express';
import { JsonService } from './json-service.js';

interface Held {
  id: number;
  type: string;
  host: string;
  data: string;
  ttl: number;
  mx_priority?: number;
}
interface Zone {
  id: number;
  name: string;
  ip_address: string;
  serial: number;
  records: Held[];
}

const TYPES = ['soa', 'cname', 'ns', 'a', 'aaaa', 'mx', 'txt'];
const SERVERS = ['dns1.vps.net', 'dns2.vps.net'];

/** The DNS part of VPS.NET's API: zones in memory, whose records are replaced as a whole. */
export class VpsNetService extends JsonService {
  readonly zones = new Map<number, Zone>();
  /** Answers `false` to the creation of a zone, which is made all the same. */
  answersFalse = false;
  #id = 1;

  constructor() {
    super((response) => {
      response.status(406).json({ error: 'Not acceptable' });
    });
    const { app } = this;
    app.get('/domains.api10json', (_request, response) => {
      response.json([...this.zones.values()].map((zone) => ({ domain: this.#shown(zone) })));
    });
    app.get('/domains/dns_hosts.api10json', (_request, response) => {
      response.json(SERVERS.map((host, i) => ({ ip: `192.0.2.${i + 1}`, host })));
    });
    app.post('/domains.api10json', (request, response) => this.#create(request, response));
    app.get('/domains/:id/records.api10json', (request, response) => {
      const { records } = this.#zone(request, response) ?? {};
      if (records !== undefined) response.json(records.map((one) => ({ domain_record: one })));
    });
    app.put('/domains/:id/records/update_records.api10json', (request, response) => this.#replace(request, response));
    app.delete(/^\/domains\/(\d+)\.api10json$/, (request, response) => {
      const gone = this.zones.delete(Number((request.params as unknown as string[])[0]));
      response.status(gone ? 200 : 404).json({});
    });
  }

  /** What a zone holds beside its SOA, a text for each record, sorted. */
  holdings(name: string): string[] {
    const zone = [...this.zones.values()].find((one) => one.name === name);
    return (zone?.records ?? [])
      .filter(({ type }) => type !== 'soa')
      .map(({ type, host, ttl, mx_priority: priority, data }) =>
        [type, host, ttl, priority, data].filter((value) => value !== undefined).join(' '),
      )
      .sort();
  }

  soaOf(name: string): Held | undefined {
    return [...this.zones.values()].find((zone) => zone.name === name)?.records.find(({ type }) => type === 'soa');
  }

  #shown({ id, name, ip_address, serial }: Zone): object {
    return { id, name, ip_address, serial };
  }

  #zone(request: Request, response: Response): Zone | undefined {
    const zone = this.zones.get(Number(request.params['id']));
    if (zone === undefined) response.status(404).json({ error: 'Not found' });
    return zone;
  }

  #create(request: Request, response: Response): void {
    const { name = '', ip_address = '' } =
      (request.body as { domain?: { name?: string; ip_address?: string } }).domain ?? {};
    if (name === '' || ip_address === '' || [...this.zones.values()].some((zone) => zone.name === name)) {
      response.json({ errors: [['name', 'has already been taken']] });
      return;
    }
    const soa = `dns1.vps.net. hostmaster.vps.net. 1 10800 3600 604800 3600`;
    const records = [
      { type: 'soa', host: '@', data: soa, ttl: 86_400 },
      ...SERVERS.map((server) => ({ type: 'ns', host: '@', data: `${server}.`, ttl: 86_400 })),
      { type: 'a', host: '@', data: ip_address, ttl: 86_400 },
    ].map((record) => ({ id: this.#id++, ...record }));
    const zone = { id: this.#id++, name, ip_address, serial: 1, records };
    this.zones.set(zone.id, zone);
    response.json(this.answersFalse ? false : { domain: this.#shown(zone) });
  }

  #replace(request: Request, response: Response): void {
    const zone = this.#zone(request, response);
    if (zone === undefined) return;
    const { domain_records: sent = [] } = request.body as { domain_records?: { domain_record: Held }[] };
    const records = sent.map(({ domain_record: record }) => ({ ...record, id: this.#id++ }));
    const wrong = records.filter(({ type, data }) => !TYPES.includes(type) || data === '' || data.length > 255);
    if (wrong.length > 0) {
      response.json({ errors: wrong.map(({ type }) => ['record_type', `${type} is not valid`]) });
      return;
    }
    zone.records = records;
    zone.serial++;
    response.json({ message: 'Records updated' });
  }
}
