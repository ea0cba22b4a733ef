import { z } from 'zod';
import { parseName } from '../../dns/name.js';
import { parseZone } from '../../dns/zone-text/parser.js';
import { printZone } from '../../dns/zone-text/printer.js';
import { TYPE } from '../../dns/types.js';
import type { Zone } from '../../dns/zone.js';
import { servedZoneName, type ZoneName } from '../../zones/zone-name.js';
import { CallRefused, JsonConnection, type JsonCall } from '../json-connection.js';
import type { CallOptions, MemberBackend, MemberChange, MemberInfo, Pushed } from '../member-backend.js';
import type { MemberType } from '../member-type.js';
import { someAtOnce } from '../some-at-once.js';
import { changesTo, masterFile, recordsOf, respelled, rrset, type RRset, type RRsetChange } from './rrset-changes.js';
import type { Reach } from '../reach.js';

const SERVICE = 'PowerDNS';
const BATCH = 200;
const READ_AT_ONCE = 4;
/** Of two writes at a time, PowerDNS with SQLite answers one with HTTP 500 (measured with 4.7.3). */
const WRITTEN_AT_ONCE = 1;
const NOT_FOUND = 404;
const CONFLICT = 409;
/** Contents of one zone that may be spelled anew. */
const MOST_SPELLINGS = 200;
const KINDS = ['Native', 'Master'] as const;
const MOST_SIGNED_NAMED = 100;

const serverInfo = z.object({ version: z.string().max(60) });
const zoneInfo = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.string().max(60),
  dnssec: z.boolean().catch(false),
});
const wholeZone = zoneInfo.extend({ soa_edit_api: z.string().catch(''), rrsets: z.array(rrset) });

interface Settings {
  url: string;
  key: string;
  server: string;
  kind: (typeof KINDS)[number];
  dnsPort: number;
  reach: Reach | undefined;
}

/** A PowerDNS Authoritative Server whose zones are in a database, by its HTTP API. */
class PowerDnsApi implements MemberBackend {
  readonly batch = BATCH;
  readonly dns: { host: string; port: number };
  readonly #connection: JsonConnection;
  readonly #kind: string;

  constructor({ url, key, server, kind, dnsPort, reach }: Settings) {
    this.#kind = kind;
    this.#connection = new JsonConnection({
      base: `${url.replace(/(?<!\/)\/+$/, '')}/api/v1/servers/${encodeURIComponent(server)}`,
      service: SERVICE,
      reach,
      headers: { 'x-api-key': key },
      secrets: [key],
      credentials: { advice: 'Check the API key (api-key) and the addresses that it allows (webserver-allow-from).' },
    });
    this.dns = { host: this.#connection.host, port: dnsPort };
  }

  async probe(options?: CallOptions): Promise<MemberInfo> {
    const zones = this.#zones(options);
    const version = await zones.version();
    const signed = (await zones.list()).filter(({ dnssec }) => dnssec).map(({ name }) => name.replace(/\.$/, ''));
    const signedZones = signed.slice(0, MOST_SIGNED_NAMED);
    return { version, hostname: this.#connection.host, ...(signed.length === 0 ? {} : { signedZones }) };
  }

  async zoneList(options?: CallOptions): Promise<ZoneName[]> {
    return (await this.#zones(options).list()).flatMap(({ name }) => nameOf(name) ?? []);
  }

  async zones(names: readonly ZoneName[], options?: CallOptions): Promise<Map<ZoneName, Buffer>> {
    const zones = this.#zones(options);
    const found = await someAtOnce(names, READ_AT_ONCE, async (name) => {
      const text = await zones.text(name);
      return text === undefined ? [] : [[name, text] as const];
    });
    return new Map(found.flat());
  }

  async zoneExists(name: ZoneName, options?: CallOptions): Promise<boolean> {
    return (await this.#zones(options).idOf(name)) !== undefined;
  }

  push(changes: readonly MemberChange[], options?: CallOptions): Promise<Pushed[]> {
    const zones = this.#zones(options);
    return someAtOnce(changes, WRITTEN_AT_ONCE, async (change) => {
      const { name } = change;
      try {
        if (change.kind === 'upsert') await zones.save(name, change.text);
        else await zones.remove(name);
        return { name, outcome: 'done' };
      } catch (error) {
        if (!(error instanceof CallRefused)) throw error;
        return { name, outcome: 'refused', reason: error.message };
      }
    });
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  #zones(options: CallOptions | undefined): PowerDnsZones {
    return new PowerDnsZones(this.#connection.heeding(options), this.#kind);
  }
}

/** The zones behind the API. */
class PowerDnsZones {
  readonly #connection: JsonConnection;
  readonly #kind: string;

  constructor(connection: JsonConnection, kind: string) {
    this.#connection = connection;
    this.#kind = kind;
  }

  async version(): Promise<string> {
    return (await this.#call(serverInfo, { method: 'GET', path: '' })).version;
  }

  async text(name: ZoneName): Promise<Buffer | undefined> {
    const id = await this.idOf(name);
    return id === undefined ? undefined : textOf(name, (await this.#zone(id)).rrsets);
  }

  async save(name: ZoneName, text: Buffer): Promise<void> {
    const zone = parseZone(text, name);
    if (zone.records.some(({ type }) => type === TYPE.RRSIG)) {
      throw refusal(`${name} carries signatures, and the API of PowerDNS takes none`);
    }
    const id = await this.idOf(name);
    const held = id === undefined ? await this.#create(name, zone) : await this.#zone(id);
    if (held.dnssec) {
      throw refusal(`PowerDNS signs ${name} by itself; turn that off there (pdnsutil disable-dnssec ${name})`);
    }
    if (!KINDS.some((kind) => kind === held.kind)) {
      throw refusal(`${name} is a ${held.kind} zone there, which gets its records from elsewhere; delete it there`);
    }
    // Else it gives the zone serials of its own.
    if (held.soa_edit_api !== '') await this.#put(held.id, { soa_edit_api: '' });
    const changes = changesTo(zone.records, held.rrsets);
    if (changes.length === 0) return;
    await this.#patch(held.id, changes);
    // What was asked for and what is there are two things.
    if (changesTo(zone.records, (await this.#zone(held.id)).rrsets).length > 0) {
      throw refusal(`PowerDNS said that it took ${name}, and holds other records than it was sent`);
    }
  }

  async remove(name: ZoneName): Promise<void> {
    const id = await this.idOf(name);
    if (id === undefined) return;
    try {
      await this.#call(z.unknown(), { method: 'DELETE', path: `/zones/${id}` });
    } catch (error) {
      if (!(error instanceof CallRefused) || error.status !== NOT_FOUND) throw error;
    }
  }

  /** By its text, which it takes in any spelling. Somebody may have made it since we asked. */
  async #create(name: ZoneName, zone: Zone): Promise<z.infer<typeof wholeZone>> {
    const body = {
      name: `${name}.`,
      kind: this.#kind,
      nameservers: [],
      soa_edit_api: '',
      soa_edit: '',
      zone: masterFile(zone.records),
    };
    try {
      return await this.#call(wholeZone, { method: 'POST', path: '/zones', body });
    } catch (error) {
      if (!(error instanceof CallRefused)) throw error;
      const exists = error.status === CONFLICT ? await this.idOf(name) : undefined;
      if (exists !== undefined) return this.#zone(exists);
      // What it stored before it failed could be half of the zone, which would be answered.
      if (error.status !== CONFLICT) await this.remove(name);
      throw error;
    }
  }

  /** All in one transaction of its. */
  async #patch(id: string, changes: readonly RRsetChange[]): Promise<void> {
    let sent = changes;
    for (let spellings = 0; ; spellings++) {
      try {
        await this.#call(z.unknown(), { method: 'PATCH', path: `/zones/${id}`, body: { rrsets: sent } });
        return;
      } catch (error) {
        if (!(error instanceof CallRefused) || spellings >= MOST_SPELLINGS) throw error;
        const next = respelled(sent, error.said);
        if (next === undefined) throw error;
        sent = next;
      }
    }
  }

  async #put(id: string, body: object): Promise<void> {
    await this.#call(z.unknown(), { method: 'PUT', path: `/zones/${id}`, body });
  }

  list(query = ''): Promise<z.infer<typeof zoneInfo>[]> {
    return this.#call(z.array(zoneInfo), { method: 'GET', path: `/zones${query}` });
  }

  #zone(id: string): Promise<z.infer<typeof wholeZone>> {
    return this.#call(wholeZone, { method: 'GET', path: `/zones/${id}` });
  }

  /** How it names the zone in addresses; undefined where it has none. */
  async idOf(name: ZoneName): Promise<string | undefined> {
    const found = await this.list(`?zone=${encodeURIComponent(`${name}.`)}`);
    return found.find((zone) => zone.name.toLowerCase() === `${name}.`)?.id;
  }

  #call<S extends z.ZodType>(schema: S, call: JsonCall): Promise<z.output<S>> {
    return this.#connection.call(schema, call);
  }
}

function refusal(why: string): CallRefused {
  return new CallRefused(0, why, `${why}.`);
}

function textOf(name: ZoneName, rrsets: readonly RRset[]): Buffer {
  const origin = parseName(`${name}.`);
  return Buffer.from(printZone({ origin, records: rrsets.flatMap(recordsOf), warnings: [] }), 'latin1');
}

function nameOf(name: string): ZoneName | undefined {
  try {
    return servedZoneName(name);
  } catch {
    return undefined;
  }
}

export const powerDnsApi: MemberType = {
  type: 'powerdns-api',
  resellers: true,
  label: 'PowerDNS (HTTP API)',
  fields: [
    {
      name: 'url',
      label: 'Address of the API',
      type: 'text',
      help: 'As https://ns3.example.net:8081. Without TLS only on this machine: the key would be readable on the way.',
    },
    { name: 'apikey', label: 'API key', type: 'text', secret: true },
    { name: 'server', label: 'Server', type: 'text', default: 'localhost', help: 'Its name in the API.' },
    {
      name: 'kind',
      label: 'New zones are',
      type: 'radio',
      default: 'Native',
      options: [
        { value: 'Native', label: 'Native: secondaries, if any, share the database' },
        { value: 'Master', label: 'Master: secondaries are told by NOTIFY' },
      ],
    },
    { name: 'dns_port', label: 'DNS port', type: 'text', default: '53', help: 'Where it is asked what it serves.' },
  ],
  create: ({ url = '', apikey = '', server = 'localhost', kind, dns_port = '53' }, { reach }) => {
    const dnsPort = Number(dns_port);
    if (!/^[0-9]{1,5}$/.test(dns_port) || dnsPort < 1 || dnsPort > 65_535)
      throw new Error('DNS port must be 1 to 65535');
    const known = KINDS.find((one) => one === kind) ?? KINDS[0];
    return new PowerDnsApi({ url, key: apikey, server, kind: known, dnsPort, reach });
  },
};
