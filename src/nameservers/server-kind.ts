import type { z } from 'zod';
import type { Log } from '../operations/log.js';
import type { Checker, ConfiguredZone } from './configured/configured-zone.js';
import type { DnsAddress, Nameserver } from './nameserver.js';

/** Where a server is, and whose. */
export interface ServerOptions<Operator, Options = never> {
  /** Where it answers DNS. */
  dns: DnsAddress;
  /** Folder for what we must remember, and for all files of a private server. */
  folder: string;
  /** The operator's server; without it we run a private one. */
  operator?: Operator | undefined;
  /** What the kind's own settings say. */
  options?: Options | undefined;
  log: Log;
}

/** One kind of nameserver. Settings, the command line and the demo know of it only what is said here. */
export interface ServerKind<Operator extends { includeFile: string } = never, Options = never> {
  /** The driver. `version` is that of this package. */
  readonly create: (options: ServerOptions<Operator, Options>, version: string) => Nameserver;
  /** How settings of its own are checked, where it has any. */
  readonly options?: z.ZodType<unknown, Options>;
  /** Absent where no operator can run such a server. */
  readonly operated?: OperatedServer & OperatorAccess<Operator>;
}

/** How an operator's server lets us in. */
interface OperatorAccess<Operator> {
  /** How the operator's part of settings is checked. */
  readonly settings: z.ZodType<Operator>;
  readonly controlFile: (operator: Operator) => ControlFile;
}

/** What opens the control channel: a key that we must be able to read, or a socket that we must be able to write to. */
export interface ControlFile {
  file: string;
  right: 'read' | 'write';
}

/** Software that an operator runs: how its configuration is checked, and how its zones are taken over. */
export interface OperatedServer {
  /** As people write it: `BIND`. */
  readonly software: string;
  /** Its process, as the kernel names it. */
  readonly program: string;
  /** Where Debian's package keeps its configuration. */
  readonly configuration: string;
  /** The configuration that its command line names. Absent where `-c` is in front of it. */
  readonly configurationIn?: (args: readonly string[]) => string | undefined;
  /** The line with which its configuration includes our file. */
  readonly includeLine: (file: string) => string;
  /** The program that checks a configuration, where there is one. */
  readonly checker?: (configuration: string) => Checker;
  /** The zones that it has from a configuration. Rejects with nameserver_configuration_unreadable. */
  readonly zonesOf: (configuration: string) => Promise<ConfiguredZone[]>;
  /** A comment in the place of a zone's statement. */
  readonly comment: (text: string) => string;
  /** The command that makes it write to the zone's file what it has besides. */
  readonly flush: (zone: string) => string;
  /** The command that has it read its configuration again. */
  readonly reread: readonly string[];
  /** The command that ends its own signing of a zone. Absent where `signedZones` never names any. */
  readonly unsign?: (zone: string) => string;
}
