import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SELF } from '../../src/access/principal.js';
import { TokenStore } from '../../src/access/tokens.js';
import { CpanelMember, fetchFingerprint } from '../../src/members/cpanel-member.js';
import type { MemberChange } from '../../src/members/member-backend.js';
import { createLog } from '../../src/operations/log.js';
import { ownCertificate, type Certificate } from '../../src/panel/certificate.js';
import { createApi } from '../../src/web/api.js';
import { validateZone } from '../../src/zones/validation.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { MemoryCluster } from '../web/memory-cluster.js';

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
  let cluster: MemoryCluster;
  let tokens: TokenStore;
  let member: CpanelMember;
  beforeEach(async () => {
    tokens = await TokenStore.open(join(folder, 'tokens.json'), { log });
    const { secret } = await tokens.create({ user: 'root', kind: 'root', name: 'web', privileges: ['clustering'] });
    cluster = new MemoryCluster();
    member = memberAt(await serve(createApi({ cluster, tokens, version: '0.1.0', log })), { token: secret });
  });
  afterEach(() => tokens.close());

  test('says its version and host name', async () => {
    await expect(member.probe()).resolves.toEqual({ version: '11.82.0.1', hostname: 'web.example.net' });
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
    expect([...cluster.zones.keys()]).toEqual(['a.example']);
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
    expect(cluster.zone(zoneName('a.example'), SELF)?.serial).toBe(1);
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
    await expect(fetchFingerprint('127.0.0.1', port)).resolves.toBe(certificate.fingerprint);
  });

  test('of another server is refused before the token or anything else is sent', async () => {
    let requests = 0;
    const port = await serve((_, response) => {
      requests++;
      response.end('{"version":"11.82.0.1"}');
    });
    const pinned = Array.from({ length: 32 }, () => 'AA').join(':');
    await expect(memberAt(port, { fingerprint: pinned }).probe()).rejects.toMatchObject({
      failure: 'certificate_changed',
      message: expect.stringContaining(`Accepted: ${pinned}. Now: ${certificate.fingerprint}`) as string,
    });
    expect(requests).toBe(0);
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

  test("is not there: unreachable, with the system's reason", async () => {
    const port = await serve(() => undefined);
    const [gone] = servers.splice(0);
    await new Promise((resolve) => gone?.close(resolve));
    await expect(memberAt(port).probe()).rejects.toMatchObject({
      failure: 'unreachable',
      message: expect.stringContaining('ECONNREFUSED') as string,
    });
    await expect(fetchFingerprint('127.0.0.1', port)).rejects.toMatchObject({ failure: 'unreachable' });
  });
});

test('a member of the original gets one bundle as octets, then the call that loads it', async () => {
  const seen: { url: string | undefined; type: string | undefined; authorization: string | undefined; body: string }[] =
    [];
  const port = await serve((request, response) => {
    let body = '';
    request.setEncoding('latin1');
    request.on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      seen.push({
        url: request.url,
        type: request.headers['content-type'],
        authorization: request.headers.authorization,
        body,
      });
      response.end('ok\n');
    });
  });
  const pushed = await memberAt(port).push([upsert('a.example'), upsert('b.example')]);
  expect(pushed).toEqual([
    { name: 'a.example', outcome: 'done' },
    { name: 'b.example', outcome: 'done' },
  ]);
  expect(seen.map(({ url }) => url)).toEqual(['/scripts2/synczones_local', '/scripts2/reloadzones_local']);
  for (const { type, authorization } of seen) {
    expect([type, authorization]).toEqual(['application/octet-stream', 'whm root:the-secret-token']);
  }
  expect(seen[0]?.body).toMatch(
    /^cpdnszone-a\.example=%24TTL%2060%0A%40%20SOA.*&cpdnszone-b\.example=.*&dnsuniqid=[A-Za-z0-9_]{30,60}$/,
  );
  expect(seen[1]?.body).toMatch(/^zone=a\.example%2Cb\.example&dnsuniqid=/);
});
