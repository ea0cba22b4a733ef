import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BindServer, type OperatorNamed } from '../../../src/nameservers/bind/bind.js';
import { keyClause, newRndcKey } from '../../../src/nameservers/bind/rndc-key.js';
import type { NameserverSettings } from '../../../src/nameservers/nameserver-settings.js';
import type { DnsAddress } from '../../../src/nameservers/nameserver.js';
import { createLog } from '../../../src/operations/log.js';
import { freePort } from '../../../src/operations/ports.js';
import { OperatorProcess, OWN_ZONE_TEXT, placeForServer } from '../operator-process.js';
import { OWN_ZONE, type OperatorHarness } from '../operator-server.js';

/** A real named as an operator would run it. */
export class OperatorsNamed extends OperatorProcess {
  readonly operator: OperatorNamed;

  private constructor(place: { folder: string; dns: DnsAddress }, operator: OperatorNamed) {
    super(place, { program: 'named', args: ['-g', '-n', '1', '-c', join(place.folder, 'named.conf')] });
    this.operator = operator;
  }

  /** `more` is appended to its configuration. */
  static async configure(more = ''): Promise<OperatorsNamed> {
    const place = await placeForServer();
    const { folder, dns } = place;
    const operator: OperatorNamed = {
      controlHost: '127.0.0.1',
      controlPort: await freePort(),
      keyFile: join(folder, 'rndc.key'),
      includeFile: join(folder, 'cluster.conf'),
    };
    const key = newRndcKey();
    await writeFile(operator.keyFile, keyClause(key));
    await writeFile(operator.includeFile, '');
    await writeFile(join(folder, OWN_ZONE), OWN_ZONE_TEXT);
    await writeFile(
      join(folder, 'named.conf'),
      `include "${operator.keyFile}";
      controls { inet 127.0.0.1 port ${operator.controlPort} allow { 127.0.0.1; } keys { "${key.name}"; }; };
      options {
        directory "${folder}"; pid-file none; session-keyfile none; managed-keys-directory "${folder}";
        listen-on port ${dns.port} { 127.0.0.1; }; listen-on-v6 { none; };
        recursion no; notify no; allow-new-zones yes; dnssec-validation no; empty-zones-enable no;
      };
      zone "${OWN_ZONE}" { type primary; file "${OWN_ZONE}"; };
      include "${operator.includeFile}";
      ${more}`,
    );
    return new OperatorsNamed(place, operator);
  }

  /** Its database of zones that were added by addzone. */
  async loseState(): Promise<void> {
    await rm(join(this.folder, '_default.nzd'), { force: true });
  }

  get settings(): NameserverSettings {
    return { kind: 'bind', ...this.dns, operator: this.operator };
  }

  driver(folder: string): BindServer {
    return new BindServer({ dns: this.dns, folder, operator: this.operator, log: createLog({ level: 'silent' }) });
  }
}

export const HARNESS: OperatorHarness = {
  programs: ['named', 'named-checkconf', 'named-checkzone'],
  configure: () => OperatorsNamed.configure(),
  files: { configuration: 'named.conf', zones: 'named.conf' },
  statement: (zone, file) => `zone "${zone}" { type primary; file "${file}"; };\n`,
  moment: 'SERVFAIL',
};
