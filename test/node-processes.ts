import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { DemoNode } from '../src/demo/demo-node.js';
import { parseName } from '../src/dns/name.js';
import { DnsClient } from '../src/dns/messages/query.js';
import { encodeBundle } from '../src/wire-format/zone-bundle.js';
import type { NameserverKind } from '../src/nameservers/nameserver-settings.js';
import { freePort } from '../src/operations/ports.js';
import { hostingZones, type HostingZone } from './hosting-zones.js';

const HOST = '127.0.0.1';
const PASSWORD = 'not-needed-by-anybody';

/** A panel with zones and fresh members, each a process of its own; the members are not yet joined. */
export class NodeProcesses {
  readonly zones: HostingZone[];
  readonly web: DemoNode;
  readonly members: readonly DemoNode[];
  readonly #tokens: ReadonlyMap<DemoNode, string>;
  readonly #folder: string;
  /** The nodes' certificates are their own. */
  readonly #agent = new Agent({ connect: { rejectUnauthorized: false } });

  private constructor(zones: HostingZone[], nodes: readonly (readonly [DemoNode, string])[], folder: string) {
    const [web, ...members] = nodes.map(([node]) => node);
    if (web === undefined) throw new Error('no node');
    this.zones = zones;
    this.web = web;
    this.members = members;
    this.#tokens = new Map(nodes);
    this.#folder = folder;
  }

  /**
   * Starts all, and imports `count` zones into the panel, which has an embedded nameserver. `entry`: the compiled
   * program of a node, where this file itself is not compiled.
   */
  static async start(options: {
    count: number;
    members: readonly NameserverKind[];
    entry?: string;
  }): Promise<NodeProcesses> {
    const folder = await mkdtemp(join(tmpdir(), 'dns-cluster-nodes-'));
    const zones = hostingZones(options.count);
    const source = join(folder, 'source');
    await mkdir(source);
    for (const { name, text } of zones) await writeFile(join(source, `${name}.zone`), text);
    const nodes: (readonly [DemoNode, string])[] = [];
    try {
      for (const [i, kind] of (['embedded', ...options.members] as const).entries()) {
        const name = i === 0 ? 'web' : `ns${i}`;
        const node = new DemoNode(
          i === 0 ? 'panel' : 'dnsonly',
          {
            ...{ name, folder: join(folder, name), host: HOST, port: await freePort() },
            nameserver: { kind, host: HOST, port: await freePort() },
          },
          (_, how) => process.stderr.write(`${name} ended: ${how}\n`),
          options.entry,
        );
        await node.start();
        nodes.push([node, (await node.call('credentials', { user: 'root', password: PASSWORD })).token]);
      }
      const made = new NodeProcesses(zones, nodes, folder);
      await made.web.call('import', { folder: source });
      return made;
    } catch (error) {
      for (const [node] of nodes) await node.stop();
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** The panel takes this member in; from then on it sends what the member lacks. */
  async join(member = this.#first): Promise<void> {
    const { port, nameserver } = member.settings;
    const token = this.#tokens.get(member) ?? '';
    const where = { host: HOST, port, dnsPort: nameserver.port };
    await this.web.call('join', { ...where, user: 'root', token, role: 'write-only' });
  }

  /** A client that asks a member's nameserver. */
  ask(timeout: number, member = this.#first): DnsClient {
    return new DnsClient(member.settings.nameserver, { timeout });
  }

  /** One function of the panel's API; rejects with its reason. */
  async call(name: string, form: Record<string, string> = {}): Promise<unknown> {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const body = new URLSearchParams(form).toString();
    const answer = JSON.parse(await this.#post(`/json-api/${name}?api.version=1`, body, headers)) as {
      data: unknown;
      metadata: { result: number; reason: string };
    };
    if (answer.metadata.result !== 1) throw new Error(answer.metadata.reason);
    return answer.data;
  }

  /** Saves these zones on the panel by one call of the wire; resolves with how many it took. */
  async saveAll(zones: readonly HostingZone[]): Promise<number> {
    const bundle = encodeBundle(zones.map(({ name, text }) => ({ name, text: Buffer.from(text) })));
    const said = await this.#post('/scripts2/synczones_local', bundle);
    return said.match(/ => saved, /g)?.length ?? 0;
  }

  async stop(): Promise<void> {
    await this.#agent.close();
    await Promise.all([this.web, ...this.members].map((node) => node.stop()));
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #first(): DemoNode {
    const [first] = this.members;
    if (first === undefined) throw new Error('no member');
    return first;
  }

  async #post(path: string, body: string | Buffer, headers: Record<string, string> = {}): Promise<string> {
    const response = await request(`${this.web.url}${path}`, {
      ...{ method: 'POST', body, dispatcher: this.#agent },
      headers: { ...headers, authorization: `whm root:${this.#tokens.get(this.web) ?? ''}` },
    });
    return response.body.text();
  }
}

/** Resolves when every zone is answered with this serial; looks at a few until they are, then at all. */
export async function untilAllAnswered(
  client: DnsClient,
  zones: readonly HostingZone[],
  serial: number,
  within: number,
): Promise<void> {
  const deadline = Date.now() + within;
  const serves = async ({ name }: HostingZone): Promise<boolean> =>
    (await client.soaSerial(parseName(`${name}.`)).catch(() => undefined)) === serial;
  let missing = [...zones];
  while (missing.length > 0) {
    if (Date.now() > deadline) throw new Error(`${missing.length} zones are not answered within ${within} ms`);
    const sample = missing.filter((_, i) => i % Math.ceil(missing.length / 20) === 0);
    if ((await Promise.all(sample.map(serves))).every(Boolean)) {
      const served = await Promise.all(missing.map(serves));
      missing = missing.filter((_, i) => served[i] !== true);
    } else await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
