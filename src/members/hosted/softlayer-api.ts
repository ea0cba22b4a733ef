import { z } from 'zod';
import { CallRefused, JsonConnection } from '../json-connection.js';
import type { Reach } from '../reach.js';

const number = z.number().nullish();
const domain = z.object({ id: z.number(), name: z.string(), serial: z.number().catch(1) });
const record = z.object({
  id: z.number(),
  host: z.string(),
  type: z.string(),
  data: z.string(),
  ttl: z.number().nullish(),
  mxPriority: number,
  priority: number,
  weight: number,
  port: number,
  service: z.string().nullish(),
  protocol: z.string().nullish(),
  expire: number,
  minimum: number,
  refresh: number,
  retry: number,
  responsiblePerson: z.string().nullish(),
});
export type SoftLayerDomain = z.infer<typeof domain>;
export type SoftLayerRecord = z.infer<typeof record>;
/** What is sent of a record. */
export type SoftLayerFields = Partial<Omit<SoftLayerRecord, 'id'>> & { domainId?: number };

const PAGE = 200;
const MOST_PAGES = 1_000;
const DOMAIN_MASK = 'mask[id,name,serial]';
const RECORD_MASK =
  'mask[id,host,type,data,ttl,mxPriority,priority,weight,port,service,protocol,expire,minimum,refresh,retry,responsiblePerson]';
/** Records with fields of their own are made by services of their own. */
const MADE_BY: Readonly<Record<string, string>> = {
  mx: 'SoftLayer_Dns_Domain_ResourceRecord_MxType',
  srv: 'SoftLayer_Dns_Domain_ResourceRecord_SrvType',
};
const RECORDS = 'SoftLayer_Dns_Domain_ResourceRecord';
const NOT_FOUND = 404;

/** Throws an Error with a sentence where `base` is no address that a secret may be sent to. */
export function softLayerConnection(of: {
  base: string;
  user: string;
  key: string;
  reach: Reach | undefined;
}): JsonConnection {
  const basic = Buffer.from(`${of.user}:${of.key}`).toString('base64');
  return new JsonConnection({
    base: of.base,
    reach: of.reach,
    service: 'SoftLayer',
    headers: { authorization: `Basic ${basic}` },
    secrets: [of.key, basic],
    credentials: { advice: 'Check the user name and the API key, and that the key may manage DNS.' },
  });
}

/** The calls of SoftLayer's REST API that zones need. Everything rejects with MemberError. */
export class SoftLayerApi {
  readonly #connection: JsonConnection;

  constructor(connection: JsonConnection) {
    this.#connection = connection;
  }

  /** Proves the credentials. */
  async account(): Promise<void> {
    await this.#connection.call(z.looseObject({}), { method: 'GET', path: '/SoftLayer_Account.json' });
  }

  domains(): Promise<SoftLayerDomain[]> {
    return this.#pages(domain, '/SoftLayer_Account/Domains.json', DOMAIN_MASK);
  }

  async domain(name: string): Promise<SoftLayerDomain | undefined> {
    const path = `/SoftLayer_Dns_Domain/ByDomainName/${encodeURIComponent(name)}.json`;
    // It answers with names that only begin so, too.
    const found = await this.#connection.call(z.array(domain), { method: 'GET', path });
    return found.find((one) => one.name.toLowerCase() === name);
  }

  createDomain(name: string): Promise<SoftLayerDomain> {
    const body = { parameters: [{ name, resourceRecords: [] }] };
    return this.#connection.call(domain, { method: 'POST', path: '/SoftLayer_Dns_Domain.json', body });
  }

  /** Fine where it is gone already. */
  async deleteDomain(id: number): Promise<void> {
    await this.#unlessGone({ method: 'DELETE', path: `/SoftLayer_Dns_Domain/${id}.json` });
  }

  records(domainId: number): Promise<SoftLayerRecord[]> {
    return this.#pages(record, `/SoftLayer_Dns_Domain/${domainId}/ResourceRecords.json`, RECORD_MASK);
  }

  async createRecord(fields: SoftLayerFields): Promise<void> {
    const path = `/${MADE_BY[fields.type ?? ''] ?? RECORDS}.json`;
    await this.#connection.call(record.pick({ id: true }), { method: 'POST', path, body: { parameters: [fields] } });
  }

  async editRecord(id: number, fields: SoftLayerFields): Promise<void> {
    const path = `/${MADE_BY[fields.type ?? ''] ?? RECORDS}/${id}.json`;
    await this.#connection.call(z.unknown(), { method: 'PUT', path, body: { parameters: [fields] } });
  }

  /** Fine where it is gone already. */
  async deleteRecord(id: number): Promise<void> {
    await this.#unlessGone({ method: 'DELETE', path: `/${RECORDS}/${id}.json` });
  }

  async #unlessGone(call: { method: 'DELETE'; path: string }): Promise<void> {
    try {
      await this.#connection.call(z.unknown(), call);
    } catch (error) {
      if (!(error instanceof CallRefused) || error.status !== NOT_FOUND) throw error;
    }
  }

  async #pages<S extends z.ZodType>(item: S, path: string, mask: string): Promise<z.output<S>[]> {
    const all: z.output<S>[] = [];
    for (let page = 0; page < MOST_PAGES; page++) {
      const query = `objectMask=${encodeURIComponent(mask)}&resultLimit=${page * PAGE},${PAGE}`;
      const items = await this.#connection.call(z.array(item), { method: 'GET', path: `${path}?${query}` });
      all.push(...items);
      if (items.length < PAGE) return all;
    }
    throw this.#connection.invalid(`a list of it has more than ${MOST_PAGES * PAGE} items`);
  }
}
