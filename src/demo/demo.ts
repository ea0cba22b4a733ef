import { stat } from 'node:fs/promises';
import { sentenceOf } from '../errors.js';
import type { NameserverKind, NameserverSettings } from '../nameservers/nameserver-settings.js';
import { DemoData, NODES, type NodeName } from './demo-data.js';
import { DemoNode } from './demo-node.js';
import type { ImportReport, NodeReport } from './messages.js';

const HOST = '127.0.0.1';
/** The demo gives up waiting for its members after so long; the line it prints then says what is missing. */
const IN_SYNC_WITHIN = 300_000;
const LOOK_EVERY = 100;

interface DemoOptions {
  zones: string;
  data: string | undefined;
  ports: number | undefined;
  nameserver: NameserverKind;
}

/** One node as the `--json` line describes it; scripts rely on this shape. */
export interface DemoNodeLine {
  name: string;
  kind: 'panel' | 'dnsonly';
  url: string;
  token: string;
  user: string;
  dns: string;
  pid: number;
  dataFolder: string;
  fingerprint: string;
}

export interface DemoLine {
  nodes: DemoNodeLine[];
  login: { user: string; password: string };
}

/** A web server's panel and two DNSONLY nodes on loopback ports, each a process of its own, formed into a cluster. */
export class Demo {
  readonly #options: DemoOptions;
  readonly #data: DemoData;
  readonly #nodes: Record<NodeName, DemoNode>;
  readonly #say: (text: string) => void;
  /** Resolves when the cluster is formed, the zones are imported and every nameserver serves them. */
  readonly ready: Promise<void>;
  #becomeReady: () => void = () => undefined;
  #isForming = false;
  #imported = false;

  private constructor(options: DemoOptions, data: DemoData, say: (text: string) => void) {
    this.#options = options;
    this.#data = data;
    this.#say = say;
    this.ready = new Promise((resolve) => {
      this.#becomeReady = resolve;
    });
    const make = (name: NodeName): DemoNode =>
      new DemoNode(
        name === 'web' ? 'panel' : 'dnsonly',
        {
          name,
          folder: data.folderOf(name),
          host: HOST,
          port: data.of(name).port,
          nameserver: privateNameserver(options.nameserver, data.of(name).dnsPort),
        },
        (node, how) => say(`${node.name} ended (${how}). "start ${node.name}" starts it again.`),
      );
    this.#nodes = { web: make('web'), ns1: make('ns1'), ns2: make('ns2') };
  }

  /**
   * Starts the nodes; `ready` resolves when the cluster is formed, the zones are imported and every nameserver serves
   * them. `say` gets progress for people, a line at a time. Rejects where a node can't start.
   */
  static async start(options: DemoOptions, say: (text: string) => void): Promise<Demo> {
    const info = await stat(options.zones).catch(() => undefined);
    if (info?.isDirectory() !== true)
      throw new Error(`${options.zones} is not a folder of zone files; give one with --zones`);
    const demo = new Demo(options, await DemoData.open(options.data, options.ports), say);
    try {
      for (const name of NODES) await demo.startNode(name);
    } catch (error) {
      await demo.close();
      throw error;
    }
    return demo;
  }

  isNode(name: string): name is NodeName {
    return (NODES as readonly string[]).includes(name);
  }

  /** Starts a node; the web server then takes the other nodes in as members and imports what is not yet imported. */
  async startNode(name: NodeName): Promise<void> {
    const node = this.#nodes[name];
    if (node.running) return;
    await node.start();
    this.#say(`${name} is ready: ${node.url} (process ${node.pid})`);
    await this.#credentials(name);
    if (!NODES.every((other) => this.#nodes[other].running)) return;
    if (this.#isForming) return;
    this.#isForming = true;
    void this.#form()
      .catch((error: unknown) =>
        this.#say(`${describeFailure('forming the cluster', error)}; start the node again to go on`),
      )
      .finally(() => (this.#isForming = false));
  }

  async stopNode(name: NodeName): Promise<void> {
    await this.#nodes[name].stop();
  }

  async report(name: NodeName): Promise<NodeReport | undefined> {
    const node = this.#nodes[name];
    return node.running ? node.call('status', {}) : undefined;
  }

  /** Everything a script needs to use the nodes; secrets included. */
  line(): DemoLine {
    const nodes = NODES.map((name): DemoNodeLine => {
      const node = this.#nodes[name];
      const { token, dnsPort } = this.#data.of(name);
      return {
        name,
        kind: node.kind,
        url: node.url,
        token: token ?? '',
        user: 'root',
        dns: `${HOST}:${dnsPort}`,
        pid: node.pid,
        dataFolder: this.#data.folderOf(name),
        fingerprint: node.fingerprint,
      };
    });
    return { nodes, login: { user: 'root', password: this.#data.password } };
  }

  async close(): Promise<void> {
    await Promise.all(NODES.map((name) => this.#nodes[name].stop()));
    await this.#data.close();
  }

  async #credentials(name: NodeName): Promise<void> {
    const data = this.#data.of(name);
    if (data.token !== undefined) return;
    const made = await this.#nodes[name].call('credentials', { user: 'root', password: this.#data.password });
    data.token = made.token;
    await this.#data.keep();
  }

  async #form(): Promise<void> {
    const { web } = this.#nodes;
    const members = (await web.call('status', {})).members.map((member) => member.hostname);
    for (const name of NODES.filter((other) => other !== 'web' && !members.includes(other))) {
      const { port, dnsPort, token } = this.#data.of(name);
      await web.call('join', { host: HOST, port, dnsPort, user: 'root', token: token ?? '', role: 'write-only' });
      this.#say(`${name} is a member of the cluster; changes on web are sent to it`);
    }
    if (!this.#imported) await this.#import();
    this.#becomeReady();
  }

  async #import(): Promise<void> {
    this.#say(`importing the zone files of ${this.#options.zones}`);
    let lastSaid = 0;
    const report = await this.#nodes.web.call('import', { folder: this.#options.zones }, (done) => {
      if (done - lastSaid < 1_000) return;
      lastSaid = done;
      this.#say(`  ${done} zones`);
    });
    this.#imported = true;
    this.#say(describeImport(report));
    await this.#untilInSync();
  }

  async #untilInSync(): Promise<void> {
    const deadline = Date.now() + IN_SYNC_WITHIN;
    for (;;) {
      const { zones, members } = await this.#nodes.web.call('status', {});
      const behind = members.filter((member) => member.pending > 0 || member.zonesInSync < zones);
      if (behind.length === 0) {
        this.#say(`${members.map((member) => member.hostname).join(' and ')} serve all ${zones} zones`);
        return;
      }
      if (Date.now() > deadline) {
        this.#say(
          behind.map((member) => `${member.hostname} still lacks ${member.pending} zones (${member.state})`).join('\n'),
        );
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
    }
  }
}

function privateNameserver(kind: NameserverKind, port: number): NameserverSettings {
  return { kind, host: HOST, port };
}

function describeImport({ saved, unchanged, leftOut }: ImportReport): string {
  const lines = [`imported ${saved} zones${unchanged > 0 ? `, ${unchanged} were there already` : ''}`];
  for (const { file, why } of leftOut.slice(0, 20)) lines.push(`  left out ${file}: ${why}`);
  if (leftOut.length > 20) lines.push(`  and ${leftOut.length - 20} more files left out`);
  return lines.join('\n');
}

/** Rejections of a demo command as one line. */
export function describeFailure(what: string, error: unknown): string {
  return `${what} failed: ${sentenceOf(error)}`;
}
