import { isIP } from 'node:net';
import pLimit from 'p-limit';
import { parseName, type Name } from '../../dns/name.js';
import { CookieJar } from '../../dns/messages/cookie.js';
import { DnsClient } from '../../dns/messages/query.js';
import { sentenceOf } from '../../errors.js';
import { inSlices } from '../../operations/in-slices.js';
import type { Log } from '../../operations/log.js';
import type { Applied, DnsAddress, Nameserver, NameserverStatus, ZoneChange } from '../nameserver.js';
import { querySerial } from '../controlled/read-back.js';
import { soundRecords } from '../controlled/zone-file.js';
import type { ServerKind } from '../server-kind.js';
import { Listener, type ListenerOptions } from './listener.js';
import { addressList } from './network.js';
import { RateLimit } from './rate-limit.js';
import { Responder } from './responder.js';
import { embeddedSettings, type EmbeddedSettings } from './settings.js';
import { ZoneData } from './zone-data.js';

export interface EmbeddedOptions {
  /** Where to answer, at least one; the first is also where read-back asks. Port 0 takes a free one. */
  listen: readonly [DnsAddress, ...DnsAddress[]];
  /** What the operator may set (README.md). */
  settings?: EmbeddedSettings | undefined;
  /** Milliseconds after which a TCP connection without questions is closed; 10,000 where absent. */
  tcpIdleTimeout?: number;
  /** Our own version, for `status`. */
  version: string;
  log: Log;
}

// Zones are loaded, put into service and read back in slices, so that memory stays flat and questions are answered
// between.
const SLICE = 250;
const TCP_IDLE_TIMEOUT = 10_000;
/** What to ask where a listener takes any address. */
const LOOPBACK: Readonly<Record<string, string | undefined>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** The nameserver inside this process: answers with authority from zones in memory, over UDP and TCP. */
export class EmbeddedNameserver implements Nameserver {
  readonly #options: EmbeddedOptions;
  readonly #zones = new Map<Name, ZoneData>();
  readonly #responder: Responder;
  readonly #turn = pLimit(1);
  #listeners: Listener[] = [];
  #client: DnsClient | undefined;
  #startedAt = 0;
  /** It was given all zones once. */
  #isWhole = false;

  constructor(options: EmbeddedOptions) {
    this.#options = options;
    const { allowTransfer, rateLimit, cookieSecrets } = embeddedSettings.parse(options.settings ?? {});
    const own = options.listen.map(({ host }) => LOOPBACK[host] ?? host).filter((host) => isIP(host) !== 0);
    this.#responder = new Responder(this.#zones, {
      allowTransfer: addressList(allowTransfer),
      rateLimit: new RateLimit(rateLimit, own, options.log),
      cookies: new CookieJar(cookieSecrets.map((secret) => Buffer.from(secret, 'hex'))),
      log: options.log,
      isWhole: () => this.#isWhole,
    });
  }

  get dns(): DnsAddress {
    const { host, port } = this.#listeners[0]?.address ?? this.#options.listen[0];
    return { host: LOOPBACK[host] ?? host, port };
  }

  /** Rejects with nameserver_cannot_listen. */
  start(): Promise<void> {
    return this.#turn(async () => {
      if (this.#client !== undefined) return;
      try {
        const { log, tcpIdleTimeout = TCP_IDLE_TIMEOUT } = this.#options;
        const respond: ListenerOptions['respond'] = (octets, asker) => this.#responder.respond(octets, asker);
        for (const address of this.#options.listen) {
          this.#listeners.push(await Listener.open(address, { respond, tcpIdleTimeout, log }));
        }
      } catch (error) {
        await this.#close();
        throw error;
      }
      this.#client = new DnsClient(this.dns);
      this.#startedAt = Date.now();
    });
  }

  stop(): Promise<void> {
    return this.#turn(() => this.#close());
  }

  apply(changes: readonly ZoneChange[]): Promise<Applied[]> {
    return this.#turn(() => this.#apply(changes));
  }

  synchronize(zones: readonly ZoneChange[]): Promise<Applied[]> {
    return this.#turn(async () => {
      const applied = await this.#apply(zones);
      const wanted = new Set<Name>();
      await inSlices(zones, (change) => wanted.add(apexOf(change)));
      for (const apex of this.#zones.keys()) if (!wanted.has(apex)) this.#zones.delete(apex);
      this.#isWhole = true;
      return applied;
    });
  }

  status(): Promise<NameserverStatus> {
    const running = this.#client !== undefined;
    return Promise.resolve({
      software: 'dns-cluster',
      version: this.#options.version,
      running,
      zones: this.#zones.size,
      // It lives in this process, which holds little else that is large.
      ...(running ? { startedAt: this.#startedAt, memory: process.memoryUsage.rss() } : {}),
      ...(running ? {} : { reason: 'The embedded nameserver is not started.' }),
    });
  }

  async #close(): Promise<void> {
    this.#client?.close();
    this.#client = undefined;
    const listeners = this.#listeners;
    this.#listeners = [];
    await Promise.all(listeners.map((listener) => listener.close()));
  }

  async #apply(changes: readonly ZoneChange[]): Promise<Applied[]> {
    const client = this.#client;
    if (client === undefined) {
      const reason = 'The embedded nameserver is not started.';
      return changes.map(({ name }) => ({ name, outcome: 'unavailable', reason }));
    }
    const applied: Applied[] = [];
    for (let at = 0; at < changes.length; at += SLICE) {
      const slice = changes.slice(at, at + SLICE);
      const loaded = await Promise.all(slice.map((change) => load(change)));
      // From here to the end of the loop nothing else runs: a question sees the old zone or the new.
      for (const [i, change] of slice.entries()) {
        const zone = loaded[i];
        if (zone instanceof ZoneData) this.#zones.set(zone.origin, zone);
        else if (change.kind === 'remove') this.#zones.delete(apexOf(change));
      }
      const outcomes = slice.map(async (change, i): Promise<Applied> => {
        const zone = loaded[i];
        if (typeof zone === 'string') return { name: change.name, outcome: 'refused', reason: zone };
        return querySerial(client, change);
      });
      applied.push(...(await Promise.all(outcomes)));
    }
    return applied;
  }
}

/** As the rest of the program knows it. */
export const EMBEDDED: ServerKind<never, EmbeddedSettings> = {
  create: ({ dns, options, log }, version) =>
    new EmbeddedNameserver({ listen: [dns], settings: options, version, log }),
  options: embeddedSettings,
};

function apexOf(change: ZoneChange): Name {
  return parseName(`${change.name}.`);
}

/** The zone to serve from now on, or why not; nothing for a removal. */
async function load(change: ZoneChange): Promise<ZoneData | string | undefined> {
  if (change.kind === 'remove') return undefined;
  try {
    return new ZoneData(apexOf(change), await soundRecords(change));
  } catch (error) {
    return sentenceOf(error);
  }
}
