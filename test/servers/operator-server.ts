import type { NameserverSettings } from '../../src/nameservers/nameserver-settings.js';
import type { DnsAddress } from '../../src/nameservers/nameserver.js';
import type { ControlledServer } from '../../src/nameservers/controlled/controlled-server.js';

/**
 * A zone that every operator's server has from a configuration of its own, and that we must leave alone; its serial is
 * 7.
 */
export const OWN_ZONE = 'own.example';

/**
 * A real server as an operator would run it, on a loopback port: its configuration is not ours, and includes our file.
 */
export interface OperatorServer {
  /** A folder of its own with everything in it. */
  readonly folder: string;
  readonly dns: DnsAddress;
  /** As the settings of a node name it. */
  readonly settings: NameserverSettings;
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

/** A kind of server as operators run it; `KIND/operator.ts` exports it as HARNESS. */
export interface OperatorHarness {
  /** Where one is missing, tests of the kind are skipped, and fail in CI. */
  programs: readonly string[];
  configure: () => Promise<OperatorServer>;
  /**
   * In its folder: the configuration with which it is started, and the file to which statements of zones are appended.
   */
  files: { configuration: string; zones: string };
  statement: (zone: string, file: string) => string;
  /** What it may answer for a moment while a statement of its own gives way to ours. Absent where it never does. */
  moment?: 'SERVFAIL' | 'REFUSED';
  /** Does it load owner names with octets that are not printable, and never answer them? Such zones are refused. */
  refusesOddOwners?: true;
  /**
   * Zones with its kind as top-level domain: a primary `good`, a secondary `second`, and `signing`, if it signs zones.
   */
  mixed?: { statements: (folder: string) => string; signs: boolean; sign?: (folder: string) => void };
}
