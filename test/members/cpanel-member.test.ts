import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { text } from 'node:stream/consumers';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SELF } from '../../src/access/principal.js';
import type { Cluster } from '../../src/cluster/cluster.js';
import { TokenStore } from '../../src/access/tokens.js';
import { CpanelMember } from '../../src/members/cpanel/cpanel-member.js';
import { shownCertificate } from '../../src/members/cpanel/pinned-connection.js';
import type { MemberChange } from '../../src/members/member-backend.js';
import { createLog } from '../../src/operations/log.js';
import { ownCertificate, type Certificate } from '../../src/state/certificate.js';
import { createApi } from '../../src/web/api.js';
import { validateZone } from '../../src/zones/validation.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { loneCluster } from '../cluster/lone-cluster.js';

const log = createLog({ level: 'silent' });
let folder: string;
let certificate: Certificate;
const servers: Server[] = [];
const members: CpanelMember[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'member-'));
  certificate = await ownCertificate(join(folder, 'tls'), 'ns1', ['127.0.0.1']);
});
afterEach(async () => {
  for (const member of members.splice(0)) await member.close();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  rmSync(folder, { recursive: true, force: true });
});

async function serve(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  port = 0,
  with_ = certificate,
): Promise<number> {
  const server = createServer({ key: with_.key, cert: with_.cert }, answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function memberAt(
  port: number,
  options: { token?: string; timeout?: number; fingerprint?: string } = {},
): CpanelMember {
  const member = new CpanelMember({
    host: '127.0.0.1',
    port,
    self: 'web.example.com',
    user: 'root',
    token: 'the-secret-token',
    fingerprint: certificate.fingerprint,
    ...options,
  });
  members.push(member);
  return member;
}

function upsert(
  name: string,
  text = `$TTL 60\n@ SOA ns1.example.net. h.example.net. 1 1 1 1 1\n@ NS ns1.example.net.\n`,
): MemberChange {
  const zone = zoneName(name);
  const { serial, digest } = validateZone(zone, Buffer.from(text));
  return { kind: 'upsert', name: zone, text: Buffer.from(text), serial, digest, isNew: true };
}

describe('a member that runs this software', () => {
  let cluster: Cluster;
  let tokens: TokenStore;
  let member: CpanelMember;
  beforeEach(async () => {
    tokens = await TokenStore.open(join(folder, 'tokens.json'), { log });
    const { secret } = await tokens.create({ user: 'root', kind: 'root', name: 'web', privileges: ['clustering'] });
    cluster = await loneCluster(folder);
    member = memberAt(await serve(createApi({ cluster, tokens, version: '0.1.0', log })), {
      token: secret,
    });
  });
  afterEach(async () => {
    await tokens.close();
    await cluster.stop();
  });

  test('says its version and host name', async () => {
    await expect(member.probe()).resolves.toMatchObject({ version: '11.82.0.1', hostname: 'web.example.net' });
  });

  test('says until when its certificate is good', async () => {
    const { validTo } = new X509Certificate(certificate.cert);
    await expect(member.probe()).resolves.toMatchObject({ certificateEnds: Date.parse(validTo) });
  });

  test('takes upserts and removals in one push and says what became of each', async () => {
    await member.push([upsert('old.example')]);
    const broken: MemberChange = { ...upsert('broken.example'), text: Buffer.from('nonsense\n') } as MemberChange;
    const pushed = await member.push([upsert('a.example'), broken, { kind: 'remove', name: zoneName('old.example') }]);
    expect(pushed).toMatchObject([
      {
        name: 'a.example',
        outcome: 'done',
        serial: 1,
        digest: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      },
      { name: 'broken.example', outcome: 'refused', reason: expect.stringContaining('broken.example:1') as string },
      { name: 'old.example', outcome: 'done' },
    ]);
    expect(cluster.zones.list(SELF).map(({ name }) => name)).toEqual(['a.example']);
  });

  test('a batch of which every zone is refused is no failure of the member', async () => {
    const broken: MemberChange = { ...upsert('broken.example'), text: Buffer.from('nonsense\n') } as MemberChange;
    await expect(member.push([broken])).resolves.toMatchObject([{ outcome: 'refused' }]);
  });

  test('lists its zones, says which exist, and gives their texts', async () => {
    const change = upsert('a.example');
    await member.push([change, upsert('b.example')]);
    expect((await member.zoneList()).sort()).toEqual(['a.example', 'b.example']);
    expect(await member.zoneExists(zoneName('a.example'))).toBe(true);
    expect(await member.zoneExists(zoneName('c.example'))).toBe(false);
    const zones = await member.zones([zoneName('a.example'), zoneName('c.example')]);
    expect([...zones]).toEqual([['a.example', change.kind === 'upsert' ? change.text : undefined]]);
    expect(cluster.zones.get(zoneName('a.example'), SELF)?.serial).toBe(1);
  });

  test('takes a token as it was pasted, with line ends', async () => {
    const { secret } = await tokens.create({ user: 'root', kind: 'root', name: 'pasted', privileges: ['clustering'] });
    const { port } = servers[0]?.address() as AddressInfo;
    await expect(
      memberAt(port, { token: `${secret.slice(0, 20)}\r\n${secret.slice(20)}\n` }).probe(),
    ).resolves.toBeDefined();
  });

  test('a wrong token is "refused", with a sentence that says what to do and without the token', async () => {
    const other = memberAt((servers[0]?.address() as AddressInfo).port, { token: 'wrong-secret' });
    const error = await other.probe().then(
      () => undefined,
      (reason: unknown) => reason as Error & { failure: string },
    );
    expect(error).toMatchObject({
      failure: 'refused',
      message: expect.stringMatching(/refused the user or token.*new token/) as string,
    });
    expect(error?.message).not.toContain('wrong-secret');
  });
});

describe('the pinned certificate', () => {
  test('is the one that the server shows', async () => {
    const port = await serve((_, response) => response.end());
    const { fingerprint } = certificate;
    await expect(shownCertificate('127.0.0.1', port)).resolves.toMatchObject({ fingerprint, ownAddress: '127.0.0.1' });
  });

  test('of another server is refused before the token or anything else is sent', async () => {
    let requests = 0;
    const port = await serve((_, response) => {
      requests++;
      response.end('{"version":"11.82.0.1"}');
    });
    let octets = 0;
    servers[0]?.on('secureConnection', (socket: TLSSocket) =>
      socket.on('data', (chunk: Buffer) => (octets += chunk.length)),
    );
    const pinned = Array.from({ length: 32 }, () => 'AA').join(':');
    await expect(memberAt(port, { fingerprint: pinned }).probe()).rejects.toMatchObject({
      failure: 'certificate_changed',
      message: expect.stringContaining(`Accepted: ${pinned}. Now: ${certificate.fingerprint}`) as string,
    });
    await expect(memberAt(port, { fingerprint: pinned }).push([upsert('a.example')])).rejects.toMatchObject({
      failure: 'certificate_changed',
    });
    expect([requests, octets]).toEqual([0, 0]);
    // The same look sees a request that is let out.
    await expect(memberAt(port).zoneExists(zoneName('a.example'))).resolves.toBe(false);
    expect(requests).toBe(1);
    expect(octets).toBeGreaterThan(0);
  });

  test('is compared again when the server comes back with another one, and the same one is taken again', async () => {
    const answer = (_: IncomingMessage, response: ServerResponse): void => {
      response.setHeader('connection', 'close');
      response.end('1');
    };
    const port = await serve(answer);
    const member = memberAt(port);
    // Each answer ends its connection: a resumed TLS session would show no certificate at all (measured).
    for (let i = 0; i < 10; i++) expect(await member.zoneExists(zoneName('a.example'))).toBe(true);
    const [first] = servers.splice(0);
    first?.closeAllConnections();
    await new Promise((resolve) => first?.close(resolve));
    await serve(answer, port, await ownCertificate(join(folder, 'other'), 'ns1', ['127.0.0.1']));
    await expect(member.zoneExists(zoneName('a.example'))).rejects.toMatchObject({ failure: 'certificate_changed' });
  });
});

describe('a member that misbehaves', () => {
  test.each<[string, string, RegExp, (response: ServerResponse) => void]>([
    ['answers 500', 'refused', /HTTP 500: out of order/, (response) => response.writeHead(500).end('out of order.')],
    [
      'redirects',
      'refused',
      /HTTP 302/,
      (response) => response.writeHead(302, { location: 'https://127.0.0.1:1/' }).end(),
    ],
    [
      'closes in mid-body',
      'unreachable',
      /cannot be reached/,
      (response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('half');
        setTimeout(() => response.destroy(), 20);
      },
    ],
    ['hangs', 'unreachable', /cannot be reached/, () => undefined],
    ['answers no version', 'invalid_answer', /makes no sense/, (response) => response.end('<html>')],
  ])('%s: %s', async (_, failure, sentence, answer) => {
    const port = await serve((_request, response) => answer(response));
    const member = memberAt(port, { timeout: 300 });
    const call = failure === 'invalid_answer' ? member.probe() : member.zoneExists(zoneName('a.example'));
    await expect(call).rejects.toMatchObject({ failure, message: expect.stringMatching(sentence) as string });
    await expect(call).rejects.not.toThrow('the-secret-token');
  });

  test.each([
    ['in an answer of failure', 500, 'not understood: Authorization: whm root:the-secret-token'],
    ['as the name of a zone that it refuses', 200, 'a.example => refused: whm root:the-secret-token is wrong'],
    ['at great length', 500, `${'the-secret-token'.repeat(10_000)}end`],
    ['where it should say a version', 200, '{"version":"the-secret-token"}'],
  ])('says our token back to us (%s): it is in nothing that anybody reads', async (_, status, said) => {
    let calls = 0;
    const port = await serve((request, response) => {
      request.resume();
      response.setHeader('x-dns-cluster', '0.1.0');
      const first = said.startsWith('a.example') && calls++ === 0;
      response.writeHead(status).end(first ? '{"version":"11.82.0.1"}' : `${said}\n`);
    });
    const read = await memberAt(port)
      .push([upsert('a.example')])
      .catch((error: unknown) => error as Error);
    const told = inspect(read, { depth: 10 });
    expect(told).toMatch(/refused|invalid_answer/);
    expect(told).not.toContain('the-secret-token');
    expect(told.length).toBeLessThan(3_000);
  });

  test.each([
    ['as it should be', '11.82.0.1', '11.82.0.1'],
    ['with a line end', '11.110.0.5\n', '11.110.0.5'],
    ['with markup behind it', '11.110.0.5<script>', '11.110.0.5'],
    ['of great length', `11.110.0.${'5'.repeat(10_000)}`, '11.110.0.555555'],
  ])('announces a version %s: what is one is kept', async (_, version, kept) => {
    const port = await serve((request, response) =>
      response.end(request.url?.includes('version') === true ? JSON.stringify({ version }) : 'ns1.example.net\n'),
    );
    await expect(memberAt(port).probe()).resolves.toMatchObject({ version: kept, hostname: 'ns1.example.net' });
  });

  test('says that its nameserver signs zones by itself: they are known, as far as they are zone names', async () => {
    const said = { version: '11.82.0.1', signed_zones: ['a.example', '<b>', 'b.example'] };
    const port = await serve((request, response) =>
      response.end(request.url?.includes('version') === true ? JSON.stringify(said) : 'ns1.example.net\n'),
    );
    await expect(memberAt(port).probe()).resolves.toMatchObject({ signedZones: ['a.example', 'b.example'] });
  });

  test.each(['null', '[]', '{"version":11}', '{"version":"11"}', '{"version":"a11.1.1"}', '', '{', '"11.82.0.1"'])(
    'announces no version, but %j: invalid_answer',
    async (said) => {
      const port = await serve((_request, response) => response.end(said));
      await expect(memberAt(port).probe()).rejects.toMatchObject({ failure: 'invalid_answer' });
    },
  );

  test.each(['', 'a b', '<b>', 'x'.repeat(300), 'ns1\r\nns2'])(
    'says that its host name is %j: invalid_answer',
    async (said) => {
      const port = await serve((request, response) =>
        response.end(request.url?.includes('version') === true ? '{"version":"11.82.0.1"}' : said),
      );
      await expect(memberAt(port).probe()).rejects.toMatchObject({ failure: 'invalid_answer' });
    },
  );

  test('sends another way: nobody goes there, for a GET as for a POST', async () => {
    let followed = 0;
    const elsewhere = await serve((_, response) => {
      followed++;
      response.end('1');
    });
    for (const status of [301, 302, 303, 307, 308]) {
      const location = `https://127.0.0.1:${elsewhere}/`;
      const port = await serve((_, response) => response.writeHead(status, { location }).end());
      const member = memberAt(port);
      await expect(member.zoneExists(zoneName('a.example'))).rejects.toThrow(`HTTP ${status}`);
      await expect(member.zoneList()).rejects.toThrow(`HTTP ${status}`);
    }
    expect(followed).toBe(0);
  });

  test('takes nothing of a large push: it is given up in time', async () => {
    const port = await serve((request, response) => {
      if (request.method === 'GET') response.end('{"version":"11.82.0.1"}');
      else request.pause();
    });
    const large = { ...upsert('a.example'), text: Buffer.alloc(20 * 1024 * 1024, 0x3b) } as MemberChange;
    const start = performance.now();
    await expect(memberAt(port, { timeout: 500 }).push([large])).rejects.toMatchObject({ failure: 'unreachable' });
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  test('sends endless octets: it is cut off', async () => {
    const port = await serve((_, response) => {
      const chunk = Buffer.alloc(1024 * 1024);
      const more = (): void => {
        while (!response.destroyed && response.write(chunk)) continue;
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    await expect(memberAt(port).zoneExists(zoneName('a.example'))).rejects.toMatchObject({ failure: 'invalid_answer' });
  });

  test('sends an octet now and then for ever: it is cut off when the whole answer took too long', async () => {
    const port = await serve((_, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write('x'), 50);
      response.on('close', () => clearInterval(drip));
    });
    const start = performance.now();
    await expect(memberAt(port, { timeout: 500 }).zoneExists(zoneName('a.example'))).rejects.toMatchObject({
      failure: 'unreachable',
      message: expect.stringContaining('no whole answer within 0.5 s') as string,
    });
    expect(performance.now() - start).toBeLessThan(3_000);
  });

  test.each([
    ['gzip that is none', Buffer.from([0x1f, 0x8b, 1, 2, 3])],
    ['gzip that swells beyond measure', Buffer.concat(Array(5).fill(gzipSync(Buffer.alloc(32 * 1024 * 1024))))],
  ])('answers with %s: invalid_answer', async (_, body) => {
    const port = await serve((_request, response) => response.end(body));
    await expect(memberAt(port).zones([zoneName('a.example')])).rejects.toMatchObject({ failure: 'invalid_answer' });
  });

  test.each<[string, 'zoneList' | 'zones' | 'probe' | 'zoneExists' | 'push', string]>([
    ['a list of nothing but line ends', 'zoneList', '\n'.repeat(2_000_000)],
    ['a list of a million zones', 'zoneList', Array.from({ length: 1_000_000 }, (_, i) => `z${i}.example`).join('\n')],
    ['a bundle of nothing but separators', 'zones', '&'.repeat(1_000_000)],
    ['a bundle of pairs that nobody asked for', 'zones', 'a=&'.repeat(1_000_000)],
    ['a version of a mebibyte', 'probe', JSON.stringify({ version: '11.82.0.1', more: 'x'.repeat(1024 * 1024) })],
    ['a mebibyte where a digit is asked for', 'zoneExists', '1'.repeat(1024 * 1024)],
    ['two mebibytes of what became of one zone', 'push', 'a.example => deleted from x.\n'.repeat(80_000)],
  ])('answers with %s: it is not read to its end', async (_, call, said) => {
    const port = await serve((request, response) => {
      request.resume();
      response.setHeader('x-dns-cluster', '0.1.0');
      const isFirst = call !== 'probe' && request.url?.includes('version') === true;
      const isName = request.url?.includes('gethostname') === true;
      response.end(isFirst ? '{"version":"11.82.0.1"}' : isName ? 'ns1.example.net' : said);
    });
    const member = memberAt(port);
    const name = zoneName('a.example');
    const calls = {
      zoneList: () => member.zoneList(),
      zones: () => member.zones([name]),
      probe: () => member.probe(),
      zoneExists: () => member.zoneExists(name),
      push: () => member.push([{ kind: 'remove', name }]),
    } as const;
    await expect(calls[call]()).rejects.toMatchObject({ failure: 'invalid_answer' });
  });

  test.each([
    ['a name that a terminal obeys', 'a.example => kept for \u001b[2J\u001b[31mall is well.'],
    ['a name without end', `a.example => kept for ${'x'.repeat(2_000)}.`],
    ['a serial above the largest', `a.example => saved, serial 4294967296, digest ${'0'.repeat(64)}`],
  ])('says what became of a zone with %s: invalid_answer', async (_, said) => {
    const port = await serve((request, response) => {
      request.resume();
      response.setHeader('x-dns-cluster', '0.1.0');
      response.end(request.url?.includes('version') === true ? '{"version":"11.82.0.1"}' : `${said}\n`);
    });
    const change = said.includes('saved')
      ? upsert('a.example')
      : ({ kind: 'remove', name: zoneName('a.example') } as const);
    await expect(memberAt(port).push([change])).rejects.toMatchObject({ failure: 'invalid_answer' });
  });

  test('lists digests with serials and servers that are none: they are passed over', async () => {
    const digest = 'ab'.repeat(32);
    const lines = [`4294967296 ${digest} ns1`, `7 ${digest} \u001b[2J`, `7 ${digest} <b>`, `7 ${digest} ns1`];
    const port = await serve((request, response) => {
      request.resume();
      response.setHeader('x-dns-cluster', '0.1.0');
      const said = lines.map((line, i) => `z${i}.example ${line}\n`).join('');
      response.end(request.url?.includes('digests') === true ? said : '{"version":"11.82.0.1"}');
    });
    const member = memberAt(port);
    await member.push([]);
    await expect(member.digests?.ofZones([zoneName('z3.example')])).resolves.toEqual([
      { name: 'z3.example', serial: 7, digest, server: 'ns1' },
    ]);
  });

  test('is asked for trust and answers with brackets that are never closed: the answer is read in no time', async () => {
    const port = await serve((request, response) => {
      request.resume();
      response.end('<'.repeat(1024 * 1024));
    });
    const request = { user: 'root', address: '127.0.0.1', token: 'another-token' };
    await expect(memberAt(port).requestTrust(request)).resolves.toMatchObject({ established: false });
  });

  test('lists names that are none: they are passed over', async () => {
    const port = await serve((request, response) => {
      if (request.url?.includes('getzonelist') === true)
        response.end('a.example.db\n.b.example.swp\n..\n../etc\n\nc d\nb.example');
      else response.end('cpdnszone-../x=a&cpdnszone-a.example=text&cpdnszone-b.example=&cpdnskey1-a.example=k&');
    });
    await expect(memberAt(port).zoneList()).resolves.toEqual(['a.example', 'b.example']);
    const zones = await memberAt(port).zones([zoneName('a.example')]);
    expect([...zones]).toEqual([['a.example', Buffer.from('text')]]);
  });

  test.each([
    ['says nothing of one zone', 'a.example => saved, serial 1, digest ' + '0'.repeat(64)],
    ['says nothing that is understood', 'OK'],
    ['says that it removed what it was to save', 'a.example => deleted from x.\nb.example => deleted from x.'],
  ])('is a node of this software and %s: invalid_answer', async (_, said) => {
    const port = await serve((request, response) => {
      request.resume();
      response.setHeader('x-dns-cluster', '0.1.0');
      response.end(request.url?.includes('version') === true ? '{"version":"11.82.0.1"}' : `${said}\n`);
    });
    await expect(memberAt(port).push([upsert('a.example'), upsert('b.example')])).rejects.toMatchObject({
      failure: 'invalid_answer',
    });
  });

  test('breaks the connection before it answers: the call goes once more, as the same one, and no third time', async () => {
    const bodies: string[] = [];
    let breaks = 1;
    const port = await serve((request, response) => {
      void text(request).then((body) => {
        if (request.method === 'POST') bodies.push(body);
        if (request.method === 'POST' && breaks-- > 0) request.socket.destroy();
        else response.end(request.url?.includes('version') === true ? '{"version":"11.82.0.1"}' : '1');
      });
    });
    const member = memberAt(port);
    await expect(member.zoneExists(zoneName('a.example'))).resolves.toBe(true);
    expect(bodies).toHaveLength(2);
    expect(bodies[0]).toBe(bodies[1]);
    breaks = Infinity;
    await expect(member.zoneExists(zoneName('a.example'))).rejects.toMatchObject({ failure: 'unreachable' });
    expect(bodies).toHaveLength(4);
  });

  test('is busy with four pushes: a look whether it lives does not wait for them', async () => {
    const held: ServerResponse[] = [];
    const port = await serve((request, response) => {
      request.resume();
      if (request.method === 'POST') held.push(response);
      else response.end(request.url?.includes('version') === true ? '{"version":"11.82.0.1"}' : 'ns1.example.net');
    });
    const member = memberAt(port);
    const pushes = Array.from({ length: 4 }, () => member.zoneExists(zoneName('a.example')));
    await vi.waitFor(() => expect(held).toHaveLength(4));
    await expect(member.probe()).resolves.toMatchObject({ hostname: 'ns1.example.net' });
    for (const response of held) response.end('0');
    expect(await Promise.all(pushes)).toEqual([false, false, false, false]);
  });

  test("is not there: unreachable, with the system's reason", async () => {
    const port = await serve(() => undefined);
    const [gone] = servers.splice(0);
    await new Promise((resolve) => gone?.close(resolve));
    await expect(memberAt(port).probe()).rejects.toMatchObject({
      failure: 'unreachable',
      message: expect.stringContaining('ECONNREFUSED') as string,
    });
    await expect(shownCertificate('127.0.0.1', port)).rejects.toMatchObject({ failure: 'unreachable' });
  });
});
