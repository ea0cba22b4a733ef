import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { SELF } from '../../src/access/principal.js';
import type { MemberStatus } from '../../src/cluster/model/member-status.js';
import type { MemberType, MemberValues } from '../../src/members/member-type.js';
import { ClusterNode } from '../cluster/cluster-node.js';
import { memberRow } from './member-rows.js';
import { startPages, type Browser, type PagesServer } from './pages-server.js';

let given: MemberValues = {};
/** A service that takes everything. */
const CLOUD: MemberType = {
  type: 'cloud',
  label: 'Cloud DNS',
  fields: [
    { name: 'username', label: 'User name', type: 'text' },
    { name: 'apikey', label: 'API key', type: 'text', secret: true, help: 'From its page "Keys" <i>.' },
    { name: 'rules', label: 'Rules', type: 'bigtext', default: '' },
    { name: 'address', label: 'Address', type: 'ip', default: '192.0.2.1' },
    { name: 'fast', label: 'Fast', type: 'binary' },
    {
      name: 'ns',
      label: 'NS records',
      type: 'radio',
      default: 'a',
      options: [
        { value: 'a', label: 'A' },
        { value: 'b', label: 'B' },
      ],
    },
  ],
  create: (values) => {
    given = values;
    return {
      batch: 10,
      probe: () => Promise.resolve({ version: '1', hostname: 'cloud.example' }),
      zoneList: () => Promise.resolve([]),
      zones: () => Promise.resolve(new Map()),
      zoneExists: () => Promise.resolve(false),
      push: (changes) => Promise.resolve(changes.map(({ name }) => ({ name, outcome: 'done' }))),
      close: () => Promise.resolve(),
    };
  },
};

let pages: PagesServer;
let root: Browser;
let alice: Browser;
let ns1: ClusterNode;
beforeAll(async () => {
  ns1 = await ClusterNode.start('ns1.example.net');
  pages = await startPages({ memberTypes: [CLOUD] });
  [root, alice] = [await pages.browser('root'), await pages.browser('alice')];
});
afterAll(async () => {
  await pages.close();
  await ns1.end();
});
afterEach(async () => {
  vi.restoreAllMocks();
  for (const { id } of members()) await pages.cluster.members.remove(id, SELF);
});

const members = (): MemberStatus[] => pages.cluster.members.list(SELF);
const addMember = async (): Promise<MemberStatus> =>
  pages.cluster.members.add(await ns1.invitation('sync', SELF), SELF);
/** Shows these rows, whoever is a member. */
const show = (...rows: MemberStatus[]): unknown => vi.spyOn(pages.cluster.members, 'list').mockReturnValue(rows);

const TOKEN = 'SECRETTOKEN0123456789';
const form = { type: 'cpanel', host: 'ns1.example.net', user: 'root', token: TOKEN, role: 'sync' };

describe('adding a server', () => {
  test('takes the usual ports where they are empty, and shows the row', async () => {
    const fingerprint = Array<string>(32).fill('AB').join(':');
    const lookAt = vi.spyOn(pages.cluster.members, 'lookAt');
    const looked = { fingerprint, keyPin: 'a-pin', issuer: 'CN=ns1' };
    lookAt.mockImplementation((host, port = 2087) => Promise.resolve({ host, port, ...looked }));
    const added = memberRow({ id: 'm1', host: 'ns1.example.net' });
    const add = vi.spyOn(pages.cluster.members, 'add').mockResolvedValue(added);
    const shown = await root.post('/members', { ...form, port: '', dnsPort: '', fingerprint: '' });
    expect(shown.status).toBe(200);
    expect(shown.html).toContain('Is this ns1.example.net?');
    expect(shown.html).toMatch(/(AB:){31}AB/);
    expect(shown.html).not.toContain(TOKEN);
    expect(add).not.toHaveBeenCalled();
    const pending = /name="pending" value="([^"]+)"/.exec(shown.html)?.[1] ?? '';
    // Nobody else may accept it, and it is good once.
    expect((await alice.post('/members/accept', { pending })).status).toBe(409);
    const answer = await root.post('/members/accept', { pending });
    expect(answer.status).toBe(303);
    expect((await root.post('/members/accept', { pending })).status).toBe(409);
    expect(add).toHaveBeenCalledTimes(1);
    expect(add.mock.lastCall?.[0]).toMatchObject({
      ...{ host: 'ns1.example.net', port: 2087, dnsPort: 53 },
      ...{ role: 'sync', token: TOKEN, fingerprint },
    });
    show(added);
    const { html } = await root.get(answer.location);
    expect(html).toContain('ns1.example.net was added to the cluster as Synchronize Changes.');
    expect(html).toMatch(/fingerprint: (AB:){31}AB/);
    expect(html).not.toContain(TOKEN);
  });

  test.each([
    [{ port: '0' }, 'must be a number from 1 to 65535'],
    [{ port: '2087x' }, 'must be a number from 1 to 65535'],
    [{ dnsPort: '70000' }, 'must be a number from 1 to 65535'],
    [{ role: 'boss' }, 'Parameter role'],
    [{ type: 'other' }, 'There is no member type'],
    [{ host: 'x'.repeat(300) }, 'Parameter host'],
  ])('with %j is refused with a sentence; the form keeps the rest but not the token', async (wrong, sentence) => {
    const page = await root.post('/members', { ...form, user: 'someone', ...wrong });
    expect([400, 422]).toContain(page.status);
    expect(page.html).toContain(sentence);
    expect(page.html).toContain('value="someone"');
    expect(page.html).not.toContain(TOKEN);
    expect(members()).toEqual([]);
  });

  test('proves it, and shows the row that it has then', async () => {
    const { host, port, dnsPort, user, token } = await ns1.invitation('sync', SELF);
    const fields = { ...form, host, user, token, port: String(port), dnsPort: String(dnsPort), fingerprint: '' };
    const shown = await root.post('/members', fields);
    expect(shown.html).toContain(ns1.fingerprint);
    expect(members()).toEqual([]);
    const pending = /name="pending" value="([^"]+)"/.exec(shown.html)?.[1] ?? '';
    const answer = await root.post('/members/accept', { pending });
    expect(members()).toMatchObject([{ hostname: 'ns1.example.net', port, dnsPort, role: 'sync' }]);
    expect((await root.get(answer.location)).html).toContain('ns1.example.net was added to the cluster');
  });
});

describe('adding a member of another type', () => {
  test('the menu offers it, and its form has a control for each of its fields', async () => {
    expect((await root.get('/members/new')).html).toContain('<option value="cloud">Cloud DNS</option>');
    const { html } = await root.get('/members/new?type=cloud');
    expect(html).toContain('Cloud DNS Configuration');
    expect(html).toMatch(
      /<label for="field-username">User name<\/label>\s*<input id="field-username" name="username" value="" type="text"[^>]*required/,
    );
    expect(html).toMatch(/name="apikey" value="" type="password"[^>]*aria-describedby="field-apikey-hint"/);
    expect(html).toContain('&lt;i&gt;.');
    expect(html).toMatch(/<textarea id="field-rules"/);
    expect(html).toMatch(/name="address" value="192.0.2.1"/);
    expect(html).toMatch(/type="checkbox" name="fast" value="1">/);
    expect(html).toMatch(/type="radio" name="ns" value="a" checked>/);
  });

  test('what is given is passed on, and the row says its type', async () => {
    const fields = { type: 'cloud', role: 'write-only', username: 'ann', apikey: TOKEN, fast: '1', ns: 'b' };
    const answer = await root.post('/members', fields);
    expect(answer.status).toBe(303);
    expect(given).toMatchObject({ username: 'ann', apikey: TOKEN, fast: '1', ns: 'b', rules: '' });
    const { html } = await root.get(answer.location);
    expect(html).toContain('Cloud DNS');
    expect(html).not.toContain(TOKEN);
  });

  test('a refused form keeps what was given, but no secret', async () => {
    const { html } = await root.post('/members', { type: 'cloud', role: 'boss', username: 'ann', apikey: TOKEN });
    expect(html).toContain('value="ann"');
    expect(html).not.toContain(TOKEN);
  });
});

describe('a server', () => {
  let id: string;
  beforeEach(async () => {
    ({ id } = await addMember());
  });

  test('is shown with version, failures, zones in sync, and what waits since when', async () => {
    show(
      memberRow({
        id,
        state: 'failing',
        failures: 4,
        lastFailure: 'It does not answer.',
        zones: 2000,
        zonesInSync: 1950,
        pending: 50,
        pendingSince: new Date(Date.now() - 300_000).toISOString(),
      }),
    );
    const { html } = await root.get('');
    for (const text of ['Failing', '11.82.0.1', '4 of 10 failures in a row', 'It does not answer.', '1,950 of 2,000'])
      expect(html).toContain(text);
    expect(html).toMatch(/50 waiting, the oldest from <time datetime="[^"]+Z"[^>]*>5 minutes ago<\/time>/);
  });

  test('gets another DNS role, and the page says what that means', async () => {
    const answer = await root.post(`/member/${id}/role`, { role: 'write-only' });
    expect(members()[0]?.role).toBe('write-only');
    expect((await root.get(answer.location)).html).toContain('it is never asked');
    expect((await root.post(`/member/${id}/role`, { role: 'boss' })).status).toBe(400);
  });

  test('is disabled and enabled again', async () => {
    await root.post(`/member/${id}/disable`);
    expect(members()[0]?.state).toBe('disabled');
    expect((await root.get('')).html).toContain('aria-label="Enable ns1.example.net"');
    await root.post(`/member/${id}/enable`);
    await vi.waitFor(() => expect(members()[0]?.state).toBe('online'));
  });

  test('is deleted after a question that says what waits', async () => {
    const [row] = members();
    const shown = vi.spyOn(pages.cluster.members, 'list').mockReturnValue([memberRow({ ...row, pending: 50 })]);
    const question = await root.get(`/member/${id}/delete`);
    expect(question.html).toContain('50 zones are waiting to be sent to it.');
    shown.mockRestore();
    expect(members()).toHaveLength(1);
    const answer = await root.post(`/member/${id}/delete`);
    expect(members()).toEqual([]);
    expect((await root.get(answer.location)).html).toContain('was deleted from the cluster');
  });

  test('whose certificate is another one shows both, and the new one is accepted as it was looked at', async () => {
    const before = ns1.fingerprint;
    await ns1.renewCertificate();
    const now = ns1.fingerprint;
    expect(now).not.toBe(before);
    const shown = await root.get(`/member/${id}/certificate`);
    expect(shown.html).toContain(before);
    expect(shown.html).toContain(now);
    const answer = await root.post(`/member/${id}/certificate`, { fingerprint: now });
    expect(members()).toMatchObject([{ id, fingerprint: now }]);
    expect((await root.get(answer.location)).html).toContain('is accepted');
    expect((await alice.get(`/member/${id}/certificate`)).status).toBe(404);
  });

  test('whose certificate is the accepted one has nothing to accept', async () => {
    expect((await root.get(`/member/${id}/certificate`)).html).not.toContain('Accept the new');
  });

  test('of another type has no page for a certificate, and the answer says which page that is', async () => {
    show(memberRow({ id: 'm1', type: 'cloud' }));
    const { status, html } = await root.get('/member/m1/certificate');
    expect(status).toBe(404);
    expect(html).toContain('There is no page at /member/m1/certificate.');
  });

  test('of root is not there for a reseller', async () => {
    expect((await alice.get('')).html).not.toContain('ns1.example.net');
    for (const path of [`/member/${id}/delete`, `/member/${id}/disable`, `/member/${id}/enable`])
      expect((await alice.post(path)).status).toBe(404);
    expect((await alice.post(`/member/${id}/role`, { role: 'sync' })).status).toBe(404);
    expect(members()).toMatchObject([{ id, state: 'online', role: 'sync' }]);
  });
});

describe('the settings of the cluster', () => {
  test('clustering is turned off and on, with its consequence', async () => {
    const asked = await root.post('/clustering', { clustering: 'off' });
    expect(asked.html).toContain('Return to Cluster Status');
    expect(pages.cluster.settings.clustering).toBe(true);
    const off = await root.post('/clustering', { clustering: 'off', confirmed: '1' });
    expect(pages.cluster.settings.clustering).toBe(false);
    expect((await root.get(off.location)).html).toContain('no change is lost');
    await root.post('/clustering', { clustering: 'on' });
    expect(pages.cluster.settings.clustering).toBe(true);
  });

  test.each([
    [{ threshold: 'default', failureThreshold: '3' }, 10, 'disabled after 10 failed commands'],
    [{ threshold: 'custom', failureThreshold: '3', notify: '1' }, 3, 'Root is told when that happens'],
    [{ threshold: 'never', failureThreshold: '3' }, 0, 'All servers are kept in the cluster'],
  ])('the failure threshold: %j', async (fields, failures, sentence) => {
    const answer = await root.post('/options', fields);
    expect(pages.cluster.settings.values.failureThreshold).toBe(failures);
    expect(pages.cluster.settings.values.notifyDisabled).toBe('notify' in fields);
    expect((await root.get(answer.location)).html).toContain(sentence);
  });

  test.each(['-1', '0', '1.5', 'ten', '1001'])(
    'a threshold of %s is refused and changes nothing',
    async (failureThreshold) => {
      await pages.cluster.settings.change({ failureThreshold: 7 }, SELF);
      expect((await root.post('/options', { threshold: 'custom', failureThreshold })).status).toBe(400);
      expect(pages.cluster.settings.values.failureThreshold).toBe(7);
    },
  );

  test('say which requirements are not met', async () => {
    expect((await root.get('')).html).toMatch(/Not met<\/span> At least two servers: add one/);
    show(memberRow({ version: '11.20.1' }));
    const { html } = await root.get('');
    expect(html).toMatch(/Met<\/span> At least two servers: web\.example\.net and 1/);
    expect(html).toMatch(/Not met<\/span> Versions: ns1\.example\.net \(11\.20\.1\) should be updated/);
  });

  test('have a picture that says in words who sends to whom, and what is down', async () => {
    show(
      memberRow({ id: 'm1', role: 'sync' }),
      memberRow({ id: 'm2', hostname: 'ns2.example.net', role: 'write-only', state: 'failing' }),
      memberRow({ id: 'm3', hostname: 'web2.example.net', role: 'standalone' }),
    );
    const { html } = await root.get('');
    expect(html).toContain(
      'aria-label="web.example.net sends changes to ns1.example.net and reads from ns1.example.net; web.example.net sends changes to ns2.example.net, which is failing; web.example.net reads from web2.example.net"',
    );
  });

  test('are not offered to a reseller', async () => {
    const { html } = await alice.get('');
    expect(html).not.toContain('Modify Cluster Status');
    expect((await root.get('')).html).toContain('Modify Cluster Status');
  });
});

describe('one server', () => {
  let id: string;
  beforeEach(async () => {
    ({ id } = await addMember());
  });

  test('shows what its nameserver answers, and the line to ask the same', async () => {
    await root.post('/zones', {
      name: 'dig.example',
      template: 'standard',
      ip: '192.0.2.1',
      ns1: 'ns1.a.example',
      ns2: 'ns2.a.example',
    });
    const { html } = await root.post(`/member/${id}/dig`, { zone: 'dig.example' });
    expect(html).toMatch(/\$ dig @127\.0\.0\.1 (-p \d+ )?dig\.example SOA \+norecurse/);
    expect(html).toContain('It answers with authority.');
  });

  test('says how fast it answers, and shows its last calls in debug mode only', async () => {
    const answer = await root.post(`/member/${id}/test`);
    expect((await root.get(answer.location)).html).toMatch(/answered within \d+ ms/);
    vi.spyOn(pages.cluster.members, 'transactions').mockReturnValue([
      { time: new Date().toISOString(), call: 'GET /x', sent: 0, milliseconds: 1, answer: 'failed', said: 'HEARD' },
    ]);
    expect((await root.get(`/member/${id}`)).html).not.toContain('HEARD');
    await pages.cluster.members.edit(id, { debug: true }, SELF);
    expect((await root.get(`/member/${id}`)).html).toContain('HEARD');
  });

  test('says by which ways its nameserver is silent when it is tested', async () => {
    const silentNameserver = { over: ['TCP'] as const, why: 'nobody listens', since: '2026-11-23T11:58:00Z' };
    const { hostname, version } = members()[0] ?? memberRow({});
    vi.spyOn(pages.cluster.members, 'test').mockResolvedValue({ hostname, version, milliseconds: 5, silentNameserver });
    const answer = await root.post(`/member/${id}/test`);
    const { html } = await root.get(answer.location);
    expect(html).toMatch(/answered within \d+ ms/);
    expect(html).toContain('Its nameserver does not answer over TCP: nobody listens');
  });

  test('is edited: an empty token stays, and another address drops the pinned certificate', async () => {
    const shown = await root.get(`/member/${id}/edit`);
    expect(shown.html).toContain('value="127.0.0.1"');
    const fingerprint = /name="fingerprint" value="([^"]+)"/.exec(shown.html)?.[1] ?? '';
    const fields = {
      host: 'localhost',
      port: String(members()[0]?.port),
      dnsPort: String(members()[0]?.dnsPort),
      user: 'root',
      token: '',
      role: 'standalone',
      fingerprint,
    };
    const edit = vi.spyOn(pages.cluster.members, 'edit');
    const answer = await root.post(`/member/${id}/edit`, { ...fields, debug: '1' });
    expect(answer.status).toBe(303);
    expect(members()[0]).toMatchObject({ host: 'localhost', role: 'standalone', debug: true });
    expect(edit.mock.lastCall?.[1]).not.toHaveProperty('token');
    expect(edit.mock.lastCall?.[1]).not.toHaveProperty('fingerprint');
    await root.post(`/member/${id}/edit`, fields);
    expect(edit.mock.lastCall?.[1]).toMatchObject({ debug: false, fingerprint });
  });

  test('of root is not there for a reseller', async () => {
    for (const path of [`/member/${id}`, `/member/${id}/edit`]) expect((await alice.get(path)).status).toBe(404);
    for (const path of [`/member/${id}/edit`, `/member/${id}/test`]) expect((await alice.post(path)).status).toBe(404);
  });
});
