import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DemoNode } from '../src/demo/demo-node.js';
import { parseName } from '../src/dns/name.js';
import { DnsClient } from '../src/dns/query.js';
import type { NameserverKind } from '../src/nameservers/kinds.js';
import { freePort } from '../src/operations/ports.js';
import { hostingZones, type HostingZone } from '../test/hosting-zones.js';

const HOST = '127.0.0.1';

/** A panel with zones and a fresh member, each a process of its own; the member is not yet joined. */
export class TwoNodes {
  readonly zones: HostingZone[];
  readonly web: DemoNode;
  readonly member: DemoNode;
  readonly token: string;
  readonly #memberToken: string;
  readonly #folder: string;

  private constructor(zones: HostingZone[], web: DemoNode, member: DemoNode, tokens: [string, string], folder: string) {
    this.zones = zones;
    this.web = web;
    this.member = member;
    [this.token, this.#memberToken] = tokens;
    this.#folder = folder;
  }

  /** Starts both, and imports `count` zones into the panel. */
  static async start(count: number, nameserver: NameserverKind): Promise<TwoNodes> {
    const folder = await mkdtemp(join(tmpdir(), 'dns-cluster-bench-'));
    const zones = hostingZones(count);
    const source = join(folder, 'source');
    await mkdir(source);
    for (const { name, text } of zones) await writeFile(join(source, `${name}.zone`), text);
    const node = async (name: string, kind: NameserverKind): Promise<[DemoNode, string]> => {
      const settings = { name, folder: join(folder, name), host: HOST, port: await freePort() };
      const made = new DemoNode(
        name === 'web' ? 'panel' : 'dnsonly',
        { ...settings, nameserver: { kind, host: HOST, port: await freePort() } },
        () => process.exit(1),
      );
      await made.start();
      const { token } = await made.call('credentials', { user: 'root', password: 'not-needed-by-anybody' });
      return [made, token];
    };
    const [web, webToken] = await node('web', 'embedded');
    const [member, memberToken] = await node('ns1', nameserver);
    await web.call('import', { folder: source });
    return new TwoNodes(zones, web, member, [webToken, memberToken], folder);
  }

  /** The panel takes the member in; from then on it sends what the member lacks. */
  async join(): Promise<void> {
    const { port, nameserver } = this.member.settings;
    const { port: dnsPort } = nameserver;
    await this.web.call('join', {
      host: HOST,
      port,
      dnsPort,
      user: 'root',
      token: this.#memberToken,
      role: 'write-only',
    });
  }

  /** A client that asks the member's nameserver. */
  askMember(timeout: number): DnsClient {
    return new DnsClient({ host: HOST, port: this.member.settings.nameserver.port }, { timeout });
  }

  async stop(): Promise<void> {
    await Promise.all([this.web.stop(), this.member.stop()]);
    await rm(this.#folder, { recursive: true, force: true });
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
