import { configurationFrom } from '../controlled/configuration-template.js';
import type { IncludeSyntax } from '../controlled/include-file.js';
import type { DnsAddress } from '../nameserver.js';

/** A string of knot.conf. */
function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** The template that each zone of ours has. */
export const TEMPLATE = 'dns-cluster';

/**
 * What the template says: the file alone is the truth. Without this Knot may choose its own serial, keep a journal of
 * changes that are not in the file, or write the file.
 */
export const TEMPLATE_ITEMS: readonly (readonly [item: string, value: string])[] = [
  ['zonefile-load', 'whole'],
  ['zonefile-sync', '-1'],
  ['journal-content', 'none'],
  ['semantic-checks', 'off'],
  ['dnssec-signing', 'off'],
];

const STATEMENT = /^ {2}- domain: "([^"]+)"\n {4}file: "((?:[^"\\]|\\.)*)"$/gm;

/** The syntax of knot.conf, for the file that it includes. */
export const ZONE_STATEMENTS: IncludeSyntax = {
  notice: '# Written by dns-cluster. Changes made here are lost.\n',
  whole: (parts) => {
    const items = TEMPLATE_ITEMS.map(([item, value]) => `    ${item}: ${value}\n`).join('');
    return `template:\n  - id: ${TEMPLATE}\n${items}${parts.map((file) => `include: ${quote(file)}\n`).join('')}`;
  },
  zone: (name, file) => `zone:\n  - domain: ${quote(name)}\n    file: ${quote(file)}\n    template: ${TEMPLATE}\n`,
  *zones(text) {
    for (const [, name = '', file = ''] of text.matchAll(STATEMENT)) yield [name, file.replace(/\\(.)/g, '$1')];
  },
};

/** The whole configuration of a private Knot. */
export function privateConfiguration(of: {
  folder: string;
  dns: DnsAddress;
  socket: string;
  includeFile: string;
}): string {
  return configurationFrom('knot/knot.conf', {
    folder: quote(of.folder),
    listen: `${of.dns.host}@${of.dns.port}`,
    storage: quote(`${of.folder}/db`),
    socket: quote(of.socket),
    includeFile: quote(of.includeFile),
  });
}
