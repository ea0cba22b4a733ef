import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ZoneChange } from '../../src/nameservers/nameserver.js';
import type { Upsert } from '../../src/nameservers/controlled/zone-commands.js';
import { zoneName } from '../../src/zones/zone-name.js';

export type { Upsert } from '../../src/nameservers/controlled/zone-commands.js';

/** A folder of master files, laid out as the store does it: by hash, and `+` for the `/` of a zone's name. */
export class ZoneFolder {
  private constructor(readonly folder: string) {}

  /** With a space in its path, where a control channel's syntax should be tried. */
  static async make(prefix = 'dns-cluster zones-'): Promise<ZoneFolder> {
    return new ZoneFolder(await mkdtemp(join(tmpdir(), prefix)));
  }

  file(name: string): string {
    const shard = createHash('md5').update(name).digest('hex').slice(0, 2);
    return join(this.folder, 'zones', shard, name.replaceAll('/', '+'));
  }

  /** Writes this text, and says what the store would say of it. */
  async write(name: string, serial: number, text: string | Buffer): Promise<Upsert> {
    const file = this.file(name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
    return { kind: 'upsert', name: zoneName(name), file, serial, isNew: true };
  }

  /** Writes a sound zone with `more` appended. */
  upsert(name: string, serial: number, more = ''): Promise<Upsert> {
    const head = `$TTL 300\n@ SOA ns1.host.example. hostmaster.host.example. ${serial} 3600 600 86400 300\n`;
    return this.write(name, serial, `${head}@ NS ns1.host.example.\n@ NS ns2.host.example.\n@ A 192.0.2.1\n${more}`);
  }

  async upserts(count: number, serial: number, more = '', stem = 'zone'): Promise<Upsert[]> {
    const names = Array.from({ length: count }, (_, i) => `${stem}-${i}.example`);
    return Promise.all(names.map((name) => this.upsert(name, serial, more)));
  }
}

export const removal = (name: string): ZoneChange => ({ kind: 'remove', name: zoneName(name) });
