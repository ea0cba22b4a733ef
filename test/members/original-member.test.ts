import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CpanelMember } from '../../src/members/cpanel/cpanel-member.js';
import type { MemberChange } from '../../src/members/member-backend.js';
import { createLog } from '../../src/operations/log.js';
import { ownCertificate } from '../../src/state/certificate.js';
import { TokenStore } from '../../src/access/tokens.js';
import { createApi } from '../../src/web/api.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { loneCluster } from '../cluster/lone-cluster.js';
import { zoneText } from '../web/wire-api.js';

const ID = '[A-Za-z0-9_]{30,60}';

interface Seen {
  call: string;
  body: string;
  type: string | undefined;
  authorization: string | undefined;
}

/**
 * A model of a cPanel & WHM server, as far as the reference of the wire says what it answers: each call with its text.
 */
let version: string;
let answers: Record<string, string>;
let seen: Seen[];
let server: Server;
let folder: string;
let member: CpanelMember;
let other: ReturnType<typeof createApi> | undefined;

beforeEach(async () => {
  version = '11.110.0.5';
  answers = {};
  seen = [];
  other = undefined;
  folder = mkdtempSync(join(tmpdir(), 'original-'));
  const { key, cert, fingerprint } = await ownCertificate(join(folder, 'tls'), 'ns1', ['127.0.0.1']);
  server = createServer({ key, cert }, (request, response) => {
    if (other !== undefined) {
      other(request, response);
      return;
    }
    void text(request).then((body) => {
      const call = request.url ?? '';
      seen.push({ call, body, type: request.headers['content-type'], authorization: request.headers.authorization });
      response.end(call === '/json-api/version?' ? JSON.stringify({ version }) : (answers[call.slice(10)] ?? 'ok\n'));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  member = new CpanelMember({
    host: '127.0.0.1',
    self: 'web.example.com',
    port,
    user: 'root',
    token: 'the-token',
    fingerprint,
  });
});
afterEach(async () => {
  await member.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

function upsert(name: string, isNew: boolean): MemberChange {
  return { kind: 'upsert', name: zoneName(name), text: Buffer.from('t T\n'), serial: 1, digest: '00', isNew };
}
const remove = (name: string): MemberChange => ({ kind: 'remove', name: zoneName(name) });
const calls = (): [string, string][] => seen.slice(1).map(({ call, body }) => [call, body]);
const body = (pattern: string): unknown => expect.stringMatching(new RegExp(`^${pattern}$`));

describe('a member that is a cPanel & WHM server', () => {
  test('is asked once who it is, with the header of current clients, and gets octet-streams', async () => {
    answers = { quickzoneadd_local: 'Zone a.example has been successfully added\n' };
    await member.push([upsert('a.example', true)]);
    await member.push([upsert('a.example', false)]);
    expect(seen.map(({ call }) => call)).toEqual([
      '/json-api/version?',
      '/scripts2/quickzoneadd_local',
      '/scripts2/savezone_local',
      '/scripts2/reloadbind_local',
    ]);
    expect(new Set(seen.map(({ authorization }) => authorization))).toEqual(new Set(['whm root:the-token']));
    expect(new Set(seen.slice(1).map(({ type }) => type))).toEqual(new Set(['application/octet-stream']));
  });

  test('gets one new zone by quickzoneadd', async () => {
    answers = { quickzoneadd_local: 'bind reloading\nZone a.example has been successfully added\n' };
    await expect(member.push([upsert('a.example', true)])).resolves.toEqual([{ name: 'a.example', outcome: 'done' }]);
    expect(calls()).toEqual([
      [
        '/scripts2/quickzoneadd_local',
        body(`zone=a\\.example&zonedata=t%20T%0A&hosts_seen=web\\.example\\.com&dnsuniqid=${ID}`),
      ],
    ]);
  });

  test('that does not say that it added the zone has refused it, in its own words', async () => {
    answers = { quickzoneadd_local: 'Sorry, a DNS entry for a.example already exists.\n' };
    await expect(member.push([upsert('a.example', true)])).resolves.toEqual([
      {
        name: 'a.example',
        outcome: 'refused',
        reason: '127.0.0.1 did not add a.example: Sorry, a DNS entry for a.example already exists.',
      },
    ]);
  });

  test('gets one edit by savezone and reloadbind', async () => {
    await expect(member.push([upsert('a.example', false)])).resolves.toMatchObject([{ outcome: 'done' }]);
    expect(calls()).toEqual([
      [
        '/scripts2/savezone_local',
        body(`zone=a\\.example&zonedata=t%20T%0A&hosts_seen=web\\.example\\.com&dnsuniqid=${ID}`),
      ],
      ['/scripts2/reloadbind_local', body(`zone=a\\.example&hosts_seen=web\\.example\\.com&dnsuniqid=${ID}`)],
    ]);
  });

  test('gets many as one bundle, and the call that loads them', async () => {
    const pushed = await member.push([upsert('a.example', true), upsert('b.example', false)]);
    expect(pushed.map(({ outcome }) => outcome)).toEqual(['done', 'done']);
    expect(calls()).toEqual([
      [
        '/scripts2/synczones_local',
        body(
          `cpdnszone-a\\.example=t%20T%0A&cpdnszone-b\\.example=t%20T%0A&hosts_seen=web\\.example\\.com&dnsuniqid=${ID}`,
        ),
      ],
      [
        '/scripts2/reloadzones_local',
        body(`zone=a\\.example%2Cb\\.example&hosts_seen=web\\.example\\.com&dnsuniqid=${ID}`),
      ],
    ]);
    expect(member.batch).toBe(512);
  });

  test.each([
    ['11.24.1', ['quickzoneadd_local', 'savezone_local', 'reloadbind_local']],
    ['10.99.9', ['quickzoneadd_local', 'savezone_local', 'reloadbind_local']],
    ['11.24.2.7', ['synczones_local', 'reloadzones_local']],
    ['12.0.0', ['synczones_local', 'reloadzones_local']],
  ])('of version %s gets many by %j', async (announced, expected) => {
    version = announced;
    answers = { quickzoneadd_local: 'Zone a.example has been successfully added\n' };
    await member.push([upsert('a.example', true), upsert('b.example', false)]);
    expect(calls().map(([call]) => call)).toEqual(expected.map((call) => `/scripts2/${call}`));
  });

  test('removes one zone, and many, by their calls', async () => {
    answers = { removezone_local: 'a.example => deleted from ns1.\n' };
    await expect(member.push([remove('a.example')])).resolves.toEqual([{ name: 'a.example', outcome: 'done' }]);
    const two = await member.push([remove('a.example'), remove('b.example')]);
    expect(two.map(({ outcome }) => outcome)).toEqual(['done', 'done']);
    expect(calls()).toEqual([
      ['/scripts2/removezone_local', body(`zone=a\\.example&hosts_seen=web\\.example\\.com&dnsuniqid=${ID}`)],
      [
        '/scripts2/removezones_local',
        body(`zones=a\\.example%2Cb\\.example&hosts_seen=web\\.example\\.com&dnsuniqid=${ID}`),
      ],
    ]);
  });

  test('that could not remove all says so, and what it names as deleted is done', async () => {
    answers = { removezones_local: 'Unable to remove zone(s): b.example\na.example => deleted from ns1.\n' };
    await expect(member.push([remove('a.example'), remove('b.example')])).resolves.toEqual([
      { name: 'a.example', outcome: 'done' },
      {
        name: 'b.example',
        outcome: 'refused',
        reason: '127.0.0.1 answered: Unable to remove zone(s): b.example',
      },
    ]);
  });

  test('never gets the same dnsuniqid twice', async () => {
    for (let i = 0; i < 20; i++) await member.push([upsert('a.example', false)]);
    const ids = seen.flatMap((request) => /dnsuniqid=(\w+)/.exec(request.body)?.[1] ?? []);
    expect(ids).toHaveLength(40);
    expect(new Set(ids).size).toBe(40);
  });
});

test('an address that changes to this software, and back, is noticed', async () => {
  await member.push([upsert('a.example', false)]);
  const log = createLog({ level: 'silent' });
  const tokens = await TokenStore.open(join(folder, 'tokens.json'), { log });
  const cluster = await loneCluster(folder);
  const api = createApi({ cluster, tokens, version: '0.1.0', log });
  // The member goes on with its own token, which that node does not know.
  other = ((request, response) => {
    request.headers.authorization = `whm root:${secret}`;
    api(request, response);
  }) as typeof other;
  const { secret } = await tokens.create({ user: 'root', kind: 'root', name: 'web', privileges: ['all'] });
  const change = { ...upsert('a.example', false), text: Buffer.from(zoneText(5)) } as MemberChange;
  await member.push([change]);
  await expect(member.push([change])).resolves.toMatchObject([{ outcome: 'done', serial: 5 }]);
  expect(member.batch).toBeGreaterThan(512);
  other = undefined;
  await expect(member.push([change])).rejects.toMatchObject({ failure: 'invalid_answer' });
  await expect(member.push([change])).resolves.toMatchObject([{ outcome: 'done' }]);
  expect(member.batch).toBe(512);
  await tokens.close();
  await cluster.stop();
});
