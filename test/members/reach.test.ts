import { createServer, type Server } from 'node:https';
import { createServer as createPlainServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ownAddresses } from '../../src/access/networks.js';
import { MemberConnection } from '../../src/members/cpanel/member-connection.js';
import { JsonConnection } from '../../src/members/json-connection.js';
import { InternetReach } from '../../src/members/reach.js';
import { shownCertificate } from '../../src/members/cpanel/pinned-connection.js';
import { DnsClient } from '../../src/dns/messages/query.js';
import { parseName } from '../../src/dns/name.js';
import { ownCertificate } from '../../src/state/certificate.js';
import { z } from 'zod';

const reach = new InternetReach(() => []);
const CLOSED = { code: 'member_address_internal' };

describe('of a reseller’s member, an address', () => {
  test.each([
    ...['127.0.0.1', '127.8.9.10', '0.0.0.0', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1'],
    ...['169.254.169.254', '224.0.0.1', '255.255.255.255', '::', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1'],
    ...[
      '::127.0.0.1',
      '::ffff:0:127.0.0.1',
      '::ffff:169.254.169.254',
      '64:ff9b::7f00:1',
      '2002:7f00:1::',
      'fc00::1',
      'fd00:ec2::254',
      'fe80::1',
      'ff02::1',
    ],
    'localhost',
  ])('that is not the Internet’s is refused: %s', async (host) => {
    await expect(reach.check(host)).rejects.toMatchObject(CLOSED);
  });

  test.each(['192.0.3.1', '9.255.255.255', '11.0.0.1', '172.32.0.1', '2a00::1', '2606:4700::1'])(
    'of the Internet may be: %s',
    async (host) => {
      await expect(reach.check(host)).resolves.toBeUndefined();
    },
  );

  test('in a network that root allows may be, and no other', async () => {
    const allowed = ['10.1.0.0/16', 'fd00:1::/32', '127.0.0.1'];
    const open = new InternetReach(() => allowed);
    for (const host of ['10.1.2.3', '::ffff:10.1.2.3', 'fd00:1::5', '127.0.0.1']) await open.check(host);
    for (const host of ['10.2.0.1', 'fd00:2::5', '127.0.0.2'])
      await expect(open.check(host)).rejects.toMatchObject(CLOSED);
    allowed.length = 0;
    await expect(open.check('10.1.2.3')).rejects.toMatchObject(CLOSED);
  });

  test.each(['2130706433', '0x7f000001', '0177.0.0.1', '127.1', '0'])(
    'of this machine is refused in an odd notation: %s',
    async (host) => {
      // The system reads the notation when it is connected to, and so it is read here, too.
      await expect(reach.check(host)).rejects.toMatchObject(CLOSED);
      await expect(shownCertificate(host, 1, { reach })).rejects.toThrow('not a public one');
    },
  );

  test('that this machine has on the Internet is refused: no firewall stands between', async () => {
    const own = new InternetReach(
      () => [],
      () => ['192.0.3.1', '2a00::1'],
    );
    for (const host of ['192.0.3.1', '::ffff:192.0.3.1', '2a00::1'])
      await expect(own.check(host)).rejects.toMatchObject(CLOSED);
    await own.check('192.0.3.2');
    for (const host of ownAddresses()) expect(reach.refusal(host)).toBeDefined();
  });

  test('is the same however it is written', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(reach.refusal(`::ffff:${address}`) === undefined).toBe(reach.refusal(address) === undefined);
      }),
    );
  });
});

describe('of a reseller’s member, nothing reaches this machine', () => {
  let server: Server;
  let folder: string;
  let port: number;
  let fingerprint: string;
  let asked = 0;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'dns-cluster-reach-'));
    const { key, cert, fingerprint: shown } = await ownCertificate(folder, 'inner', ['127.0.0.1']);
    fingerprint = shown;
    server = createServer({ key, cert }, (_, response) => {
      asked++;
      response.end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true, force: true });
  });

  // A name that was checked before may mean another address when the connection is made.
  test.each(['127.0.0.1', 'localhost'])('by a call to %s, and without the rule it would', async (host) => {
    const options = { host, port, user: 'ann', token: 'x', fingerprint };
    const closed = new MemberConnection({ ...options, reach });
    await expect(closed.get('/')).rejects.toThrow('not a public one');
    await closed.close();
    expect(asked).toBe(0);
    const open = new MemberConnection(options);
    expect((await open.get('/')).body.toString()).toBe('{}');
    await open.close();
    asked = 0;
  });

  test('by looking at its certificate', async () => {
    await expect(shownCertificate('localhost', port, { reach })).rejects.toThrow('not a public one');
    expect((await shownCertificate('localhost', port)).fingerprint).toBe(fingerprint);
  });

  test('by the JSON of a service', async () => {
    let calls = 0;
    const plain = createPlainServer((_, response) => {
      calls++;
      response.end('{}');
    });
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    const base = `http://127.0.0.1:${(plain.address() as AddressInfo).port}`;
    const parts = { base, service: 'PowerDNS', headers: {}, secrets: [], credentials: { advice: '' } };
    const call = { method: 'POST', path: '/' } as const;
    const closed = new JsonConnection({ ...parts, reach });
    await expect(closed.call(z.object({}), call)).rejects.toThrow('not a public one');
    await closed.close();
    expect(calls).toBe(0);
    const open = new JsonConnection({ ...parts, reach: undefined });
    await expect(open.call(z.object({}), call)).resolves.toEqual({});
    await open.close();
    await new Promise((resolve) => plain.close(resolve));
  });

  test.each([false, true])('by a question over DNS (TCP: %s)', async (tcp) => {
    for (const host of ['localhost', '127.0.0.1']) {
      const client = new DnsClient({ host, port, addressOf: (of) => reach.addressOf(of) }, { tcp, timeout: 2_000 });
      await expect(client.query(parseName('a.example.'), 6)).rejects.toThrow('not a public one');
      client.close();
    }
  });
});
