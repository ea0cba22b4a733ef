import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BindServer, type OperatorNamed } from '../../src/nameservers/bind/bind.js';
import { keyClause, newRndcKey } from '../../src/nameservers/bind/rndc-key.js';
import type { DnsAddress } from '../../src/nameservers/nameserver.js';
import { createLog } from '../../src/operations/log.js';
import { freePort } from '../../src/operations/ports.js';
import { OperatorProcess, OWN_ZONE_TEXT, placeForServer } from './operator-process.js';
import { OWN_ZONE } from './operator-server.js';

/** A real named as an operator would run it. */
export class OperatorsNamed extends OperatorProcess {
  readonly settings: OperatorNamed;

  private constructor(place: { folder: string; dns: DnsAddress }, settings: OperatorNamed) {
    super(place, { program: 'named', args: ['-g', '-n', '1', '-c', join(place.folder, 'named.conf')] });
    this.settings = settings;
  }

  /** `more` is appended to its configuration. */
  static async configure(more = ''): Promise<OperatorsNamed> {
    const place = await placeForServer();
    const { folder, dns } = place;
    const settings: OperatorNamed = {
      controlHost: '127.0.0.1',
      controlPort: await freePort(),
      keyFile: join(folder, 'rndc.key'),
      includeFile: join(folder, 'cluster.conf'),
    };
    const key = newRndcKey();
    await writeFile(settings.keyFile, keyClause(key));
    await writeFile(settings.includeFile, '');
    await writeFile(join(folder, OWN_ZONE), OWN_ZONE_TEXT);
    await writeFile(
      join(folder, 'named.conf'),
      `include "${settings.keyFile}";
      controls { inet 127.0.0.1 port ${settings.controlPort} allow { 127.0.0.1; } keys { "${key.name}"; }; };
      options {
        directory "${folder}"; pid-file none; session-keyfile none; managed-keys-directory "${folder}";
        listen-on port ${dns.port} { 127.0.0.1; }; listen-on-v6 { none; };
        recursion no; notify no; allow-new-zones yes; dnssec-validation no; empty-zones-enable no;
      };
      zone "${OWN_ZONE}" { type primary; file "${OWN_ZONE}"; };
      include "${settings.includeFile}";
      ${more}`,
    );
    return new OperatorsNamed(place, settings);
  }

  /** Its database of zones that were added by addzone. */
  async loseState(): Promise<void> {
    await rm(join(this.folder, '_default.nzd'), { force: true });
  }

  driver(folder: string): BindServer {
    return new BindServer({ dns: this.dns, folder, operator: this.settings, log: createLog({ level: 'silent' }) });
  }
}
