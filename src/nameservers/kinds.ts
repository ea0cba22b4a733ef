import type { Log } from '../operations/log.js';
import { EmbeddedNameserver } from './embedded/embedded.js';
import type { Nameserver } from './nameserver.js';

export const NAMESERVER_KINDS = ['embedded', 'bind'] as const;
export type NameserverKind = (typeof NAMESERVER_KINDS)[number];

export interface NameserverSettings {
  kind: NameserverKind;
  /** Where it answers DNS queries. */
  host: string;
  port: number;
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
  bind: () => {
    throw new Error('the BIND driver is not there yet');
  },
};

/** The driver for a server's nameserver; a new kind is a folder and a line here. */
export function createNameserver(settings: NameserverSettings, place: Place): Nameserver {
  return KINDS[settings.kind](settings, place);
}
