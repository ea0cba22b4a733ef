import { configurationFrom } from '../controlled/configuration-template.js';
import type { DnsAddress } from '../nameserver.js';

/** A string of nsd.conf. It knows no escapes, and no path of ours holds a quotation mark. */
function quote(text: string): string {
  if (/["\n]/.test(text)) throw new Error(`NSD can't be told a path with a quotation mark: ${text}`);
  return `"${text}"`;
}

const NOTICE = '# Written by dns-cluster. Changes made here are lost.\n';
const PATTERN = /^pattern:\n\tname: "([^"]+)"\n\tzonefile: "([^"]+)"$/gm;

/** Text of the file that nsd.conf includes, from patterns and their zone files. */
export function patternsText(patterns: Iterable<readonly [name: string, zonefile: string]>): string {
  const lines = Array.from(
    patterns,
    ([name, file]) => `pattern:\n\tname: ${quote(name)}\n\tzonefile: ${quote(file)}\n`,
  );
  return NOTICE + lines.join('');
}

/** Patterns and zone files of a text that `patternsText` made. */
export function* readPatterns(text: string): Generator<[name: string, zonefile: string]> {
  for (const [, name = '', file = ''] of text.matchAll(PATTERN)) yield [name, file];
}

/** The whole configuration of a private NSD. */
export function privateConfiguration(of: {
  folder: string;
  dns: DnsAddress;
  socket: string;
  includeFile: string;
}): string {
  const path = (name: string): string => quote(`${of.folder}/${name}`);
  return configurationFrom('nsd/nsd.conf', {
    address: `${of.dns.host}@${of.dns.port}`,
    folder: quote(of.folder),
    pidFile: path('nsd.pid'),
    transferState: path('xfrd.state'),
    zoneList: path('zone.list'),
    log: path('nsd.log'),
    socket: quote(of.socket),
    includeFile: quote(of.includeFile),
  });
}
