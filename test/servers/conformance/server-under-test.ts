import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { parseName } from '../../../src/dns/name.js';
import { DnsClient, type DnsAnswer } from '../../../src/dns/messages/query.js';
import { query } from '../../query.js';
import { ControlledNameserver } from '../../../src/nameservers/controlled/controlled-nameserver.js';
import { createNameserver } from '../../../src/nameservers/nameserver-settings.js';
import type { Applied, Nameserver, ZoneChange } from '../../../src/nameservers/nameserver.js';
import { createLog } from '../../../src/operations/log.js';
import { freePort } from '../../../src/operations/ports.js';
import { ZoneFolder } from '../bind-zones.js';
import { KeptNameserver } from '../kept-nameserver.js';
import type { OperatorServer } from '../operator-server.js';
import type { Candidate } from './candidates.js';

const log = createLog({ level: 'silent' });
/** Milliseconds between two looks of a driver whether its server was started anew. */
const WATCH = 300;
const LONGEST = { timeout: 30_000, interval: 20 };

/** A server of one kind, our driver for it as the cluster uses it, and a folder of master files. */
export class ServerUnderTest {
  readonly #candidate: Candidate;
  readonly #port: number;

  private constructor(
    candidate: Candidate,
    port: number,
    readonly zones: ZoneFolder,
    /** Where the driver keeps what it must remember. */
    readonly folder: string,
    /** Absent for the nameserver inside our process. */
    readonly server: OperatorServer | undefined,
  ) {
    this.#candidate = candidate;
    this.#port = port;
    this.kept = new KeptNameserver(this.#driver());
  }

  readonly kept: KeptNameserver;

  /** With server and driver running, and no zones but the operator's own. */
  static async start(candidate: Candidate, zones?: ZoneFolder): Promise<ServerUnderTest> {
    const test = await ServerUnderTest.make(candidate, { zones });
    await test.server?.start();
    await test.kept.start();
    return test;
  }

  /** With neither server nor driver running; all of both, but not the zones, below `place`. */
  static async make(
    candidate: Candidate,
    of: { place?: string; zones?: ZoneFolder | undefined } = {},
  ): Promise<ServerUnderTest> {
    const { place = tmpdir(), zones = await ZoneFolder.make() } = of;
    const folder = await mkdtemp(join(place, 'dns-cluster driver-'));
    vi.stubEnv('TMPDIR', place);
    try {
      return new ServerUnderTest(candidate, await freePort(), zones, folder, await candidate.configure?.());
    } finally {
      vi.unstubAllEnvs();
    }
  }

  get kind(): string {
    return this.#candidate.kind;
  }

  get nameserver(): Nameserver {
    return this.kept.nameserver;
  }

  async apply(...changes: readonly ZoneChange[]): Promise<Applied[]> {
    const applied = await this.kept.apply(changes);
    await this.server?.settled();
    return applied;
  }

  /** The outcomes that there are, each once. */
  async outcomes(...changes: readonly ZoneChange[]): Promise<string[]> {
    return [...new Set((await this.apply(...changes)).map(({ outcome }) => outcome))];
  }

  ask(name: string, type: number, options: Parameters<typeof query>[3] = {}): Promise<DnsAnswer> {
    return query(this.nameserver.dns, parseName(`${name}.`), type, options);
  }

  /** The serial that it answers with authority; undefined where it does not. */
  async serial(name: string): Promise<number | undefined> {
    return (await this.serials([name]))[0];
  }

  async serials(names: readonly string[]): Promise<(number | undefined)[]> {
    const client = new DnsClient(this.nameserver.dns, { timeout: 1_000 });
    try {
      return await Promise.all(names.map((name) => client.soaSerial(parseName(`${name}.`))));
    } finally {
      client.close();
    }
  }

  /** Waits until everything that was applied is answered, with nothing asked of the driver. */
  async untilAllServed(): Promise<void> {
    const wanted = this.kept.zones.flatMap((zone) => (zone.kind === 'upsert' ? [zone] : []));
    await vi.waitFor(async () => {
      const serials = await this.serials(wanted.map(({ name }) => name));
      const wrong = wanted.flatMap(({ name, serial }, i) => (serials[i] === serial ? [] : [`${name}: ${serials[i]}`]));
      if (wrong.length > 0) throw new Error(`not as it should be: ${wrong.slice(0, 5).join(', ')} (${wrong.length})`);
    }, LONGEST);
  }

  /** Ends the server as a power cut would; the embedded one ends with its driver. */
  kill(): Promise<void> {
    return this.server === undefined ? this.kept.stop() : this.server.kill();
  }

  startServer(): Promise<void> {
    return this.server === undefined ? this.kept.start() : this.server.start();
  }

  /** Another driver with the same folder, as after a restart of our process. */
  async restartDriver(): Promise<void> {
    await this.kept.replace(this.#driver());
    await this.kept.start();
  }

  async end(): Promise<void> {
    await this.kept.stop();
    await this.server?.end();
    await rm(this.zones.folder, { recursive: true, force: true });
    await rm(this.folder, { recursive: true, force: true });
  }

  #driver(): Nameserver {
    if (this.server !== undefined) {
      return new ControlledNameserver(this.server.driver(this.folder), { dns: this.server.dns, log, watch: WATCH });
    }
    const settings = { kind: this.#candidate.kind, host: '127.0.0.1', port: this.#port };
    return createNameserver(settings, { folder: this.folder, log, version: '1.2.3' });
  }
}
