import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DnsWatch } from './dns-watch.js';
import { FaultyNode, type NodeOptions } from './faulty-node.js';
import { FaultyNetwork } from './network.js';
import { textOf, ZoneTruth } from './zone-truth.js';
import type { MemberStatus } from '../../src/cluster/model/member-status.js';

/**
 * Web servers and nameservers, each a process on a host of its own; every web server writes to every nameserver.
 * `options` of the nameservers; all clocks are alike.
 */
export class FaultyCluster {
  readonly network: FaultyNetwork;
  readonly webs: readonly FaultyNode[];
  readonly nameservers: readonly FaultyNode[];
  readonly watch: DnsWatch;
  readonly truth = new ZoneTruth();
  /** What was wrong with what a web server held after it had been killed. */
  readonly losses: string[] = [];
  readonly #starting = new Set<FaultyNode>();
  readonly #folder: string;

  private constructor(network: FaultyNetwork, folder: string, webs: number, nameservers: number, options: NodeOptions) {
    this.network = network;
    this.#folder = folder;
    const { clock = false } = options;
    const nodes = (kind: string, count: number, how: NodeOptions): FaultyNode[] =>
      Array.from({ length: count }, (_, i) => new FaultyNode(network.join(`${kind}${i + 1}`), folder, how));
    this.webs = nodes('web', webs, { clock });
    this.nameservers = nodes('ns', nameservers, options);
    const hosts = this.nodes.map(({ host }) => host);
    this.watch = new DnsWatch(network.observer, hosts);
  }

  static async start(webs: number, nameservers: number, options: NodeOptions): Promise<FaultyCluster> {
    const folder = mkdtempSync(join(tmpdir(), 'dns-cluster-faults-'));
    const cluster = new FaultyCluster(FaultyNetwork.open(), folder, webs, nameservers, options);
    try {
      await Promise.all(cluster.nodes.map((node) => node.start()));
      for (const nameserver of cluster.nameservers) {
        await Promise.all(cluster.webs.map((web) => cluster.#join(web, nameserver)));
      }
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return cluster;
  }

  get nodes(): readonly FaultyNode[] {
    return [...this.webs, ...this.nameservers];
  }

  /** Saves a zone and waits until its web server has it. Resolves with its serial. */
  async save(
    web: FaultyNode,
    zone: string,
    fields: { wait?: string; timeout?: number } = { wait: 'none' },
  ): Promise<number> {
    const version = this.truth.newVersion();
    this.truth.begin(zone, version, web.name);
    this.watch.add(zone);
    const given = { zone, zonedata: textOf(version, 1), ...fields };
    const { serial, change } = await web.api<{ serial: number; change: string }>('savezone', given);
    this.truth.acknowledged(zone, version);
    if (change === 'created') this.watch.made(zone, serial);
    return serial;
  }

  /** Removes a zone and waits until its web server has done it. */
  async remove(web: FaultyNode, zone: string): Promise<void> {
    this.watch.removed(zone);
    this.truth.beginRemoval(zone);
    await web.api('removezone', { zone, wait: 'none' });
    this.truth.removed(zone);
  }

  /** Starts a node again that was killed, and looks whether a web server still has all that it acknowledged. */
  async restart(node: FaultyNode): Promise<void> {
    this.#starting.add(node);
    try {
      await node.start();
      if (this.webs.includes(node)) this.losses.push(...this.truth.compare(node.name, await node.zones()));
    } finally {
      this.#starting.delete(node);
    }
  }

  /** It was not yet looked at since it starts again. */
  isStarting(node: FaultyNode): boolean {
    return this.#starting.has(node);
  }

  /** How the nameserver stands in the table of this web server. */
  async row(web: FaultyNode, { name }: FaultyNode): Promise<MemberStatus> {
    const { member } = await web.api<{ member: MemberStatus[] }>('listmembers');
    const row = member.find(({ hostname }) => hostname === name);
    if (row === undefined) throw new Error(`${name} is no member of ${web.name}`);
    return row;
  }

  /**
   * What an operator does who finds a server that he replaced: its new certificate is accepted, and it gets a new
   * token.
   */
  async accept(web: FaultyNode, nameserver: FaultyNode): Promise<void> {
    const { id } = await this.row(web, nameserver);
    const { fingerprint } = nameserver;
    await web.api('editmember', { member: id, fingerprint, token: await this.#tokenFor(web, nameserver) });
  }

  async close(): Promise<void> {
    await this.watch.close();
    await Promise.all(this.nodes.map((node) => node.kill()));
    this.network.close();
    if (process.env['FAULT_KEEP'] === undefined) rmSync(this.#folder, { recursive: true, force: true });
    else process.stderr.write(`kept: ${this.#folder}\n`);
  }

  async #join(web: FaultyNode, nameserver: FaultyNode): Promise<void> {
    const token = await this.#tokenFor(web, nameserver);
    const { address: host } = nameserver.host;
    await web.api('addmember', { host, port: 2087, user: 'root', token, role: 'write-only' });
  }

  async #tokenFor(web: FaultyNode, nameserver: FaultyNode): Promise<string> {
    const name = `${web.name}-${Math.random().toString(36).slice(2)}`;
    const made = await nameserver.api<{ token: string }>('api_token_create', { token_name: name, acl: ['clustering'] });
    return made.token;
  }
}
