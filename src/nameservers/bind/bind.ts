import { access, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import pLimit from 'p-limit';
import { DnsClient } from '../../dns/query.js';
import { sentenceOf } from '../../errors.js';
import type { Log } from '../../operations/log.js';
import type { Applied, DnsAddress, Nameserver, NameserverStatus, ZoneChange } from '../nameserver.js';
import { LoadedZones } from './loaded-zones.js';
import { NamedProcess } from './named-process.js';
import { RndcChannel, type RndcServer } from './rndc-channel.js';
import { readRndcKey } from './rndc-key.js';
import { ZoneLoader } from './zone-loader.js';

/** A named that the operator runs, and what it takes from us. */
export interface OperatorNamed {
  /** Where its `controls` statement listens. */
  controlHost: string;
  controlPort: number;
  /** File with the `key` clause that its `controls` statement allows. */
  keyFile: string;
  /** File that its configuration includes and that we alone write. */
  includeFile: string;
}

export interface BindOptions {
  /** Where it answers DNS. */
  dns: DnsAddress;
  /** Folder for what we must remember, and for all files of a private named. */
  folder: string;
  /** The operator's named; without it we run a private one. */
  named?: OperatorNamed;
  log: Log;
}

/** What is there between `start` and `stop`. */
interface Running {
  zones: LoadedZones;
  client: DnsClient;
  /** Absent while named cannot be reached. */
  connected: { channel: RndcChannel; loader: ZoneLoader; bootTime: string } | undefined;
}

/** Waits before a named that went away is looked for again, milliseconds; the last repeats. */
const RECONNECT = [100, 250, 500, 1_000, 2_000, 5_000];

/** BIND 9.18, driven over its control channel (see README.md). */
export class BindNameserver implements Nameserver {
  readonly kind = 'bind';
  readonly dns: DnsAddress;
  readonly #options: BindOptions;
  readonly #process: NamedProcess | undefined;
  readonly #includeFile: string;
  readonly #turn = pLimit(1);
  #running: Running | undefined;
  #timer: NodeJS.Timeout | undefined;
  #attempts = 0;
  #probing = false;

  constructor(options: BindOptions) {
    const folder = resolve(options.folder);
    this.dns = options.dns;
    this.#options = { ...options, folder };
    this.#includeFile = options.named?.includeFile ?? join(folder, 'zones.conf');
    if (options.named === undefined) {
      const { dns, log } = options;
      this.#process = new NamedProcess({ folder, dns, includeFile: this.#includeFile, log });
    }
  }

  /** Rejects where our own files can't be used, or a private named does not start; the operator's may be down. */
  start(): Promise<void> {
    return this.#turn(async () => {
      if (this.#running !== undefined) return;
      const { folder, log } = this.#options;
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const state = join(folder, 'loaded-zones');
      // Without our record of what it serves, a private named is of no use: it can't be told what to drop.
      if (this.#process !== undefined && !(await exists(state))) await this.#process.stop();
      const zones = await LoadedZones.open(state, this.#includeFile, log);
      const running: Running = { zones, client: new DnsClient(this.dns), connected: undefined };
      try {
        await this.#connect(running);
      } catch (error) {
        if (this.#process !== undefined) {
          running.client.close();
          await this.#process.stop();
          await zones.close();
          throw error;
        }
        log.warn({ error: sentenceOf(error) }, 'named cannot be reached; trying again');
        this.#reconnectLater();
      }
      this.#running = running;
    });
  }

  stop(): Promise<void> {
    return this.#turn(async () => {
      const running = this.#running;
      if (running === undefined) return;
      this.#running = undefined;
      clearTimeout(this.#timer);
      this.#timer = undefined;
      running.connected?.channel.close();
      running.client.close();
      await this.#process?.stop();
      await running.zones.close();
    });
  }

  apply(changes: readonly ZoneChange[]): Promise<Applied[]> {
    return this.#withLoader(changes, (loader) => loader.apply(changes));
  }

  synchronize(zones: readonly ZoneChange[]): Promise<Applied[]> {
    return this.#withLoader(zones, (loader) => loader.synchronize(zones));
  }

  async status(): Promise<NameserverStatus> {
    const software = 'BIND';
    const zones = this.#running?.zones.size;
    const served = zones === undefined ? {} : { zones };
    try {
      const channel = this.#running?.connected?.channel;
      if (channel === undefined) throw new Error('BIND is not connected.');
      const { text } = await channel.command('status');
      return { software, version: /^version: BIND ([\d.]+)/m.exec(text)?.[1] ?? '', running: true, ...served };
    } catch (error) {
      return { software, version: '', running: false, ...served, reason: sentenceOf(error) };
    }
  }

  #withLoader(changes: readonly ZoneChange[], work: (loader: ZoneLoader) => Promise<Applied[]>): Promise<Applied[]> {
    return this.#turn(async () => {
      try {
        if (this.#running === undefined) throw new Error('The BIND driver is not started.');
        return await work(await this.#loader(this.#running));
      } catch (error) {
        const reason = sentenceOf(error);
        this.#options.log.warn({ error: reason, count: changes.length }, 'changes could not be given to named');
        return changes.map(({ name }) => ({ name, outcome: 'unavailable', reason }));
      }
    });
  }

  async #loader(running: Running): Promise<ZoneLoader> {
    if (running.connected === undefined) await this.#reconnect(running);
    if (running.connected === undefined) throw new Error('BIND is not connected.');
    return running.connected.loader;
  }

  /** Finds named, or starts the private one. Rejects where it can't be reached. */
  async #connect(running: Running): Promise<void> {
    const server = await this.#server(running.zones);
    const channel = new RndcChannel(server, () => void this.#lost(running, channel));
    try {
      const bootTime = await bootTimeOf(channel);
      const loader = new ZoneLoader(channel, running.zones, running.client, this.#options.log);
      running.connected = { channel, loader, bootTime };
      this.#attempts = 0;
    } catch (error) {
      channel.close();
      throw error;
    }
  }

  async #server(zones: LoadedZones): Promise<RndcServer> {
    const { named } = this.#options;
    if (named !== undefined) {
      await zones.repair(); // without the include file, named does not start
      return { host: named.controlHost, port: named.controlPort, key: await readRndcKey(named.keyFile) };
    }
    if (this.#process === undefined) throw new Error('there is no named');
    return this.#process.start(async () => {
      await zones.repair();
      await zones.included(zones.list());
    });
  }

  async #reconnect(running: Running): Promise<void> {
    await this.#connect(running);
    try {
      await running.connected?.loader.restore();
    } catch (error) {
      running.connected?.channel.close();
      running.connected = undefined;
      throw error;
    }
    this.#options.log.info('named is back');
  }

  /** A connection ended: named drops idle ones after 30 s, or it went away and has forgotten what it did not write down. */
  async #lost(running: Running, channel: RndcChannel): Promise<void> {
    const connected = running.connected;
    if (connected?.channel !== channel || this.#running !== running || this.#probing) return;
    // One look is enough for all connections: should named end after it, then so does the connection that it was made over.
    this.#probing = true;
    const bootTime = await bootTimeOf(channel).catch(() => undefined);
    this.#probing = false;
    if (bootTime === connected.bootTime || running.connected !== connected) return;
    running.connected = undefined;
    channel.close();
    this.#options.log.warn('named went away');
    this.#reconnectLater();
  }

  #reconnectLater(): void {
    if (this.#timer !== undefined) return;
    const delay = RECONNECT[Math.min(this.#attempts++, RECONNECT.length - 1)];
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#turn(async () => {
        const running = this.#running;
        if (running === undefined || running.connected !== undefined) return;
        await this.#reconnect(running).catch(() => this.#reconnectLater());
      });
    }, delay);
    this.#timer.unref();
  }
}

async function bootTimeOf(channel: RndcChannel): Promise<string> {
  const { text } = await channel.command('status');
  return /^boot time: (.*)$/m.exec(text)?.[1] ?? '';
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
