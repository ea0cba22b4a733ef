import { setTimeout as pause } from 'node:timers/promises';
import pLimit from 'p-limit';
import { DnsClient } from '../../dns/messages/query.js';
import { sentenceOf } from '../../errors.js';
import { defined } from '../../operations/defined.js';
import type { Log } from '../../operations/log.js';
import type { ControlledServer, ServerConnection } from './controlled-server.js';
import { memoryServing } from './memory.js';
import type { Applied, ApplyProgress, DnsAddress, Nameserver, NameserverStatus, ZoneChange } from '../nameserver.js';
import { ZoneLoader } from './zone-loader.js';

interface Connected {
  connection: ServerConnection;
  loader: ZoneLoader;
  boot: string;
}

/** Waits before a server that went away is probed again, milliseconds; the last repeats. */
const RECONNECT = [100, 250, 500, 1_000, 2_000, 5_000];
/** Milliseconds between two checks that the server is still the one that was given its zones. */
const WATCH = 5_000;
/** Milliseconds for its answer to how it does: somebody waits for that, and commands may take longer. */
const STATUS_WITHIN = 5_000;

/**
 * Any server with a control channel, as a Nameserver: one command after the other, found again when it went away,
 * watched for restarts by others. What differs between kinds of servers is in their ControlledServer.
 */
export class ControlledNameserver implements Nameserver {
  readonly dns: DnsAddress;
  readonly #server: ControlledServer;
  readonly #log: Log;
  readonly #watchEvery: number;
  readonly #turn = pLimit(1);
  /** Batches that are not read back yet. */
  #underWay = 0;
  #client: DnsClient | undefined;
  /** Absent while the server cannot be reached. */
  #connected: Connected | undefined;
  #returned: () => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Probes in vain since it was last reached. */
  #attempts = 0;
  #probing = false;
  /** Why it was not reached the last time. */
  #reason: string;

  constructor(server: ControlledServer, { dns, log, watch = WATCH }: { dns: DnsAddress; log: Log; watch?: number }) {
    this.dns = dns;
    this.#server = server;
    this.#log = log;
    this.#watchEvery = watch;
    this.#reason = `The ${server.software} driver is not started.`;
  }

  /** Rejects where our own files can't be used, or a private server does not start; the operator's may be down. */
  start(returned: () => void = () => undefined): Promise<void> {
    return this.#turn(async () => {
      if (this.#client !== undefined) return;
      await this.#server.open();
      this.#client = new DnsClient(this.dns);
      this.#returned = returned;
      try {
        await this.#connect();
      } catch (error) {
        if (this.#server.isPrivate) {
          await this.#close();
          throw error;
        }
        this.#log.warn({ error: sentenceOf(error) }, `${this.#server.software} cannot be reached; trying again`);
      }
      this.#watchLater();
    });
  }

  stop(): Promise<void> {
    return this.#turn(() => this.#close());
  }

  apply(changes: readonly ZoneChange[], progress?: ApplyProgress): Promise<Applied[]> {
    return this.#withLoader(changes, (loader) => loader.apply(changes, progress));
  }

  synchronize(zones: readonly ZoneChange[]): Promise<Applied[]> {
    return this.#withLoader(zones, (loader) => loader.synchronize(zones));
  }

  async status(): Promise<NameserverStatus> {
    const { software } = this.#server;
    const connection = this.#connected?.connection;
    if (connection === undefined) return { software, version: '', running: false, reason: this.#reason };
    const zones = connection.commands.size;
    try {
      const facts = await Promise.race([connection.facts(), late(software)]);
      const { version, startedAt, signedZones } = facts;
      const memory = facts.memory ?? (await memoryServing(this.dns));
      return { software, version, running: true, zones, ...defined({ startedAt, memory, signedZones }) };
    } catch (error) {
      return { software, version: '', running: false, zones, reason: sentenceOf(error) };
    }
  }

  /** Never rejects. */
  async #withLoader(
    changes: readonly ZoneChange[],
    work: (loader: ZoneLoader) => Promise<Applied[]>,
  ): Promise<Applied[]> {
    this.#underWay++;
    try {
      const connected = await this.#turn(() => this.#connection());
      try {
        return await work(connected.loader);
      } catch (error) {
        // It was found to be started anew meanwhile, and may be there already.
        if (this.#connected === connected) throw error;
        return await work((await this.#turn(() => this.#connection())).loader);
      }
    } catch (error) {
      const reason = sentenceOf(error);
      this.#log.warn(
        { error: reason, count: changes.length },
        `changes could not be given to ${this.#server.software}`,
      );
      void this.#probe();
      return changes.map(({ name }) => ({ name, outcome: 'unavailable', reason }));
    } finally {
      this.#underWay--;
    }
  }

  /** Rejects where the driver is not started, or the server can't be reached. */
  async #connection(): Promise<Connected> {
    if (this.#client === undefined) throw new Error(`The ${this.#server.software} driver is not started.`);
    if (this.#connected === undefined) await this.#connect();
    if (this.#connected === undefined) throw new Error(this.#reason);
    return this.#connected;
  }

  /** Finds the server, or starts the private one. Rejects where it can't be reached. */
  async #connect(): Promise<void> {
    const client = this.#client;
    if (client === undefined) return;
    try {
      const connection = await this.#server.connect(() => void this.#probe());
      try {
        const { boot } = await connection.facts();
        const loader = new ZoneLoader(this.#server, connection.commands, client, this.#turn);
        this.#connected = { connection, loader, boot };
      } catch (error) {
        connection.close();
        throw error;
      }
    } catch (error) {
      this.#attempts++;
      this.#reason = sentenceOf(error);
      throw error;
    }
    if (this.#attempts === 0) return;
    this.#attempts = 0;
    this.#log.info(`${this.#server.software} is back`);
    this.#returned();
  }

  /**
   * Is it still the server that was given its zones? It may have gone away, or was started anew and has forgotten them.
   */
  async #probe(): Promise<void> {
    const connected = this.#connected;
    // One check is enough for all that ask for it: should the server end after it, then so does what it was asked over.
    if (connected === undefined || this.#probing) return;
    this.#probing = true;
    const facts = await connected.connection.facts().catch((error: unknown) => {
      this.#reason = sentenceOf(error);
      return undefined;
    });
    this.#probing = false;
    if (this.#connected !== connected || facts?.boot === connected.boot) return;
    // A server that was started anew is reached anew, too: what we knew of it is of its former life.
    this.#connected = undefined;
    this.#attempts = 1;
    connected.connection.close();
    const how = facts === undefined ? 'went away' : 'was restarted';
    this.#log.warn({ error: facts === undefined ? this.#reason : undefined }, `${this.#server.software} ${how}`);
    this.#watchLater();
  }

  /** Looks at the server from time to time, or for it while it is away. */
  #watchLater(): void {
    clearTimeout(this.#timer);
    const wait =
      this.#connected !== undefined ? this.#watchEvery : RECONNECT[Math.min(this.#attempts, RECONNECT.length) - 1];
    this.#timer = setTimeout(() => void this.#watch(), wait);
    this.#timer.unref();
  }

  async #watch(): Promise<void> {
    // A server that loads very many zones is silent for seconds: whoever gave them to it waits for it, with a time-out
    // of their own.
    if (this.#turn.activeCount > 0 || this.#underWay > 0) {
      this.#watchLater();
      return;
    }
    if (this.#connected !== undefined) await this.#probe();
    else await this.#turn(() => (this.#connected === undefined ? this.#connect() : undefined)).catch(() => undefined);
    if (this.#client !== undefined) this.#watchLater();
  }

  async #close(): Promise<void> {
    if (this.#client === undefined) return;
    clearTimeout(this.#timer);
    this.#connected?.connection.close();
    this.#connected = undefined;
    this.#client.close();
    this.#client = undefined;
    this.#reason = `The ${this.#server.software} driver is not started.`;
    await this.#server.end();
    await this.#server.close();
  }
}

async function late(software: string): Promise<never> {
  await pause(STATUS_WITHIN, undefined, { ref: false });
  throw new Error(`${software} did not say within ${STATUS_WITHIN / 1_000} s how it does.`);
}
