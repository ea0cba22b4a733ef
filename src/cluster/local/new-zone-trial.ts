import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Principal } from '../../access/principal.js';
import type { Applied } from '../../nameservers/nameserver.js';
import { zoneName } from '../../zones/zone-name.js';
import { authorizeRoot } from '../model/audit.js';
import type { LocalZones } from './local-zones.js';

/** `.invalid` names nothing real (RFC 2606). */
const NAME = zoneName('check.dns-cluster.invalid');
/** Among the master files, where the nameserver reads; what begins with a dot is no zone's, and goes at a start. */
const FILE = join('zones', '00', '.check');
const FILE_MODE = 0o640;

/**
 * Does the nameserver take a new zone? It is given one that is nobody's, asked for it, and told to drop it. Neither the
 * store nor a member knows of it; should this process end meanwhile, the next one has the nameserver drop it.
 */
export class NewZoneTrial {
  readonly #file: string;
  readonly #local: LocalZones;
  #running: Promise<Applied> | undefined;

  constructor(folder: string, local: LocalZones) {
    this.#file = join(folder, FILE);
    this.#local = local;
  }

  /** Whoever asks meanwhile gets the same answer. Rejects with privilege_missing, or where a file can't be written. */
  async run(by: Principal): Promise<Applied> {
    authorizeRoot(by);
    this.#running ??= this.#try().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #try(): Promise<Applied> {
    const serial = Math.floor(Date.now() / 1000);
    const text = `$TTL 60\n@ SOA localhost. root.localhost. ${serial} 3600 600 86400 60\n@ NS localhost.\n`;
    await mkdir(dirname(this.#file), { recursive: true });
    await writeFile(this.#file, text, { mode: FILE_MODE });
    const upsert = { kind: 'upsert', name: NAME, file: this.#file, serial, isNew: true } as const;
    const remove = { kind: 'remove', name: NAME } as const;
    try {
      return await this.#local.beside(async (nameserver) => {
        // One that an earlier trial could not have dropped would not be new.
        await nameserver.apply([remove]);
        const [taken] = await nameserver.apply([upsert]);
        const [dropped] = await nameserver.apply([remove]);
        const outcomes = [taken, dropped].filter((one) => one !== undefined);
        return outcomes.find(({ outcome }) => outcome !== 'served') ?? { name: NAME, outcome: 'served' };
      });
    } finally {
      await rm(this.#file, { force: true });
    }
  }
}
