import type { Log } from '../operations/log.js';
import { BindServer, type OperatorNamed } from './bind/bind.js';
import { ControlledNameserver } from './controlled/controlled-nameserver.js';
import type { ControlledServer } from './controlled/controlled-server.js';
import { EmbeddedNameserver } from './embedded/embedded.js';
import { KnotServer, type OperatorKnot } from './knot/knot.js';
import type { DnsAddress, Nameserver } from './nameserver.js';
import { NsdServer, type OperatorNsd } from './nsd/nsd.js';
import { PdnsServer, type OperatorPdns } from './powerdns/powerdns.js';
import type { ServerOptions } from './controlled/server-base.js';

/** What each kind takes from an operator's server, where there is one; without it we run a private server. */
interface Operators {
  bind: OperatorNamed;
  powerdns: OperatorPdns;
  nsd: OperatorNsd;
  knot: OperatorKnot;
}

interface Place {
  /** A folder of the nameserver's own. */
  folder: string;
  log: Log;
  /** Of this package. */
  version: string;
}

/** The servers with a control channel; a new kind is a folder and a line in Operators and here. */
const SERVERS: { readonly [Kind in keyof Operators]: (place: ServerOptions<Operators[Kind]>) => ControlledServer } = {
  bind: (place) => new BindServer(place),
  powerdns: (place) => new PdnsServer(place),
  nsd: (place) => new NsdServer(place),
  knot: (place) => new KnotServer(place),
};

export const NAMESERVER_KINDS = ['embedded', ...(Object.keys(SERVERS) as (keyof Operators)[])] as const;
export type NameserverKind = (typeof NAMESERVER_KINDS)[number];

/** `host` and `port`: where it answers, or is to answer, DNS queries. */
export type NameserverSettings =
  | ({ kind: 'embedded' } & DnsAddress)
  | { [Kind in keyof Operators]: { kind: Kind; operator?: Operators[Kind] } & DnsAddress }[keyof Operators];

/** The driver for a server's nameserver. */
export function createNameserver(settings: NameserverSettings, { folder, log, version }: Place): Nameserver {
  const { host, port } = settings;
  const dns = { host, port };
  if (settings.kind === 'embedded') return new EmbeddedNameserver({ listen: [dns], version, log });
  return new ControlledNameserver(serverOf(settings, { dns, folder, log }), { dns, log });
}

function serverOf<Kind extends keyof Operators>(
  settings: { kind: Kind; operator?: Operators[Kind] },
  place: Omit<ServerOptions<never>, 'operator'>,
): ControlledServer {
  return SERVERS[settings.kind]({ ...place, operator: settings.operator });
}
