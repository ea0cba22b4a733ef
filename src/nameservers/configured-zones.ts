import { zonesOfNamed } from './bind/configured-zones.js';
import { zonesOfKnot } from './knot/configured-zones.js';
import { zonesOfNsd } from './nsd/configured-zones.js';
import { zonesOfPdns } from './powerdns/configured-zones.js';

/** Where the statement of a zone stands in a server's configuration; lines count from 1. */
export interface StatementPlace {
  file: string;
  from: number;
  to: number;
}

/** A zone that a nameserver has from its own configuration, which is not ours. */
export interface ConfiguredZone {
  /** As the configuration writes it, without a final dot. */
  name: string;
  /** Absolute path of its master file; absent where it can't be taken. */
  file?: string;
  /** Why it can't be taken, in words about the zone. */
  leftOut?: string;
  /** Was it never a zone to take (a secondary, a hint)? Else somebody has to do something about it. */
  isOther?: boolean;
  /** What of it is not taken with it. */
  warnings: readonly string[];
  place?: StatementPlace;
}

interface Source {
  software: string;
  /** Where Debian's package keeps it. */
  configuration: string;
  /** What makes the server write to the zone's file what it has besides. */
  flush: string;
  read: (file: string) => Promise<ConfiguredZone[]>;
}

/** The servers whose own configuration can be read for its zones. */
export const SOURCES = {
  bind: {
    ...{ software: 'BIND', configuration: '/etc/bind/named.conf', flush: 'rndc sync -clean ZONE' },
    read: zonesOfNamed,
  },
  powerdns: {
    ...{ software: 'PowerDNS', configuration: '/etc/powerdns/pdns.conf', flush: 'pdns_control bind-reload-now ZONE' },
    read: zonesOfPdns,
  },
  nsd: {
    ...{ software: 'NSD', configuration: '/etc/nsd/nsd.conf', flush: 'nsd-control write ZONE' },
    read: zonesOfNsd,
  },
  knot: {
    ...{ software: 'Knot DNS', configuration: '/etc/knot/knot.conf', flush: 'knotc -f zone-flush ZONE' },
    read: zonesOfKnot,
  },
} as const satisfies Record<string, Source>;
export type SourceKind = keyof typeof SOURCES;
