import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RCODE } from '../../../src/dns/messages/message.js';
import { parseName } from '../../../src/dns/name.js';
import { formatRecord } from '../../../src/dns/zone-text/printer.js';
import { DnsClient } from '../../../src/dns/messages/query.js';
import { query } from '../../query.js';
import { TYPE } from '../../../src/dns/types.js';
import { EmbeddedNameserver } from '../../../src/nameservers/embedded/embedded.js';
import type { ZoneChange } from '../../../src/nameservers/nameserver.js';
import { createLog } from '../../../src/operations/log.js';
import { zoneName } from '../../../src/zones/zone-name.js';
import { parsedUpsert, startEmbedded, zoneText } from './embedded-server.js';

const log = createLog({ level: 'silent' });
let server: EmbeddedNameserver;
let folder: string;

/** An upsert whose file the store would have written. */
async function upsert(name: string, serial: number, more = ''): Promise<ZoneChange> {
  const file = join(folder, `${name}.zone`);
  await writeFile(file, zoneText(serial, more));
  return { kind: 'upsert', name: zoneName(name), file, serial, isNew: true };
}

const remove = (name: string): ZoneChange => ({ kind: 'remove', name: zoneName(name) });
const ask = (name: string, type: number): ReturnType<typeof query> => query(server.dns, parseName(name), type);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dns-cluster-embedded-'));
  server = await startEmbedded();
});
afterEach(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('changes', () => {
  test('a zone is served, replaced and removed, each seen over DNS before it is said', async () => {
    expect(await server.apply([await upsert('a.example', 5)])).toEqual([
      { name: 'a.example', outcome: 'served', serial: 5 },
    ]);
    expect((await ask('ns.a.example.', TYPE.A)).answer.map(formatRecord)).toHaveLength(1);
    expect(await server.apply([await upsert('a.example', 6, 'www 60 A 192.0.2.1\n')])).toMatchObject([
      { outcome: 'served', serial: 6 },
    ]);
    expect((await ask('www.a.example.', TYPE.A)).rcode).toBe(RCODE.NOERROR);
    expect(await server.apply([remove('a.example')])).toEqual([{ name: 'a.example', outcome: 'served' }]);
    expect((await ask('www.a.example.', TYPE.A)).rcode).toBe(RCODE.REFUSED);
  });

  test('parsed records are taken where the caller has them, without the file', async () => {
    const change = parsedUpsert('given.example', 9);
    expect(await server.apply([change])).toMatchObject([{ outcome: 'served', serial: 9 }]);
  });

  test('a broken zone is refused with its line, and the good one beside it and before it stay', async () => {
    await server.apply([await upsert('good.example', 1)]);
    const broken = await upsert('good.example', 2, 'www A not-an-address\n');
    const [first, second] = await server.apply([broken, await upsert('other.example', 3)]);
    expect(first).toMatchObject({ name: 'good.example', outcome: 'refused' });
    expect(first?.reason).toMatch(/good\.example.*line 4/);
    expect(second).toMatchObject({ outcome: 'served', serial: 3 });
    expect(await server.status()).toMatchObject({ zones: 2 });
    const client = new DnsClient(server.dns);
    expect(await client.soaSerial(parseName('good.example.'))).toBe(1);
    client.close();
  });

  test('a file that is not there, and a serial that is not the expected one, are refused with the reason', async () => {
    const missing: ZoneChange = {
      kind: 'upsert',
      name: zoneName('m.example'),
      file: join(folder, 'none'),
      serial: 1,
      isNew: true,
    };
    const other = { ...(await upsert('o.example', 7)), serial: 8 } as ZoneChange;
    const [first, second] = await server.apply([missing, other]);
    expect(first).toMatchObject({ outcome: 'refused', reason: expect.stringContaining('ENOENT') as string });
    expect(second).toMatchObject({
      outcome: 'refused',
      serial: 7,
      reason: expect.stringContaining('serial 7') as string,
    });
  });

  test('$INCLUDE in a zone file reads no file of this server', async () => {
    await writeFile(join(folder, 'secret'), 'x 60 TXT secret\n');
    const [applied] = await server.apply([await upsert('i.example', 1, '$INCLUDE secret\n')]);
    expect(applied?.outcome).toBe('refused');
  });

  test('synchronize serves exactly what it is given', async () => {
    await server.apply([await upsert('old.example', 1), await upsert('kept.example', 1)]);
    const applied = await server.synchronize([await upsert('kept.example', 2), await upsert('new.example', 1)]);
    expect(applied.map(({ outcome }) => outcome)).toEqual(['served', 'served']);
    expect(await server.status()).toMatchObject({ software: 'dns-cluster', version: '1.2.3', running: true, zones: 2 });
    expect((await ask('old.example.', TYPE.SOA)).rcode).toBe(RCODE.REFUSED);
  });

  test('a removed child answers from its parent, and that counts as removed', async () => {
    await server.apply([await upsert('p.example', 1, '*.c 60 TXT parent\n'), await upsert('c.p.example', 1)]);
    expect(await server.apply([remove('c.p.example')])).toEqual([{ name: 'c.p.example', outcome: 'served' }]);
    expect((await ask('x.c.p.example.', TYPE.TXT)).answer).toHaveLength(1);
  });

  test('without start every change stays due', async () => {
    await server.stop();
    expect(await server.apply([await upsert('a.example', 1)])).toMatchObject([{ outcome: 'unavailable' }]);
    expect(await server.status()).toMatchObject({ running: false, reason: 'The embedded nameserver is not started.' });
  });

  test('2,000 zones in one batch are all read back', async () => {
    const changes = Array.from({ length: 2000 }, (_, i) => parsedUpsert(`z${i}.example`, i + 1));
    const applied = await server.apply(changes);
    expect(applied).toEqual(changes.map((change, i) => ({ name: change.name, outcome: 'served', serial: i + 1 })));
  });

  test('while a zone is replaced again and again, each question sees one whole version', async () => {
    const version = (serial: number): string =>
      Array.from({ length: 20 }, (_, i) => `t 60 TXT v${serial} ${i}\n`).join('');
    await server.apply([await upsert('swap.example', 1, version(1))]);
    const client = new DnsClient(server.dns);
    const load = { done: false, asked: 0 };
    const asking = (async () => {
      while (!load.done) {
        const answers = await Promise.all(
          Array.from({ length: 20 }, () => client.query(parseName('t.swap.example.'), TYPE.TXT)),
        );
        for (const { rcode, answer } of answers) {
          load.asked++;
          expect(rcode).toBe(RCODE.NOERROR);
          expect(answer).toHaveLength(20);
          expect(new Set(answer.map(({ rdata }) => rdata.slice(1, 1 + rdata.charCodeAt(0)))).size).toBe(1);
        }
      }
    })();
    for (let serial = 2; serial <= 60; serial++) {
      expect(await server.apply([await upsert('swap.example', serial, version(serial))])).toMatchObject([
        { outcome: 'served' },
      ]);
    }
    load.done = true;
    await asking;
    expect(load.asked).toBeGreaterThan(100);
    client.close();
  });
});

describe('life', () => {
  test('while it has not been given all zones, it refuses none: it can not answer yet', async () => {
    const starting = new EmbeddedNameserver({ listen: [{ host: '127.0.0.1', port: 0 }], version: '0', log });
    await starting.start();
    try {
      const rcode = async (): Promise<number> => (await query(starting.dns, parseName('a.example.'), TYPE.SOA)).rcode;
      expect(await rcode()).toBe(RCODE.SERVFAIL);
      await starting.synchronize([await upsert('b.example', 1)]);
      expect(await rcode()).toBe(RCODE.REFUSED);
    } finally {
      await starting.stop();
    }
  });

  test('start and stop are idempotent, and zones outlive a stop', async () => {
    await server.start();
    await server.apply([await upsert('a.example', 1)]);
    await server.stop();
    await server.stop();
    await server.start();
    expect((await ask('a.example.', TYPE.SOA)).answer).toHaveLength(1);
  });

  test('a port in use is refused with the address in the sentence', async () => {
    const second = new EmbeddedNameserver({ listen: [server.dns], version: '0', log });
    await expect(second.start()).rejects.toMatchObject({
      code: 'nameserver_cannot_listen',
      message: expect.stringContaining(`127.0.0.1:${server.dns.port}`) as string,
    });
    expect(await second.status()).toMatchObject({ running: false });
  });

  test('a port taken for TCP only frees the UDP one again', async () => {
    const tcp = createServer().listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const address = { host: '127.0.0.1', port: (tcp.address() as AddressInfo).port };
    const second = new EmbeddedNameserver({ listen: [address], version: '0', log });
    await expect(second.start()).rejects.toMatchObject({ code: 'nameserver_cannot_listen' });
    await new Promise((resolve) => tcp.close(resolve));
    await second.start();
    await second.stop();
  });

  test('listens at several addresses, and reads back from one that takes any', async () => {
    const many = await startEmbedded({
      listen: [
        { host: '0.0.0.0', port: 0 },
        { host: '127.0.0.2', port: 0 },
      ],
    });
    expect(many.dns.host).toBe('127.0.0.1');
    expect(await many.apply([await upsert('a.example', 1)])).toMatchObject([{ outcome: 'served' }]);
    await many.stop();
  });
});
