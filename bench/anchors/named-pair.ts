import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DnsClient } from '../../src/dns/messages/query.js';
import { hostingZones, type HostingZone } from '../../test/hosting-zones.js';
import { BenchNamed } from './bench-named.js';

/** A primary and a secondary BIND, not yet configured, and the zones that the primary is to have. */
export class NamedPair {
  private constructor(
    readonly folder: string,
    readonly primary: BenchNamed,
    readonly secondary: BenchNamed,
    readonly zones: readonly HostingZone[],
  ) {}

  /** Calls `work` with a pair whose primary has the files of `count` zones, and takes everything down afterwards. */
  static async with<T>(count: number, work: (pair: NamedPair) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(join(tmpdir(), 'dns-cluster-anchor-'));
    const primary = await BenchNamed.make(join(folder, 'primary'));
    const secondary = await BenchNamed.make(join(folder, 'secondary'));
    const pair = new NamedPair(folder, primary, secondary, hostingZones(count));
    try {
      await pair.writeZones(primary);
      return await work(pair);
    } finally {
      await Promise.all([primary.stop(), secondary.stop()]);
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Writes every zone's file below the folder of `named`. */
  async writeZones(named: BenchNamed): Promise<void> {
    await mkdir(join(named.folder, 'zones'));
    for (const { name, text } of this.zones) await writeFile(NamedPair.file(named, name), text);
  }

  /** A zone statement for each zone, of these clauses. */
  statements(named: BenchNamed, clauses: string): string {
    return this.zones
      .map(({ name }) => `zone "${name}" { file "${NamedPair.file(named, name)}"; ${clauses} };\n`)
      .join('');
  }

  askSecondary(): DnsClient {
    return new DnsClient(this.secondary.dns, { timeout: 500 });
  }

  static file(named: BenchNamed, zone: string): string {
    return join(named.folder, 'zones', `${zone}.zone`);
  }
}
