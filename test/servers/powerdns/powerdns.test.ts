import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { PdnsControl } from '../../../src/nameservers/powerdns/control.js';
import { StartTime } from '../../../src/nameservers/controlled/start-time.js';
import { needs } from '../../needs.js';
import { CANDIDATES } from '../conformance/candidates.js';
import { ServerUnderTest } from '../conformance/server-under-test.js';
import { OWN_ZONE } from '../operator-server.js';
import { OperatorsPdns } from './operator.js';

const POWERDNS = CANDIDATES.find(({ kind }) => kind === 'powerdns');

describe.skipIf(!needs('pdns_server', 'pdnsutil'))('PowerDNS, as it is', () => {
  let of: ServerUnderTest;
  let server: OperatorsPdns;
  let control: PdnsControl;

  beforeEach(async () => {
    if (POWERDNS === undefined) throw new Error('PowerDNS is not among the candidates');
    of = await ServerUnderTest.start(POWERDNS);
    if (!(of.server instanceof OperatorsPdns)) throw new Error('an operator of PowerDNS was expected');
    server = of.server;
    control = new PdnsControl(join(server.folder, 'pdns.controlsocket'));
  });
  afterEach(async () => {
    control.close();
    await of.end();
  });

  const status = (): ReturnType<typeof of.nameserver.status> => of.nameserver.status();

  test('says that it reloaded a zone, and takes an address that is none: the trap that our own check is for', async () => {
    await of.apply(await of.zones.upsert('a.example', 1));
    await of.zones.upsert('a.example', 2, 'www A 192.0.2\n');
    expect(await control.command('bind-reload-now a.example')).toContain('parsed into memory');
    const [refused] = await of.apply(await of.zones.upsert('a.example', 3, 'www A 192.0.2\n'));
    expect(refused).toMatchObject({ outcome: 'refused', reason: expect.stringContaining('192.0.2') as string });
  });

  test('a zone that it signs by itself is named, ours and the operator’s; one that is signed in its file is not', async () => {
    expect(
      await of.outcomes(await of.zones.upsert('ours.example', 1), await of.zones.upsert('plain.example', 1)),
    ).toEqual(['served']);
    expect((await status()).signedZones).toBeUndefined();
    server.pdnsutil('secure-zone', 'ours.example');
    server.pdnsutil('secure-zone', OWN_ZONE);
    await control.command('purge');
    await of.restartDriver();
    await vi.waitFor(async () => expect((await status()).signedZones?.sort()).toEqual(['ours.example', OWN_ZONE]), {
      timeout: 10_000,
      interval: 100,
    });
    server.pdnsutil('disable-dnssec', 'ours.example');
    server.pdnsutil('disable-dnssec', OWN_ZONE);
    await control.command('purge');
    await of.restartDriver();
    expect((await status()).signedZones).toBeUndefined();
  });

  test('without its socket: unavailable, with where it was looked for', async () => {
    await of.kill();
    await rm(join(server.folder, 'pdns.controlsocket'), { force: true });
    const [applied] = await of.apply(await of.zones.upsert('a.example', 1));
    expect(applied).toMatchObject({ outcome: 'unavailable' });
    expect(applied?.reason).toMatch(/PowerDNS gave no reply at its control channel .*controlsocket \(.*ENOENT/);
  });

  test('an include file whose path holds a space is refused in words, because PowerDNS would not find it', async () => {
    const { PdnsServer } = await import('../../../src/nameservers/powerdns/powerdns.js');
    const { createLog } = await import('../../../src/operations/log.js');
    const operator = { controlSocket: '/x', includeFile: '/etc/power dns/x.conf' };
    const options = { dns: server.dns, folder: server.folder, operator, log: createLog({ level: 'silent' }) };
    expect(() => new PdnsServer(options)).toThrow(/holds a space: \/etc\/power dns/);
  });
});

describe('the start of a server that tells only how long it runs', () => {
  test('is the same while the answers agree, also slow ones, and another after a restart', () => {
    const start = new StartTime();
    expect(start.see({ uptime: 1_000, asked: 5_000, answered: 5_001 })).toBe('0');
    expect(start.see({ uptime: 2_000.4, asked: 6_000, answered: 6_900 })).toBe('0');
    expect(start.see({ uptime: 3_000, asked: 7_000, answered: 7_002 })).toBe('0');
    expect(start.see({ uptime: 50, asked: 7_100, answered: 7_101 })).toBe('1');
    expect(start.see({ uptime: 100, asked: 7_150, answered: 7_151 })).toBe('1');
  });
});
