import { z } from 'zod';
import type { Log } from '../operations/log.js';
import { portNumber } from './controlled/operator-settings.js';
import { KINDS } from './kinds.js';
import type { DnsAddress, Nameserver } from './nameserver.js';
import type { ControlFile, OperatedServer, ServerKind } from './server-kind.js';

export type NameserverKind = keyof typeof KINDS;
export const NAMESERVER_KINDS = Object.keys(KINDS) as NameserverKind[];

type Operators = {
  readonly [Kind in NameserverKind]: (typeof KINDS)[Kind] extends ServerKind<infer Operator, infer _>
    ? Operator
    : never;
};

type Options = {
  readonly [Kind in NameserverKind]: (typeof KINDS)[Kind] extends ServerKind<infer _, infer Own> ? Own : never;
};

/** The same table, so typed that a kind and its operator's settings go together. */
const TABLE: { readonly [Kind in NameserverKind]: ServerKind<Operators[Kind], Options[Kind]> } = KINDS;

/**
 * `host` and `port`: where it answers, or is to answer, DNS queries. Without `operator` we run a private server.
 * `options`: what only this kind has.
 */
type SettingsOf<Kind extends NameserverKind> = DnsAddress & {
  kind: Kind;
  operator?: Operators[Kind];
  options?: Options[Kind];
};

export type NameserverSettings = { [Kind in NameserverKind]: SettingsOf<Kind> }[NameserverKind];

/** How settings are checked that come from a file. Its type can't be told to zod: the kinds are read from the table. */
export const nameserverSettings = z.discriminatedUnion(
  'kind',
  optionsOfKinds(),
) as unknown as z.ZodType<NameserverSettings>;

function optionsOfKinds(): [z.ZodObject, ...z.ZodObject[]] {
  const dns = { host: z.string().min(1), port: portNumber };
  const [first, ...others] = NAMESERVER_KINDS.map((kind) => {
    const settings = z.strictObject({ kind: z.literal(kind), ...dns });
    const { operated, options }: { operated?: { settings: z.ZodType }; options?: z.ZodType } = KINDS[kind];
    return settings.extend({
      ...(operated === undefined ? {} : { operator: operated.settings.exactOptional() }),
      ...(options === undefined ? {} : { options: options.exactOptional() }),
    });
  });
  if (first === undefined) throw new Error('there is no kind of nameserver');
  return [first, ...others];
}

interface Place {
  /** A folder of the nameserver's own. */
  folder: string;
  log: Log;
  /** Of this package. */
  version: string;
}

/** The driver for a server's nameserver. */
export function createNameserver<Kind extends NameserverKind>(
  { kind, host, port, operator, options }: SettingsOf<Kind>,
  { folder, log, version }: Place,
): Nameserver {
  return TABLE[kind].create({ dns: { host, port }, folder, operator, options, log }, version);
}

/** The operator's server that settings name, and what it takes from us; undefined where there is none. */
export function operatorsServer<Kind extends NameserverKind>({
  kind,
  operator,
}: SettingsOf<Kind>): { server: OperatedServer; includeFile: string; controlFile: ControlFile } | undefined {
  const { operated } = TABLE[kind];
  if (operated === undefined || operator === undefined) return undefined;
  return { server: operated, includeFile: operator.includeFile, controlFile: operated.controlFile(operator) };
}

/** The software that an operator may run, by its kind. */
export function operatedServers(): Map<string, OperatedServer> {
  const servers = new Map<string, OperatedServer>();
  for (const kind of NAMESERVER_KINDS) {
    const { operated }: { operated?: OperatedServer } = KINDS[kind];
    if (operated !== undefined) servers.set(kind, operated);
  }
  return servers;
}
