import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OverSocket } from '../../../src/nameservers/controlled/operator-settings.js';
import { KnotServer } from '../../../src/nameservers/knot/knot.js';
import type { NameserverSettings } from '../../../src/nameservers/nameserver-settings.js';
import type { DnsAddress } from '../../../src/nameservers/nameserver.js';
import { createLog } from '../../../src/operations/log.js';
import { OperatorProcess, OWN_ZONE_TEXT, placeForServer } from '../operator-process.js';
import { OWN_ZONE, type OperatorHarness } from '../operator-server.js';

/** A real Knot as an operator would run it. */
export class OperatorsKnot extends OperatorProcess {
  private constructor(place: { folder: string; dns: DnsAddress }) {
    super(place, { program: 'knotd', args: ['-c', join(place.folder, 'knot.conf')] });
  }

  static async configure(): Promise<OperatorsKnot> {
    const server = new OperatorsKnot(await placeForServer());
    const { folder, dns } = server;
    await writeFile(server.includeFile, '');
    await writeFile(join(folder, OWN_ZONE), OWN_ZONE_TEXT);
    await writeFile(
      join(folder, 'knot.conf'),
      `server:
    rundir: "${folder}"
    listen: 127.0.0.1@${dns.port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: "${folder}/db"
    journal-db-max-size: 4M
control:
    listen: "${folder}/control"
log:
  - target: stderr
    any: info
template:
  - id: default
    storage: "${folder}"
zone:
  - domain: ${OWN_ZONE}
    file: "${OWN_ZONE}"
include: "${server.includeFile}"
`,
    );
    return server;
  }

  /** Its databases: journal, timers, keys. */
  async loseState(): Promise<void> {
    await rm(join(this.folder, 'db'), { recursive: true, force: true });
  }

  get operator(): OverSocket {
    return { controlSocket: join(this.folder, 'control'), includeFile: this.includeFile };
  }

  get settings(): NameserverSettings {
    return { kind: 'knot', ...this.dns, operator: this.operator };
  }

  driver(folder: string): KnotServer {
    return new KnotServer({ dns: this.dns, folder, operator: this.operator, log: createLog({ level: 'silent' }) });
  }
}

export const HARNESS: OperatorHarness = {
  programs: ['knotd', 'knotc', 'kzonecheck'],
  configure: () => OperatorsKnot.configure(),
  files: { configuration: 'knot.conf', zones: 'knot.conf' },
  statement: (zone, file) => `zone:\n  - domain: ${zone}\n    file: "${file}"\n`,
  mixed: {
    statements: () => `remote:
  - id: r
    address: 127.0.0.1
zone:
  - domain: good.knot
    file: good.knot
  - domain: second.knot
    master: r
  - domain: signing.knot
    dnssec-signing: on
    file: good.knot
`,
    signs: true,
  },
};
