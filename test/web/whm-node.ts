import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { SELF } from '../../src/access/principal.js';
import { Cluster } from '../../src/cluster/cluster.js';
import { DnsClient } from '../../src/dns/messages/query.js';
import { cpanel } from '../../src/members/cpanel/cpanel-type.js';
import { EmbeddedNameserver } from '../../src/nameservers/embedded/embedded.js';
import { createLog } from '../../src/operations/log.js';
import { NO_AUDIT, NO_TOKENS } from '../cluster/cluster-node.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { ApiServer } from './api-server.js';
import { expectStrict } from './strict-answer.js';

/** What WHM API 1 answers. */
export interface WhmAnswer {
  metadata: { version: number; command: string; result: number; reason: string };
  data: Record<string, unknown>;
}

/** Parameters in their order; a name may come several times. */
export type Fields = readonly (readonly [string, string | number])[];

/** A zone with comments, a record over several lines and names left out; NAME is its own. */
export const TEXT = `; made by hand
$TTL 14400
@	IN	SOA	ns1.example.net. hostmaster.example.net. (
		2024010101	; serial
		3600 1800 1209600
		86400 )
@	86400 NS ns1.example.net.
; the web
www A 192.0.2.1 ; first
    A 192.0.2.2
    TXT "v=1; a" "b"
mail.sub.NAME. MX 10 mail
`;

/** What parse_dns_zone says of a line; a record has all of it. */
interface Item {
  line_index: number;
  type: string;
  dname_b64: string;
  record_type: string;
  ttl: number;
  data_b64?: string[];
}
export const plain = (base64: string): string => Buffer.from(base64, 'base64').toString();
export const b64 = (text: string): string => Buffer.from(text).toString('base64');
export const reasonOf = ({ metadata: { result, reason } }: WhmAnswer): [number, string] => [result, reason];

const log = createLog({ level: 'silent' });

/** A cluster on disk with its nameserver, and scripts that call its API as clients of WHM do. */
export class WhmNode {
  #made = 0;

  private constructor(
    readonly cluster: Cluster,
    readonly api: ApiServer,
    readonly dns: DnsClient,
    readonly folder: string,
  ) {}

  static async start(): Promise<WhmNode> {
    const folder = mkdtempSync(join(tmpdir(), 'whm-node-'));
    const nameserver = new EmbeddedNameserver({ listen: [{ host: '127.0.0.1', port: 0 }], version: '0', log });
    const own = { hostname: 'web.example.net', apiPort: undefined, fingerprint: undefined };
    const cluster = await Cluster.start({
      folder,
      log,
      nameserver,
      own,
      memberTypes: [cpanel],
      tokens: NO_TOKENS,
      audit: NO_AUDIT,
    });
    return new WhmNode(cluster, await ApiServer.start(cluster), new DnsClient(nameserver.dns), folder);
  }

  async stop(): Promise<void> {
    this.dns.close();
    await this.api.stop();
    await this.cluster.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A token of a reseller, as the value of an Authorization header. */
  async reseller(user: string): Promise<string> {
    const { secret } = await this.api.tokens.create({
      user,
      kind: 'reseller',
      name: 'script',
      privileges: ['clustering'],
    });
    return `whm ${user}:${secret}`;
  }

  /** Calls as lego does, with all parameters in the address, or by a form. */
  async call(name: string, fields: Fields | Record<string, string | number> = {}, as = {}): Promise<WhmAnswer> {
    const { method = 'GET', authorization = `whm root:${this.api.secret}` } = as as {
      method?: 'GET' | 'POST';
      authorization?: string;
    };
    const pairs = (Array.isArray(fields) ? fields : Object.entries(fields)) as Fields;
    const form = new URLSearchParams([
      ['api.version', '1'],
      ...pairs.map(([key, value]): [string, string] => [key, String(value)]),
    ]);
    const target = `http://127.0.0.1:${this.api.port}/json-api/${name}`;
    const answer = await (method === 'GET'
      ? fetch(`${target}?${form.toString()}`, { headers: { authorization } })
      : fetch(target, { method, headers: { authorization }, body: form }));
    const body = await answer.text();
    expect([answer.status, body.slice(0, 1)], body).toEqual([200, '{']);
    const said = JSON.parse(body) as WhmAnswer;
    if (said.metadata.result === 1) expectStrict(name, said.data);
    return said;
  }

  /** Saves a zone of its own for a test; answers its name. */
  async zoneWith(text = TEXT): Promise<string> {
    const name = `z${++this.#made}.example`;
    await this.cluster.saveZone(zoneName(name), Buffer.from(text.replaceAll('NAME', name)), SELF);
    return name;
  }

  async textOf(zone: string): Promise<string> {
    return (await this.cluster.zones.text(zoneName(zone), SELF)).toString();
  }

  async parsed(zone: string): Promise<Item[]> {
    return (await this.call('parse_dns_zone', { zone })).data['payload'] as Item[];
  }

  async dumped(zone: string): Promise<Record<string, unknown>[]> {
    const { data } = await this.call('dumpzone', { domain: zone });
    return (data['zone'] as { record: Record<string, unknown>[] }[])[0]?.record ?? [];
  }

  /** As lego finds it: the SOA whose name is base64 of the zone with its dot. */
  async serialOf(zone: string): Promise<number> {
    const soa = (await this.parsed(zone)).find(
      (item) => item.type === 'record' && item.record_type === 'SOA' && item.dname_b64 === b64(`${zone}.`),
    );
    return Number(plain(soa?.data_b64?.[2] ?? ''));
  }
}
