import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import { SELF } from '../src/access/principal.js';
import type { HostUser } from '../src/host/host-panel.js';
import { createLog } from '../src/operations/log.js';
import { createPlugin, zoneName, type Plugin, type ZoneName } from '../src/plugin.js';
import { hostingZones } from '../test/hosting-zones.js';

const BATCH = 2_500;

/** A member type as an operator writes one: it agrees to everything. */
const AGREEABLE = `
export const memberType = {
  type: 'agreeable',
  label: 'Agreeable',
  fields: [{ name: 'username', label: 'Host', type: 'text' }],
  create: ({ username }) => {
    const held = new Set();
    return {
      batch: 2500,
      probe: async () => ({ version: '1', hostname: username }),
      zoneList: async () => [...held],
      zones: () => new Promise((resolve) => setImmediate(resolve, new Map())),
      zoneExists: async (name) => held.has(name),
      push: async (changes) => {
        await new Promise((resolve) => setImmediate(resolve));
        for (const { name, kind } of changes) kind === 'remove' ? held.delete(name) : held.add(name);
        return changes.map(({ name }) => ({ name, outcome: 'done' }));
      },
      close: async () => {},
    };
  },
};
`;

/**
 * The real plugin on a real folder and its pages, with members that take everything at once, so that nothing else is
 * measured.
 */
export class ManyZones {
  readonly plugin: Plugin;
  readonly names: ZoneName[] = [];
  /** Of its pages. */
  readonly base: string;
  readonly #folder: string;
  readonly #server: ReturnType<typeof createServer>;

  private constructor(plugin: Plugin, folder: string, server: ReturnType<typeof createServer>) {
    this.plugin = plugin;
    this.#folder = folder;
    this.#server = server;
    this.base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/clusters/dns`;
  }

  static async start(): Promise<ManyZones> {
    const folder = await mkdtemp(join(tmpdir(), 'bench-many-zones-'));
    await writeFile(join(folder, 'agreeable.mjs'), AGREEABLE);
    const root: HostUser = { user: 'root', kind: 'root', privileges: ['all'], sessionId: 's' };
    const plugin = createPlugin(
      { name: 'bench', identify: () => root, users: () => [root] },
      {
        ...{ folder: join(folder, 'data'), hostname: 'web.example', memberTypes: [join(folder, 'agreeable.mjs')] },
        nameserver: { kind: 'embedded', host: '127.0.0.1', port: 0 },
        log: createLog({ level: 'error' }),
      },
    );
    await plugin.start();
    const app = express();
    app.use('/clusters/dns', plugin.pages);
    const server = createServer(app).listen(0, '127.0.0.1');
    // A page is asked for long after the one before.
    server.keepAliveTimeout = 3_600_000;
    await once(server, 'listening');
    return new ManyZones(plugin, folder, server);
  }

  /** Makes zones until there are so many. */
  async grow(count: number): Promise<void> {
    const zones = hostingZones(count).slice(this.names.length);
    for (let at = 0; at < zones.length; at += BATCH) {
      const batch = zones
        .slice(at, at + BATCH)
        .map(({ name, text }) => ({ name: zoneName(name), text: Buffer.from(text) }));
      await this.plugin.cluster.zones.saveMany(batch, SELF);
      this.names.push(...batch.map(({ name }) => name));
    }
  }

  async addMember(host: string): Promise<string> {
    const { id } = await this.plugin.cluster.members.add(
      { type: 'agreeable', role: 'write-only', values: { username: host } },
      SELF,
    );
    return id;
  }

  /** Until all members have all zones. */
  async settled(): Promise<void> {
    while (this.plugin.cluster.members.list(SELF).some(({ pending }) => pending > 0))
      await new Promise((resolve) => setTimeout(resolve, 200));
  }

  /** A page's size in octets. Throws where it does not answer 200. */
  async page(path: string): Promise<number> {
    const answer = await fetch(this.base + path);
    if (answer.status !== 200 || answer.body === null) throw new Error(`${path} answered ${answer.status}`);
    let octets = 0;
    for await (const piece of answer.body) octets += (piece as Uint8Array).length;
    return octets;
  }

  /** Octets of what a function of the API answers, by the control socket. */
  async call(name: string, parameters: Record<string, string> = {}): Promise<number> {
    const socketPath = join(this.#folder, 'data/control/control.sock');
    const path = `/json-api/${name}?${new URLSearchParams({ 'api.version': '1', ...parameters }).toString()}`;
    const asked = get({ socketPath, path, headers: { connection: 'close' } });
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    let octets = 0;
    for await (const piece of answer) octets += (piece as Buffer).length;
    if (answer.statusCode !== 200) throw new Error(`${name} answered ${answer.statusCode}`);
    return octets;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await this.plugin.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
