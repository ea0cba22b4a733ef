import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PdnsServer, type OperatorPdns } from '../../../src/nameservers/powerdns/powerdns.js';
import type { NameserverSettings } from '../../../src/nameservers/nameserver-settings.js';
import type { DnsAddress } from '../../../src/nameservers/nameserver.js';
import { createLog } from '../../../src/operations/log.js';
import { run } from '../../needs.js';
import { OperatorProcess, OWN_ZONE_TEXT, placeForServer } from '../operator-process.js';
import { OWN_ZONE, type OperatorHarness } from '../operator-server.js';

/** A real PowerDNS with the bind backend as an operator would run it, its caches and its DNSSEC database included. */
export class OperatorsPdns extends OperatorProcess {
  private constructor(place: { folder: string; dns: DnsAddress }) {
    super(place, { program: 'pdns_server', args: [`--config-dir=${place.folder}`] });
  }

  static async configure(): Promise<OperatorsPdns> {
    const server = new OperatorsPdns(await placeForServer());
    const { folder, dns } = server;
    await writeFile(server.includeFile, '');
    await writeFile(join(folder, OWN_ZONE), OWN_ZONE_TEXT);
    await writeFile(
      join(folder, 'named.conf'),
      `zone "${OWN_ZONE}" { type master; file "${folder}/${OWN_ZONE}"; };\ninclude "${server.includeFile}";\n`,
    );
    await writeFile(
      join(folder, 'pdns.conf'),
      [
        'launch=bind',
        `bind-config=${folder}/named.conf`,
        `bind-dnssec-db=${folder}/dnssec.sqlite3`,
        `local-address=${dns.host}`,
        `local-port=${dns.port}`,
        `socket-dir=${folder}`,
        ...['daemon=no', 'guardian=no', 'setuid=', 'setgid=', 'security-poll-suffix='],
      ].join('\n'),
    );
    server.pdnsutil('create-bind-db', join(folder, 'dnssec.sqlite3'));
    return server;
  }

  /** As its administrator types it. */
  pdnsutil(...args: string[]): void {
    run('pdnsutil', `--config-dir=${this.folder}`, ...args);
  }

  /** It remembers nothing but what is in its configuration. */
  loseState(): Promise<void> {
    return Promise.resolve();
  }

  get operator(): OperatorPdns {
    const { folder, includeFile } = this;
    return { controlSocket: join(folder, 'pdns.controlsocket'), includeFile, configFolder: folder };
  }

  get settings(): NameserverSettings {
    return { kind: 'powerdns', ...this.dns, operator: this.operator };
  }

  driver(folder: string): PdnsServer {
    return new PdnsServer({ dns: this.dns, folder, operator: this.operator, log: createLog({ level: 'silent' }) });
  }
}

export const HARNESS: OperatorHarness = {
  programs: ['pdns_server', 'pdnsutil'],
  configure: () => OperatorsPdns.configure(),
  files: { configuration: 'pdns.conf', zones: 'named.conf' },
  statement: (zone, file) => `zone "${zone}" { type master; file "${file}"; };\n`,
  refusesOddOwners: true,
  mixed: {
    statements: (folder) => `zone "good.powerdns" { type master; file "${folder}/good.powerdns"; };
zone "signing.powerdns" { type master; file "${folder}/signing.powerdns"; };
zone "second.powerdns" { type slave; masters { 127.0.0.1; }; file "/nowhere"; };
`,
    signs: true,
    sign: (folder) => run('pdnsutil', `--config-dir=${folder}`, 'secure-zone', 'signing.powerdns'),
  },
};
