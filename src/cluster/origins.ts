import type { ZoneName } from '../zones/zone-name.js';

/** So many zones are known with the servers that they came by; the oldest are forgotten. */
const MOST = 200_000;

/**
 * By which servers the present version of a zone came here, so that it is not sent back to them: a ring of servers that
 * pass changes on then ends, also where a slow server of it still carries the version before.
 */
export class Origins {
  readonly #came = new Map<ZoneName, { digest: string | undefined; hosts: readonly string[] }>();

  /** The version with this digest, or the removal (undefined), came by these servers; by none where the change was made here. */
  note(name: ZoneName, digest: string | undefined, hosts: readonly string[] = []): void {
    this.#came.delete(name);
    if (hosts.length === 0) return;
    const [oldest] = this.#came.keys();
    if (this.#came.size >= MOST && oldest !== undefined) this.#came.delete(oldest);
    this.#came.set(name, { digest, hosts });
  }

  /** The servers by which this version, or the removal, came. */
  of(name: ZoneName, digest: string | undefined): readonly string[] {
    const came = this.#came.get(name);
    return came !== undefined && came.digest === digest ? came.hosts : [];
  }
}
