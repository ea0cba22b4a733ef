import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { RCODE } from '../../src/dns/messages/message.js';
import { parseName } from '../../src/dns/name.js';
import { DnsClient } from '../../src/dns/messages/query.js';
import { soaSerial } from '../../src/dns/serial.js';
import { TYPE } from '../../src/dns/types.js';
import type { DnsAddress } from '../../src/nameservers/nameserver.js';
import { startNode, type RunningNode } from '../../src/panel/node.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { builtProgram, runProgram, type Run } from '../cli/built-program.js';
import { ROOT } from '../cluster/zone-texts.js';
import { CANDIDATES } from '../servers/conformance/candidates.js';
import type { OperatorServer } from '../servers/operator-server.js';

const program = builtProgram();
const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin`;
/** More than go in one step. */
const ZONES = 230;
const names = Array.from({ length: ZONES }, (_, i) => `z${i}.example`);

const OPERATED = CANDIDATES.flatMap(({ kind, installed, harness }) =>
  harness === undefined ? [] : [{ kind, installed, ...harness }],
);

function textOf(i: number): string {
  return `$TTL 300\n@ SOA ns1.host.example. h.host.example. ${i + 1} 3600 600 86400 300\n@ NS ns1.host.example.\nwww A 192.0.2.1\n`;
}

/** Asks for one zone after the other without a pause, until it is ended; notes every answer that is not the zone's. */
class Prober {
  /** Response codes, and `DATA` where the answer is another one than the zone's. */
  readonly wrong: string[] = [];
  asked = 0;
  #ended = false;
  readonly #running: Promise<void>;

  constructor(dns: DnsAddress) {
    this.#running = this.#ask(dns);
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#running;
  }

  async #ask(dns: DnsAddress): Promise<void> {
    const client = new DnsClient(dns, { timeout: 5_000 });
    while (!this.#ended) {
      const i = this.asked++ % ZONES;
      const { rcode, aa, answer } = await client.query(parseName(`z${i}.example.`), TYPE.SOA);
      const code = Object.entries(RCODE).find(([, known]) => known === rcode)?.[0] ?? String(rcode);
      if (rcode !== RCODE.NOERROR) this.wrong.push(code);
      else if (!aa || soaSerial(answer) !== i + 1) this.wrong.push('DATA');
    }
    client.close();
  }
}

describe.each(OPERATED)(
  'zones adopt --switch with $kind',
  ({ kind, installed, configure, files, statement, moment }) => {
    let folder: string;
    let server: OperatorServer;
    let node: RunningNode;
    afterEach(async () => {
      await node.stop();
      await server.end();
      await rm(folder, { recursive: true, force: true });
    });

    const place = (which: 'configuration' | 'zones'): string => join(server.folder, files[which]);
    const adopt = (...args: string[]): Promise<Run> =>
      runProgram(
        program,
        [
          'zones',
          'adopt',
          '--folder',
          folder,
          '--from',
          kind,
          '--config',
          place('configuration'),
          '--server',
          `127.0.0.1:${server.dns.port}`,
          ...args,
        ],
        { env: { PATH } },
      );

    async function begin(count = ZONES): Promise<void> {
      folder = await mkdtemp(join(tmpdir(), 'dns-cluster-switch-'));
      server = await configure();
      for (const [i, name] of names.slice(0, count).entries()) {
        const file = join(server.folder, name);
        await writeFile(file, textOf(i));
        await appendFile(place('zones'), statement(name, file));
      }
      await server.start();
      node = await startNode({
        name: 'ns1.example.net',
        folder,
        host: '127.0.0.1',
        port: 0,
        nameserver: server.settings,
      });
    }

    const serials = async (): Promise<(number | undefined)[]> => {
      const client = new DnsClient(server.dns);
      try {
        return await Promise.all(names.map((name) => client.soaSerial(parseName(`${name}.`))));
      } finally {
        client.close();
      }
    };

    test.skipIf(!installed)(
      'goes on answering while the statements go and the zones come, and after a restart',
      async () => {
        await begin();
        const left = await adopt('--dry-run', '--json');
        expect(left.status).toBe(1);
        expect(left.out).toContain('--switch removes its statement');
        const before = await readFile(place('zones'), 'utf8');

        const prober = new Prober(server.dns);
        const { status, out, err } = await adopt('--switch', '--yes', '--json');
        await prober.end();
        const rows = (JSON.parse(out) as { zones: { zone: string; verdict: string; local?: { state: string } }[] })
          .zones;
        expect([status, rows.filter(({ local }) => local?.state === 'served').length], err).toEqual([0, ZONES + 1]);
        expect(prober.asked).toBeGreaterThan(ZONES);
        expect(new Set(prober.wrong)).toEqual(new Set(prober.wrong.length === 0 ? [] : [moment]));
        if (process.env['FIGURES'] !== undefined)
          process.stderr.write(`${kind}: ${prober.wrong.length} of ${prober.asked} wrong\n`);

        expect(await readFile(place('zones'), 'utf8')).not.toMatch(/^(zone "z|\s*- domain: z|\s*name: z)/m);
        const [copy = ''] = (await readdir(server.folder)).filter((name) => name.includes('.before-adopt-'));
        expect(await readFile(join(server.folder, copy), 'utf8')).toBe(before);
        // It is the store's zone now: a change is served.
        const text = textOf(0).replace(' 1 3600', ' 100 3600');
        await node.plugin.cluster.saveZone(zoneName('z0.example'), Buffer.from(text), ROOT);
        await server.kill();
        const restarted = server.start().catch(() => undefined);
        const wanted = names.map((_, i) => (i === 0 ? 100 : i + 1));
        await expect.poll(serials, { timeout: 30_000 }).toEqual(wanted);
        // OWN_ZONE, by which the harness knows that it has started, is the store's by now, too.
        await restarted;
        expect((await node.plugin.cluster.status(ROOT)).zones).toBe(ZONES + 1);
      },
    );

    test.skipIf(!installed)('puts the statement back where the service does not take the zone', async () => {
      await begin(3);
      const before = await readFile(place('zones'), 'utf8');
      const { status, out, err } = await adopt('--switch', '--yes', '--json', '--owner', 'no account');
      expect(status).toBe(1);
      expect(err).toMatch(/There is no user "no account".*The statements of .* were put back into the configuration/);
      expect(out).not.toContain('"state":"served"');
      expect(await readFile(place('zones'), 'utf8')).toBe(before);
      expect((await serials()).slice(0, 3)).toEqual([1, 2, 3]);
    });
  },
);
