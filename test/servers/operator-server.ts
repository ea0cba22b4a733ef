import type { DnsAddress } from '../../src/nameservers/nameserver.js';
import type { ControlledServer } from '../../src/nameservers/controlled/controlled-server.js';

/** A zone that every operator's server has from a configuration of its own, and that we must leave alone; its serial is 7. */
export const OWN_ZONE = 'own.example';

/** A real server as an operator would run it, on a loopback port: its configuration is not ours, and includes our file. */
export interface OperatorServer {
  /** A folder of its own with everything in it. */
  readonly folder: string;
  readonly dns: DnsAddress;
  /** The file of ours that its configuration includes. */
  readonly includeFile: string;
  /** Resolves when it answers for OWN_ZONE. Rejects with its log where it does not start. */
  start(): Promise<void>;
  /** Ends it, with all its processes. Does nothing where it does not run. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Stops it in its tracks: it keeps its sockets and answers nothing. `thaw` lets it go on. */
  freeze(): Promise<void>;
  thaw(): void;
  /** Resolves when no process of it answers any more that a newer one has taken the place of. */
  settled(): Promise<void>;
  /** While it is down: what it remembers by itself of zones given at run time is deleted. */
  loseState(): Promise<void>;
  /** Our driver's half of it, with its record in `folder`. */
  driver(folder: string): ControlledServer;
  /** Kills it and deletes its folder. */
  end(): Promise<void>;
}
