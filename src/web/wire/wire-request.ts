import type { Request } from 'express';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { peerOf } from '../../access/authenticate.js';
import type { Principal } from '../../access/principal.js';
import type { Cluster } from '../../cluster/cluster.js';
import { ClusterError } from '../../errors.js';
import { formPairs, type Pair } from '../../members/form-pairs.js';
import { zoneName, type ZoneName } from '../../zones/zone-name.js';

/** A bundle of 512 large zones, percent-encoded, fits; a body beyond it is refused while it arrives. */
export const LARGEST_BODY = 80 * 1024 * 1024;

/** One call of a peer: who asks, and the parameters of query and body. */
export class WireRequest {
  readonly peer: Principal;
  readonly cluster: Cluster;
  readonly #request: Request;
  #fields: Map<string, Buffer> | undefined;

  constructor(request: Request, cluster: Cluster) {
    this.peer = peerOf(request);
    this.cluster = cluster;
    this.#request = request;
  }

  /** The pairs of query and body as they arrive; for bundles. Can be read once. */
  async *pairs(): AsyncGenerator<Pair> {
    const query = this.#request.url.split('?')[1] ?? '';
    yield* formPairs([Buffer.from(query, 'latin1')], LARGEST_BODY);
    if (this.#request.method !== 'POST') return;
    // Whatever the content type says: the vendor's client sends forms as application/octet-stream (measured).
    const body = this.#request.headers['content-encoding'] === 'gzip' ? unzipped(this.#request) : this.#request;
    // The bound holds for what comes out of gzip: a small body may swell to a large one.
    yield* formPairs(body as AsyncIterable<Buffer>, LARGEST_BODY);
  }

  /** Reads all parameters; for calls that carry no bundle. The last of a name counts. */
  async read(): Promise<void> {
    const fields = new Map<string, Buffer>();
    for await (const { key, value } of this.pairs()) fields.set(key, value);
    this.#fields = fields;
  }

  /** A parameter's octets; undefined where it was not sent. Only after `read`. */
  octets(key: string): Buffer | undefined {
    return this.#fields?.get(key);
  }

  text(key: string): string | undefined {
    return this.octets(key)?.toString('utf8');
  }

  /** The parameter `zone`, checked. Throws parameter_invalid or zone_name_invalid. */
  zone(): ZoneName {
    const zone = this.text('zone');
    if (zone === undefined) throw new ClusterError('parameter_invalid', { parameter: 'zone', why: 'is missing' });
    return zoneName(withoutEnding(zone));
  }

  /** A list of zones, separated by commas or `|`; empty where it was not sent. */
  zones(...keys: readonly string[]): ZoneName[] {
    const list = keys.map((key) => this.text(key)).find((text) => text !== undefined) ?? '';
    const names = list.split(/[,|]/).map((name) => name.trim());
    return names.filter((name) => name !== '').map((name) => zoneName(withoutEnding(name)));
  }
}

/** Old peers name a zone by its file. A zone whose real name ends so is in the TLD `.db`, which does not exist. */
export function withoutEnding(name: string): string {
  return name.replace(/\.db$/, '');
}

async function* unzipped(request: Request): AsyncGenerator<Buffer> {
  const gunzip = createGunzip();
  // A sender that goes away ends the unpacking, too.
  pipeline(request, gunzip, () => undefined);
  try {
    yield* gunzip as AsyncIterable<Buffer>;
  } catch (error) {
    throw new ClusterError('request_unreadable', {}, { cause: error });
  }
}
