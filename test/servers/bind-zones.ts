import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ZoneChange } from '../../src/nameservers/nameserver.js';
import { zoneName } from '../../src/zones/zone-name.js';

export type Upsert = Extract<ZoneChange, { kind: 'upsert' }>;

/** A folder of master files, as the store would have written them. */
export class ZoneFolder {
  private constructor(readonly folder: string) {}

  static async make(): Promise<ZoneFolder> {
    return new ZoneFolder(await mkdtemp(join(tmpdir(), 'dns-cluster zones-')));
  }

  file(name: string): string {
    return join(this.folder, `${name.replaceAll('/', '%2F')}.zone`);
  }

  /** Writes a sound zone with `more` appended, and says what the store would say of it. */
  async upsert(name: string, serial: number, more = ''): Promise<Upsert> {
    const head = `$TTL 300\n@ SOA ns1.host.example. hostmaster.host.example. ${serial} 3600 600 86400 300\n`;
    await writeFile(this.file(name), `${head}@ NS ns1.host.example.\n@ NS ns2.host.example.\n@ A 192.0.2.1\n${more}`);
    return { kind: 'upsert', name: zoneName(name), file: this.file(name), serial, isNew: true };
  }

  async upserts(count: number, serial: number, more = ''): Promise<Upsert[]> {
    const names = Array.from({ length: count }, (_, i) => `zone-${i}.example`);
    return Promise.all(names.map((name) => this.upsert(name, serial, more)));
  }
}

export const removal = (name: string): ZoneChange => ({ kind: 'remove', name: zoneName(name) });
