import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { freePort } from '../operations/ports.js';

export const NODES = ['web', 'ns1', 'ns2'] as const;
export type NodeName = (typeof NODES)[number];

const nodeData = z.object({
  /** Pages and API. */
  port: z.number(),
  /** DNS, UDP and TCP. */
  dnsPort: z.number(),
  token: z.string().optional(),
});
const schema = z.object({
  password: z.string(),
  nodes: z.record(z.enum(NODES), nodeData),
});

type DemoNodeData = z.infer<typeof nodeData>;

/**
 * The demo's folder: one for each node, and what must be the same at the next run (ports, password, tokens) in
 * demo.json.
 */
export class DemoData {
  readonly folder: string;
  readonly #data: z.infer<typeof schema>;
  readonly #throwAway: boolean;

  private constructor(folder: string, data: z.infer<typeof schema>, throwAway: boolean) {
    this.folder = folder;
    this.#data = data;
    this.#throwAway = throwAway;
  }

  /**
   * `folder` is kept; without one, a temporary one is thrown away at the end. `basePort`: six ports from there, else
   * free ones.
   */
  static async open(folder: string | undefined, basePort: number | undefined): Promise<DemoData> {
    const place = folder === undefined ? await mkdtemp(join(tmpdir(), 'dns-cluster-demo-')) : resolve(folder);
    await mkdir(place, { recursive: true, mode: 0o700 });
    const kept = await readFile(join(place, 'demo.json'), 'utf8').catch(() => undefined);
    const data = kept === undefined ? await newData(basePort) : schema.parse(JSON.parse(kept));
    const demo = new DemoData(place, data, folder === undefined);
    await demo.keep();
    return demo;
  }

  get password(): string {
    return this.#data.password;
  }

  of(name: NodeName): DemoNodeData {
    return this.#data.nodes[name];
  }

  folderOf(name: NodeName): string {
    return join(this.folder, name);
  }

  async keep(): Promise<void> {
    await writeFile(join(this.folder, 'demo.json'), JSON.stringify(this.#data, undefined, 2), { mode: 0o600 });
  }

  async close(): Promise<void> {
    if (this.#throwAway) await rm(this.folder, { recursive: true, force: true });
  }
}

async function newData(basePort: number | undefined): Promise<z.infer<typeof schema>> {
  const node = async (i: number): Promise<DemoNodeData> => {
    if (basePort !== undefined) return { port: basePort + i, dnsPort: basePort + NODES.length + i };
    return { port: await freePort(), dnsPort: await freePort() };
  };
  return {
    password: randomBytes(12).toString('base64url'),
    nodes: { web: await node(0), ns1: await node(1), ns2: await node(2) },
  };
}
