import type { ResourceRecord } from '../dns/zone.js';
import type { ZoneName } from '../zones/zone-name.js';

/** One zone that the store has written or removed, for the nameserver to follow. */
export type ZoneChange =
  | {
      kind: 'upsert';
      name: ZoneName;
      /** Absolute path of the master file that the store wrote. */
      file: string;
      /** The serial that must be served afterwards. */
      serial: number;
      /** Is the zone new to this nameserver? A hint only: a driver must cope with either. */
      isNew: boolean;
      /** The parsed records where the caller has them, so that an in-process server need not read the file again. */
      records?: readonly ResourceRecord[];
      /**
       * The operator took the zone's statement out of the nameserver's configuration, which has not read that yet: ours
       * takes its place in one step, so that the zone is answered all the while.
       */
      switched?: boolean;
    }
  | { kind: 'remove'; name: ZoneName };

/**
 * What became of one change. `served`: read back by a DNS query. `refused`: the server checked it and said no, the
 * caller rolls back. `unavailable`: the server could not be asked, the change stays due and is applied by `synchronize`
 * later.
 */
export interface Applied {
  name: ZoneName;
  outcome: 'served' | 'refused' | 'unavailable';
  /** The operator's sentence where it is not served. */
  reason?: string;
  /** Serial seen by read-back, where one was. */
  serial?: number;
}

/** What a driver that reads back for long says before all is known. */
export interface ApplyProgress {
  /** The server was told of all: it can be given another batch while this one is read back. */
  given: () => void;
  /** One of them is served. */
  served: (applied: Applied) => void;
}

export interface NameserverStatus {
  /** As `BIND`. */
  software: string;
  /** As `9.18.49`; empty where the server could not be asked. */
  version: string;
  running: boolean;
  /** Zones that it serves for us, where it can say. */
  zones?: number;
  /** When it started, milliseconds since 1970, where it can be known. */
  startedAt?: number;
  /** Octets of memory that it takes, where it can be known. */
  memory?: number;
  /** Zones that it signs by itself, so that they can't be kept the same on other servers (at most 100 are named). */
  signedZones?: string[];
  /** The operator's sentence where it is not running. */
  reason?: string;
}

/** Where a nameserver answers DNS queries. */
export interface DnsAddress {
  host: string;
  port: number;
}

/**
 * A nameserver that serves the store's master files. The store is the truth; a driver only makes its server follow it,
 * and never says `served` without having asked the server over DNS.
 */
export interface Nameserver {
  /** Where it answers, for read-back and for people's `dig`. */
  readonly dns: DnsAddress;
  /**
   * Begins to serve. Idempotent. Rejects only where it can never work; a server that is down makes `apply` say
   * unavailable. `returned` is called whenever the server is back, or was started anew, and may have lost what it
   * served: time to `synchronize`.
   */
  start(returned?: () => void): Promise<void>;
  /** Ends what `start` began. Idempotent. */
  stop(): Promise<void>;
  /**
   * Applies one batch: bulk or singly by its size, then reads back each. One outcome for each change, in their order.
   * Batches may overlap that have no zone in common.
   */
  apply(changes: readonly ZoneChange[], progress?: ApplyProgress): Promise<Applied[]>;
  /**
   * Makes the server serve exactly these zones, all upserts, whatever it served before (start-up, recovery). Alone,
   * without a batch.
   */
  synchronize(zones: readonly ZoneChange[]): Promise<Applied[]>;
  status(): Promise<NameserverStatus>;
}
