import { z } from 'zod';
import { typeCode, TYPE } from '../../dns/types.js';
import type { Name } from '../../dns/name.js';
import { rdataOf } from '../../dns/rdata-items.js';
import type { ResourceRecord } from '../../dns/zone.js';
import { defined } from '../../operations/defined.js';
import type { ZoneName } from '../../zones/zone-name.js';
import { CallRefused, JsonConnection } from '../json-connection.js';
import type { MemberType } from '../member-type.js';
import { fromHosted, keyOf, type HostedRecord } from './hosted-record.js';
import { HostedMember, hostedFields, nsChoice, type HostedService } from './hosted-member.js';
import { hostedZone, originOf, textOf, type HostedRules, type HostedZone, type NsChoice } from './hosted-zone.js';

const SERVICE = 'VPS.NET';
const BASE = 'https://api.vps.net';
/** It says so of a wrong key. */
const NOT_ACCEPTABLE = 406;
const NOT_FOUND = 404;
/** For a zone that has no address at its top; the service wants one, and its records are replaced at once. */
const NO_ADDRESS = '127.0.0.1';
const USUAL_TTL = 86_400;
const { A, AAAA, CNAME, MX, NS, TXT } = TYPE;
const RULES: HostedRules = {
  service: SERVICE,
  types: new Set([A, AAAA, CNAME, MX, NS, TXT]),
  longestHost: 255,
  longestData: 255,
  longestZone: 253,
  oneTtl: false,
};

const number = z.coerce.number();
const domain = z.object({ id: z.number(), name: z.string(), serial: number.catch(1) });
const wrapped = z.object({ domain }).transform((item) => item.domain);
const record = z.object({
  id: z.number().optional(),
  type: z.string(),
  host: z.string(),
  data: z.string(),
  ttl: number.nullish(),
  mx_priority: number.nullish(),
});
type Held = z.infer<typeof record>;
const records = z.array(z.object({ domain_record: record }).transform((item) => item.domain_record));
const errors = z.object({ errors: z.array(z.array(z.string())).min(1) });

/** Zones at VPS.NET: the records of one are replaced in one call. */
class VpsNet implements HostedService {
  readonly #connection: JsonConnection;
  readonly #choice: NsChoice;

  constructor(connection: JsonConnection, choice: NsChoice) {
    this.#connection = connection;
    this.#choice = choice;
  }

  async prove(): Promise<void> {
    await this.#domains();
  }

  async zoneNames(): Promise<string[]> {
    return (await this.#domains()).map(({ name }) => name);
  }

  async save(name: ZoneName, text: Buffer): Promise<string[]> {
    const servers = this.#choice === 'default' ? [] : await this.#servers();
    const wanted = hostedZone(name, text, RULES, { choice: this.#choice, servers });
    const { id } = (await this.#find(name)) ?? (await this.#create(name, wanted));
    const held = await this.#records(id);
    if (isEqual(wanted, held)) return wanted.leftOut;
    // The SOA is theirs; without it in the list it would be gone.
    const soa = held.filter(({ type }) => type.toLowerCase() === 'soa').map(({ id: _id, ...fields }) => fields);
    const all = [...soa, ...wanted.records.map(({ hosted }) => fieldsOf(hosted))];
    const body = { domain_records: all.map((fields) => ({ domain_record: fields })) };
    await this.#change(
      name,
      'PUT',
      `/domains/${id}/records/update_records.api10json`,
      z.looseObject({ message: z.unknown() }),
      body,
    );
    if (!isEqual(wanted, await this.#records(id))) {
      const said = `${SERVICE} said that it took ${name}, and holds other records than it was sent`;
      throw new CallRefused(0, said, `${said}. They are sent again with the next change; check the zone there.`);
    }
    return wanted.leftOut;
  }

  async remove(name: ZoneName): Promise<void> {
    const found = await this.#find(name);
    if (found === undefined) return;
    try {
      await this.#connection.call(z.unknown(), { method: 'DELETE', path: `/domains/${found.id}.api10json` });
    } catch (error) {
      if (!(error instanceof CallRefused) || error.status !== NOT_FOUND) throw error;
    }
  }

  async text(name: ZoneName): Promise<Buffer | undefined> {
    const found = await this.#find(name);
    if (found === undefined) return undefined;
    const origin = originOf(name);
    const held = await this.#records(found.id);
    return textOf(held.flatMap((one) => recordOf(one, origin) ?? []));
  }

  #domains(): Promise<z.infer<typeof domain>[]> {
    return this.#connection.call(z.array(wrapped), { method: 'GET', path: '/domains.api10json' });
  }

  async #find(name: ZoneName): Promise<z.infer<typeof domain> | undefined> {
    return (await this.#domains()).find((one) => one.name.toLowerCase() === name);
  }

  /** It may answer `false` for a zone that it has made. */
  async #create(name: ZoneName, { records: all }: HostedZone): Promise<z.infer<typeof domain>> {
    const address = all.find(({ hosted }) => hosted.type === 'a' && hosted.host === '@')?.hosted.data ?? NO_ADDRESS;
    const body = { domain: { name, custom_template: '', ip_address: address } };
    const made = await this.#change(name, 'POST', '/domains.api10json', wrapped.or(z.literal(false)), body);
    const found = made === false ? await this.#find(name) : made;
    if (found !== undefined) return found;
    const said = `${SERVICE} did not make ${name}, and does not say why`;
    throw new CallRefused(0, said, `${said}. Perhaps another account there has it.`);
  }

  #records(id: number): Promise<Held[]> {
    return this.#connection.call(records, { method: 'GET', path: `/domains/${id}/records.api10json` });
  }

  async #servers(): Promise<string[]> {
    const hosts = z.array(z.object({ host: z.string() }));
    const found = await this.#connection.call(hosts, { method: 'GET', path: '/domains/dns_hosts.api10json' });
    return found.map(({ host }) => (host.endsWith('.') ? host : `${host}.`));
  }

  /** A refusal may come with a good status. */
  async #change<S extends z.ZodType>(
    name: ZoneName,
    method: 'POST' | 'PUT',
    path: string,
    schema: S,
    body: unknown,
  ): Promise<z.output<S>> {
    const answer = await this.#connection.call(errors.or(schema), { method, path, body });
    const refused = errors.safeParse(answer);
    if (!refused.success) return answer as z.output<S>;
    const said = refused.data.errors
      .map((words) => words.join(' '))
      .join('; ')
      .slice(0, 300);
    throw new CallRefused(0, said, `${SERVICE} refused ${name}: ${said}.`);
  }
}

function isEqual({ records: wanted, origin }: HostedZone, held: readonly Held[]): boolean {
  const left = new Map(wanted.map(({ key, hosted }) => [key, hosted.ttl]));
  for (const one of held) {
    if (one.type.toLowerCase() === 'soa') continue;
    const found = recordOf(one, origin);
    if (found === undefined || left.get(keyOf(found)) !== found.ttl) return false;
    left.delete(keyOf(found));
  }
  return left.size === 0;
}

function recordOf({ type, host, data, ttl, mx_priority }: Held, origin: Name): ResourceRecord | undefined {
  const hosted = { host, type: type.toLowerCase(), data, ttl: ttl ?? USUAL_TTL };
  if (typeCode(hosted.type) !== TYPE.SOA) {
    return fromHosted(mx_priority == null ? hosted : { ...hosted, priority: mx_priority }, origin);
  }
  try {
    const rdata = rdataOf(TYPE.SOA, data.trim().split(/\s+/), origin);
    return { owner: origin, type: TYPE.SOA, ttl: hosted.ttl, rdata, line: 0 };
  } catch {
    return undefined;
  }
}

function fieldsOf({ host, type, data, ttl, priority }: HostedRecord): Held {
  return { host, type, data, ttl, ...defined({ mx_priority: priority }) };
}

export const vpsNet: MemberType = {
  type: 'vpsnet',
  resellers: true,
  label: SERVICE,
  fields: hostedFields(
    SERVICE,
    BASE,
    'Email address',
    'Zones keep their own NS records unless something else is chosen.',
  ),
  create: ({ username = '', apikey = '', ns_config, baseurl = BASE }, { reach }) => {
    const basic = Buffer.from(`${username}:${apikey}`).toString('base64');
    const connection = new JsonConnection({
      base: baseurl,
      reach,
      service: SERVICE,
      headers: { authorization: `Basic ${basic}` },
      secrets: [apikey, basic],
      credentials: { statuses: [NOT_ACCEPTABLE], advice: 'Check the email address and the API key.' },
    });
    return new HostedMember(connection, (heeding) => new VpsNet(heeding, nsChoice(ns_config)));
  },
};
