import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { promisify } from 'node:util';
import { sentenceOf } from '../../errors.js';
import type { Log } from '../../operations/log.js';
import type { ZoneName } from '../../zones/zone-name.js';
import { withServerPrograms } from '../controlled/private-process.js';

const run = promisify(execFile);
const TIMEOUT = 60_000;

/**
 * Zones whose signatures are in their files. PowerDNS gives them out only where its DNSSEC database says that the zone
 * is presigned, and only its own program can write that there. Such zones are few.
 */
export class Presigned {
  readonly #configFolder: string | undefined;
  readonly #log: Log;
  readonly #marked = new Set<ZoneName>();

  /** `configFolder`: where its pdns.conf lies, with a `bind-dnssec-db`; without it nothing is marked. */
  constructor(configFolder: string | undefined, log: Log) {
    this.#configFolder = configFolder;
    this.#log = log;
  }

  /** Makes the database that a private PowerDNS is configured with. */
  async createDatabase(file: string): Promise<void> {
    const isThere = await access(file).then(
      () => true,
      () => false,
    );
    if (!isThere) await this.#pdnsutil('create-bind-db', file);
  }

  /**
   * Says for each zone whether it is signed. Where PowerDNS cannot be told, the zone is served without its signatures,
   * and it is logged.
   */
  async mark(signed: ReadonlyMap<ZoneName, boolean>): Promise<void> {
    for (const [zone, isSigned] of signed) {
      if (isSigned === this.#marked.has(zone)) continue;
      try {
        await this.#pdnsutil(isSigned ? 'set-presigned' : 'unset-presigned', zone);
      } catch (error) {
        this.#log.error({ zone, error: sentenceOf(error) }, 'PowerDNS could not be told whether a zone is signed');
      }
      if (isSigned) this.#marked.add(zone);
      else this.#marked.delete(zone);
    }
  }

  async #pdnsutil(...args: string[]): Promise<void> {
    if (this.#configFolder === undefined) return;
    const all = [`--config-dir=${this.#configFolder}`, ...args];
    await run('pdnsutil', all, { timeout: TIMEOUT, env: withServerPrograms() });
  }
}
