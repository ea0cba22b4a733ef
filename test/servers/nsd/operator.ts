import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { OverSocket } from '../../../src/nameservers/controlled/operator-settings.js';
import { NsdServer } from '../../../src/nameservers/nsd/nsd.js';
import type { NameserverSettings } from '../../../src/nameservers/nameserver-settings.js';
import type { DnsAddress } from '../../../src/nameservers/nameserver.js';
import { createLog } from '../../../src/operations/log.js';
import { OperatorProcess, OWN_ZONE_TEXT, placeForServer } from '../operator-process.js';
import { OWN_ZONE, type OperatorHarness } from '../operator-server.js';

/** The parent, the one that loads, the one that answers. */
const PROCESSES = 3;

/** A real NSD as an operator would run it. */
export class OperatorsNsd extends OperatorProcess {
  private constructor(place: { folder: string; dns: DnsAddress }) {
    super(place, { program: 'nsd', args: ['-d', '-c', join(place.folder, 'nsd.conf')] });
  }

  /** Without a limit of the rate of its answers, as we advise; `rateLimit` gives it NSD's default one. */
  static async configure({ rateLimit = false } = {}): Promise<OperatorsNsd> {
    const server = new OperatorsNsd(await placeForServer());
    const { folder, dns } = server;
    await writeFile(server.includeFile, '');
    await writeFile(join(folder, OWN_ZONE), OWN_ZONE_TEXT);
    await writeFile(
      join(folder, 'nsd.conf'),
      `server:
        ip-address: 127.0.0.1@${dns.port}
        username: ""
        zonesdir: "${folder}"
        database: ""
        pidfile: "${folder}/nsd.pid"
        xfrdfile: "${folder}/xfrd.state"
        xfrdir: "${folder}"
        zonelistfile: "${folder}/zone.list"
        rrl-ratelimit: ${rateLimit ? 200 : 0}
      remote-control:
        control-enable: yes
        control-interface: "${folder}/control"
      zone:
        name: ${OWN_ZONE}
        zonefile: "${folder}/${OWN_ZONE}"
      include: "${server.includeFile}"
      `.replaceAll(/^ {6}/gm, ''),
    );
    return server;
  }

  /** Its list of zones that were added by addzone. */
  async loseState(): Promise<void> {
    await rm(join(this.folder, 'zone.list'), { force: true });
  }

  /** The process that a reload replaces still answers a question or two, more on a busy machine. */
  override async settled(): Promise<void> {
    while ((await this.processes()) > PROCESSES) await pause(2);
  }

  get operator(): OverSocket {
    return { controlSocket: join(this.folder, 'control'), includeFile: this.includeFile };
  }

  get settings(): NameserverSettings {
    return { kind: 'nsd', ...this.dns, operator: this.operator };
  }

  driver(folder: string): NsdServer {
    return new NsdServer({ dns: this.dns, folder, operator: this.operator, log: createLog({ level: 'silent' }) });
  }
}

export const HARNESS: OperatorHarness = {
  programs: ['nsd', 'nsd-checkconf', 'nsd-checkzone'],
  configure: () => OperatorsNsd.configure(),
  files: { configuration: 'nsd.conf', zones: 'nsd.conf' },
  statement: (zone, file) => `zone:\n\tname: ${zone}\n\tzonefile: "${file}"\n`,
  moment: 'REFUSED',
  mixed: {
    statements: (folder) => `pattern:
  name: "ours"
  zonefile: "${folder}/%s"
zone:
  name: good.nsd
  include-pattern: ours
zone:
  name: second.nsd
  request-xfr: 127.0.0.1 NOKEY
  zonefile: x
`,
    signs: false,
  },
};
