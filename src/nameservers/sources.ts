import { zonesOfNamed } from './bind/configured-zones.js';
import type { Checker, ConfiguredZone } from './configured/configured-zone.js';
import { zonesOfKnot } from './knot/configured-zones.js';
import { zonesOfNsd } from './nsd/configured-zones.js';
import { zonesOfPdns } from './powerdns/configured-zones.js';

interface Source {
  software: string;
  /** Where Debian's package keeps it. */
  configuration: string;
  /** What makes the server write to the zone's file what it has besides. */
  flush: string;
  /** What has it read its configuration again. */
  reread: readonly string[];
  /** PowerDNS has none. */
  checker?: (file: string) => Checker;
  /** A comment in the place of a statement. */
  comment: (text: string) => string;
  read: (file: string) => Promise<ConfiguredZone[]>;
}

/** The servers whose own configuration can be read for its zones. */
export const SOURCES: Readonly<Record<'bind' | 'powerdns' | 'nsd' | 'knot', Source>> = {
  bind: {
    ...{ software: 'BIND', configuration: '/etc/bind/named.conf', flush: 'rndc sync -clean ZONE' },
    reread: ['rndc', 'reconfig'],
    checker: (file) => ({ program: 'named-checkconf', args: [file], debianPackage: 'bind9-utils' }),
    comment: (text) => `/* ${text} */`,
    read: zonesOfNamed,
  },
  powerdns: {
    ...{ software: 'PowerDNS', configuration: '/etc/powerdns/pdns.conf', flush: 'pdns_control bind-reload-now ZONE' },
    reread: ['pdns_control', 'rediscover'],
    comment: (text) => `/* ${text} */`,
    read: zonesOfPdns,
  },
  nsd: {
    ...{ software: 'NSD', configuration: '/etc/nsd/nsd.conf', flush: 'nsd-control write ZONE' },
    reread: ['nsd-control', 'reconfig'],
    checker: (file) => ({ program: 'nsd-checkconf', args: [file], debianPackage: 'nsd' }),
    comment: (text) => `# ${text}\n`,
    read: zonesOfNsd,
  },
  knot: {
    ...{ software: 'Knot DNS', configuration: '/etc/knot/knot.conf', flush: 'knotc -f zone-flush ZONE' },
    reread: ['knotc', 'reload'],
    checker: (file) => ({ program: 'knotc', args: ['-c', file, 'conf-check'], debianPackage: 'knot' }),
    comment: (text) => `# ${text}\n`,
    read: zonesOfKnot,
  },
};
export type SourceKind = keyof typeof SOURCES;
