import type { Log } from '../operations/log.js';
import { BindNameserver, type OperatorNamed } from './bind/bind.js';
import { EmbeddedNameserver } from './embedded/embedded.js';
import type { Nameserver } from './nameserver.js';

export const NAMESERVER_KINDS = ['embedded', 'bind'] as const;
export type NameserverKind = (typeof NAMESERVER_KINDS)[number];

export interface NameserverSettings {
  kind: NameserverKind;
  /** Where it answers DNS queries. */
  host: string;
  port: number;
  /** For `bind`: a named that the operator runs. Without it we run a private one at this address. */
  named?: OperatorNamed;
}

interface Place {
  /** A folder of the nameserver's own. */
  folder: string;
  log: Log;
  /** Of this package. */
  version: string;
}

const KINDS: Readonly<Record<NameserverKind, (settings: NameserverSettings, place: Place) => Nameserver>> = {
  embedded: ({ host, port }, { log, version }) => new EmbeddedNameserver({ listen: [{ host, port }], version, log }),
  bind: ({ host, port, named }, { folder, log }) =>
    new BindNameserver({ dns: { host, port }, folder, log, ...(named === undefined ? {} : { named }) }),
};

/** The driver for a server's nameserver; a new kind is a folder and a line here. */
export function createNameserver(settings: NameserverSettings, place: Place): Nameserver {
  return KINDS[settings.kind](settings, place);
}
