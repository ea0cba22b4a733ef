import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { DnsCluster } from '../../src/cluster/dns-cluster.js';
import { DnsClient } from '../../src/dns/query.js';
import { EmbeddedNameserver } from '../../src/nameservers/embedded/embedded.js';
import { createLog } from '../../src/operations/log.js';
import { ApiServer } from './api-server.js';

/** What WHM API 1 answers. */
export interface WhmAnswer {
  metadata: { version: number; command: string; result: number; reason: string };
  data: Record<string, unknown>;
}

/** Parameters in their order; a name may come several times. */
export type Fields = readonly (readonly [string, string | number])[];

const log = createLog({ level: 'silent' });

/** A cluster on disk with its nameserver, and scripts that call its API as clients of WHM do. */
export class WhmNode {
  private constructor(
    readonly cluster: DnsCluster,
    readonly api: ApiServer,
    readonly dns: DnsClient,
    readonly folder: string,
  ) {}

  static async start(): Promise<WhmNode> {
    const folder = mkdtempSync(join(tmpdir(), 'whm-node-'));
    const nameserver = new EmbeddedNameserver({ listen: [{ host: '127.0.0.1', port: 0 }], version: '0', log });
    const own = { hostname: 'web.example.net', apiPort: undefined, fingerprint: undefined };
    const cluster = await DnsCluster.start({ folder, log, nameserver, own });
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
    return JSON.parse(body) as WhmAnswer;
  }
}
