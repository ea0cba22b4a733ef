import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../src/operations/ports.js';
import { startNode, type RunningNode } from '../../src/panel/node.js';

export const PASSWORD = 'a-long-enough-password';

/**
 * A web server and nameservers with their panels, in this process, each on loopback ports and in a folder of its own.
 */
export class ClusterOfNodes {
  readonly folder: string;
  readonly dnsPorts = new Map<string, number>();
  readonly #nodes = new Map<string, RunningNode>();

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async start(...names: readonly string[]): Promise<ClusterOfNodes> {
    const cluster = new ClusterOfNodes(await mkdtemp(join(tmpdir(), 'browser-')));
    for (const name of names) await cluster.#startNode(name);
    return cluster;
  }

  node(name: string): RunningNode {
    const node = this.#nodes.get(name);
    if (node === undefined) throw new Error(`${name} does not run`);
    return node;
  }

  portOf(name: string): string {
    return new URL(this.node(name).url).port;
  }

  async end(): Promise<void> {
    await Promise.all([...this.#nodes.values()].map((node) => node.stop()));
    await rm(this.folder, { recursive: true, force: true });
  }

  async #startNode(name: string): Promise<void> {
    const dnsPort = await freePort();
    const node = await startNode({
      ...{ name, folder: join(this.folder, name), host: '127.0.0.1', port: 0 },
      nameserver: { kind: 'embedded', host: '127.0.0.1', port: dnsPort },
    });
    this.dnsPorts.set(name, dnsPort);
    await node.users.add({ user: 'root', kind: 'root', privileges: ['all'] }, PASSWORD);
    await node.users.add({ user: 'alice', kind: 'reseller', privileges: ['clustering'] }, PASSWORD);
    await node.users.add({ user: 'bob', kind: 'reseller', privileges: [] }, PASSWORD);
    this.#nodes.set(name, node);
  }
}
