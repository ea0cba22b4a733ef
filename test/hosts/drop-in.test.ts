import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parseName } from '../../src/dns/name.js';
import { DnsClient } from '../../src/dns/messages/query.js';
import { readPluginManifest } from '../../src/host/plugin-manifest.js';
import { demandFree } from '../../src/operations/ports.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { TestBrowser, WIDE } from '../browser/browser.js';
import { ClusterNode } from '../cluster/cluster-node.js';
import { ROOT } from '../cluster/zone-texts.js';
import { needs } from '../needs.js';
import { EXPRESS_4, EXPRESS_5 } from './express.js';
import type { Host } from './host.js';
import { HostProcess } from './host-process.js';
import { NODE_RED } from './node-red.js';
import { VERDACCIO } from './verdaccio.js';
import type { Answer, Visitor } from './visitor.js';

/** A host more is one line here, a file beside this one, and an adapter in examples/hosts. */
const HOSTS: readonly Host[] = [EXPRESS_4, EXPRESS_5, NODE_RED, VERDACCIO];

const { menu } = readPluginManifest();
const PAGES = menu.path;
const zoneText = (serial: number, more = ''): string =>
  `$TTL 300\n@ SOA ns1.example.net. hostmaster.example.net. ${serial} 3600 900 604800 300\n@ NS ns1.example.net.\n${more}`;
/** The form token on a page. */
const tokenOn = ({ text }: Answer): string => /name="_csrf" value="([^"]+)"/.exec(text)?.[1] ?? '';

describe.each(HOSTS)('DNS Cluster, dropped into $name:', (host) => {
  let running: HostProcess;
  let root: Visitor;
  let alice: Visitor;
  let bob: Visitor;
  beforeAll(async () => {
    running = await HostProcess.start(host);
    [root, alice, bob] = (await Promise.all([host.root, 'alice', 'bob'].map((user) => running.loggedIn(user)))) as [
      Visitor,
      Visitor,
      Visitor,
    ];
  }, 300_000);
  afterAll(() => running.end());

  const served = async (name: string): Promise<number | undefined> => {
    const client = new DnsClient({ host: '127.0.0.1', port: running.place.dnsPort }, { timeout: 2_000 });
    try {
      return await client.soaSerial(parseName(`${name}.`));
    } finally {
      client.close();
    }
  };
  const csrfOf = async (visitor: Visitor): Promise<string> => tokenOn(await visitor.get(`${PAGES}/zones/new`));
  /** As a person does on the page Create a zone. */
  const create = async (visitor: Visitor, name: string, text: string): Promise<Answer> =>
    visitor.form(`${PAGES}/zones/text`, { _csrf: await csrfOf(visitor), name, text });
  /**
   * Of a second login of root. Verdaccio's logins within the same second are one and the same: its tokens tell them
   * apart by the time.
   */
  const csrfOfOtherLogin = async (): Promise<string> => {
    const own = await csrfOf(root);
    return vi.waitFor(
      async () => {
        const other = await csrfOf(await running.loggedIn(host.root));
        if (other === own) throw new Error('both logins are one');
        return other;
      },
      { timeout: 10_000, interval: 500 },
    );
  };
  const apiToken = async (visitor: Visitor, name: string): Promise<string> => {
    const fields = { _csrf: await csrfOf(visitor), name, privilege: 'clustering' };
    const { text } = await visitor.form(`${PAGES}/tokens`, fields);
    return /id="secret"[^>]*>([^<]+)</.exec(text)?.[1] ?? '';
  };

  test('its page is where the menu item leads, and says whose panel it is and who is logged in', async () => {
    const { status, text } = await root.get(PAGES);
    expect(status).toBe(200);
    expect(text).toMatch(host.panel);
    expect(text).toContain(`Logged in as <strong>${host.root}</strong>`);
    const [, style = ''] = /rel="stylesheet" href="([^"]*style\.css)"/.exec(text) ?? [];
    expect(style).toBe(`${PAGES}/assets/style.css`);
    expect(await root.get(style)).toMatchObject({ status: 200, text: expect.stringContaining('{') as string });
  });

  test('who is not logged in is sent to the login of the host, and no form of theirs is taken', async () => {
    const { status, location } = await running.visitor().get(PAGES);
    expect({ status, location }).toEqual(host.refusal);
    expect((await running.visitor().form(`${PAGES}/zones/text`, { name: 'a.example' })).status).toBe(401);
  });

  test('a reseller without the privilege gets 403 on every page', async () => {
    for (const path of ['', '/zones', '/tokens', '/members/new', '/activity']) {
      expect((await bob.get(PAGES + path)).status, path).toBe(403);
    }
    expect((await bob.form(`${PAGES}/zones/text`, { name: 'a.example' })).status).toBe(403);
  });

  test('a zone that root or a reseller saves is answered by the nameserver', async () => {
    expect((await create(root, 'root.example', zoneText(5))).status).toBe(303);
    expect((await create(alice, 'alice.example', zoneText(6))).status).toBe(303);
    expect([await served('root.example'), await served('alice.example')]).toEqual([5, 6]);
  });

  test('a reseller sees and changes own zones only; root sees all', async () => {
    const [hers, all] = [await alice.get(`${PAGES}/zones`), await root.get(`${PAGES}/zones`)];
    expect(hers.text).toContain('alice.example');
    expect(hers.text).not.toContain('root.example');
    expect(all.text).toContain('alice.example');
    expect(all.text).toContain('root.example');
    expect([403, 404]).toContain((await alice.get(`${PAGES}/zone/root.example`)).status);
    const fields = { _csrf: await csrfOf(alice), text: zoneText(9), version: '' };
    expect([403, 404]).toContain((await alice.form(`${PAGES}/zone/root.example/text`, fields)).status);
    expect(await served('root.example')).toBe(5);
  });

  test('a zone file of a megabyte comes through whole', async () => {
    const records = Array.from({ length: 20_000 }, (_, i) => `a-long-enough-name-${i} A 192.0.2.1 ; a comment\n`).join(
      '',
    );
    expect((await create(root, 'large.example', zoneText(7, records))).status).toBe(303);
    expect(await served('large.example')).toBe(7);
  });

  test('a form without the token of this login, or from another site, changes nothing', async () => {
    const form = { name: 'forged.example', text: zoneText(1) };
    const refused = [
      await root.form(`${PAGES}/zones/text`, form),
      await root.form(`${PAGES}/zones/text`, { ...form, _csrf: await csrfOf(alice) }),
      await root.form(`${PAGES}/zones/text`, { ...form, _csrf: await csrfOfOtherLogin() }),
      await root.form(
        `${PAGES}/zones/text`,
        { ...form, _csrf: await csrfOf(root) },
        { 'sec-fetch-site': 'cross-site' },
      ),
      await root.form(
        `${PAGES}/zones/text`,
        { ...form, _csrf: await csrfOf(root) },
        { origin: 'https://evil.example' },
      ),
    ];
    expect(refused.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403]);
    expect(await served('forged.example')).toBeUndefined();
  });

  test("what is the host's stays the host's", async () => {
    const visitor = running.visitor();
    for (const { what, ask, status, text } of host.own) {
      const answer = await ask(visitor);
      expect(answer.status, what).toBe(status);
      expect(answer.text, what).toMatch(text);
    }
  });

  test('what is ours is ours: our own 404 and error pages, with nothing of the host around them', async () => {
    const [unknown, none] = [await root.get(`${PAGES}/nothing`), await root.get(`${PAGES}/zone/none.example`)];
    expect(unknown).toMatchObject({ status: 404, text: expect.stringContaining('There is no page at') as string });
    expect(none).toMatchObject({ status: 404, text: expect.stringContaining('none.example') as string });
    for (const { text } of [unknown, none]) expect(text).toContain(`href="${PAGES}/assets/style.css"`);
  });

  test("a token of ours is good for the API, and neither for the host nor for the pages; one of the host's is not good for the API", async () => {
    const ours = await apiToken(root, 'script');
    const theirs = await host.hostToken(running.visitor(), 'alice', running.place.password);
    const [api, whoami, pages] = [running.visitor(host.apiUrl(running.place)), running.visitor(), running.visitor()];
    const calls = ['/scripts2/showversion', '/json-api/listzones?api.version=1'];
    const statuses = async (token: string): Promise<number[]> => {
      api.bearer = token;
      return [(await api.get(calls[0] ?? '')).status, (await api.get(calls[1] ?? '')).status];
    };
    expect(await statuses(ours)).toEqual([200, 200]);
    expect(await statuses(theirs)).toEqual([401, 403]);
    whoami.bearer = theirs;
    expect((await whoami.get(host.whoami)).text).toContain('alice');
    whoami.bearer = ours;
    expect((await whoami.get(host.whoami)).text).not.toContain(host.root);
    pages.bearer = ours;
    expect([303, 401]).toContain((await pages.get(PAGES)).status);
  });

  test('a call of a cPanel server, which sends a large zone as a form, comes through whole', async () => {
    const api = running.visitor(host.apiUrl(running.place));
    api.bearer = await apiToken(root, 'cpanel');
    const more = Array.from({ length: 10_000 }, (_, i) => `name-${i} A 192.0.2.1 ; a comment\n`).join('');
    const call = { zone: 'called.example', zonedata: zoneText(4, more) };
    expect((await api.form('/scripts2/savezone_local', call)).status).toBe(200);
    expect(await served('called.example')).toBe(4);
  });

  test('a peer adds it as a member, by a token made on the page, and its zones are answered here', async () => {
    const { port } = new URL(host.apiUrl(running.place));
    const peer = await ClusterNode.start('peer');
    try {
      const address = { host: '127.0.0.1', port: Number(port), dnsPort: running.place.dnsPort };
      const access = { user: host.root, token: await apiToken(root, 'peer') };
      await peer.cluster.members.add({ ...address, ...access, role: 'write-only' }, ROOT);
      const big = Array.from({ length: 10_000 }, (_, i) => `host-${i} TXT "${'x'.repeat(100)}"\n`).join('');
      const { members } = await peer.cluster.saveZone(zoneName('peer.example'), Buffer.from(zoneText(8, big)), ROOT);
      expect(members).toMatchObject([{ state: 'served' }]);
      expect(await served('peer.example')).toBe(8);
    } finally {
      await peer.end();
    }
  });

  test.skipIf(!needs('chromium'))(
    'the menu of the host, in Chromium, has the item for who may use it, and it leads to the page',
    async () => {
      const browser = await TestBrowser.start(host.url(running.place));
      try {
        for (const [user, may] of [
          [host.root, true],
          ['bob', false],
        ] as const) {
          const page = await browser.window(undefined, WIDE);
          await host.signIn(page, user, running.place.password);
          await host.openMenu(page);
          const item = page.getByText(menu.label, { exact: true });
          if (may) {
            await item.waitFor({ state: 'visible' });
            browser.complaints.length = 0;
            await Promise.all([page.waitForURL(`**${PAGES}`), item.click()]);
            await page.getByText(`Logged in as ${user}`).waitFor();
            expect(await page.evaluate('getComputedStyle(document.body).fontFamily')).not.toBe('');
            expect(browser.complaints).toEqual([]);
          } else {
            expect(await item.isVisible()).toBe(false);
          }
          await page.context().close();
        }
      } finally {
        await browser.close();
      }
    },
  );

  test('when the host ends, the plugin ends with it, in order, and leaves no lock, socket or port', async () => {
    const how = await running.stop();
    expect([0, 'SIGTERM'], running.said).toContain(how);
    for (const left of ['lock', 'control/control.sock']) expect(existsSync(join(running.data, left)), left).toBe(false);
    const { port, apiPort, dnsPort } = running.place;
    for (const free of [port, apiPort, dnsPort]) await demandFree({ host: '127.0.0.1', port: free });
  });
});
