import type { ZoneCommands } from './zone-commands.js';

/** What a server says of itself. */
export interface ServerFacts {
  /** As `9.18.49`. */
  version: string;
  /** Differs after each start of the server: tells that it may have lost what it was given. */
  boot: string;
  /** When it started, milliseconds since 1970, where it can be known. */
  startedAt?: number;
  /** Octets of memory that it takes, all its processes together, where it can be known. */
  memory?: number;
  /** Zones that the server signs by itself, where it does such a thing (at most 100 are named). */
  signedZones?: string[];
}

/** A server that was reached. */
export interface ServerConnection {
  readonly commands: ZoneCommands;
  /** Rejects where the server can't be asked. Cheap: it is called every few seconds. */
  facts(): Promise<ServerFacts>;
  close(): void;
}

/** One kind of server software, as a folder beside this file provides it; ControlledNameserver does the rest. */
export interface ControlledServer {
  /** As people write it: `BIND`. */
  readonly software: string;
  /** Do we start and end the server, or does the operator? */
  readonly isPrivate: boolean;
  /** A folder of ours that the server can read, for zones that are written out for it. */
  readonly renderedFolder: string;
  /** Opens our record of the zones given to it. Rejects where our own files can't be used. */
  open(): Promise<void>;
  close(): Promise<void>;
  /**
   * Reaches the server: a private one is taken over where it runs, else started. What of our configuration files is
   * missing or was changed by hand is written again first, because a server may not start without. Rejects where it
   * can't be reached. `lost` may be called when the connection breaks; servers whose connections are short are asked
   * for their facts instead.
   */
  connect(lost: () => void): Promise<ServerConnection>;
  /** Ends a private server, whoever of us started it; does nothing to an operator's. */
  end(): Promise<void>;
}
