import { relative } from 'node:path';
import { configurationFrom } from '../controlled/configuration-template.js';
import type { IncludeSyntax } from '../controlled/include-file.js';
import { quote, zoneStatements } from '../controlled/named-conf.js';
import type { DnsAddress } from '../nameserver.js';

/**
 * The syntax of the file with our zones, as the bind backend reads it: 4.7 passes over zones of type "primary", and
 * ends the name of an included file at a space, so that a private server gets names below its own folder.
 */
export function zoneFileSyntax(privateFolder: string | undefined): IncludeSyntax {
  const syntax = zoneStatements('master');
  if (privateFolder === undefined) return syntax;
  return { ...syntax, whole: (parts) => syntax.whole(parts.map((file) => relative(privateFolder, file))) };
}

/** What a private server's `bind-config` holds. */
export function privateBindConfig(folder: string, zonesFile: string): string {
  return `options { directory ${quote(folder)}; };\ninclude ${quote(relative(folder, zonesFile))};\n`;
}

/** The whole configuration of a private PowerDNS. */
export function privateConfiguration(of: {
  dns: DnsAddress;
  socketFolder: string;
  bindConfig: string;
  dnssecFile: string;
}): string {
  return configurationFrom('powerdns/pdns.conf', {
    address: of.dns.host,
    port: String(of.dns.port),
    socketFolder: of.socketFolder,
    bindConfig: of.bindConfig,
    dnssecFile: of.dnssecFile,
  });
}
