import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { SELF } from '../../src/access/principal.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { hostingZones } from '../hosting-zones.js';
import { needs } from '../needs.js';
import { LOOKS, TestBrowser, WIDE, type Page } from './browser.js';
import { ClusterOfNodes, PASSWORD } from './cluster-of-nodes.js';

const ROOT = { user: 'root', password: PASSWORD };
const ALICE = { user: 'alice', password: PASSWORD };
const NAME = zoneName('customer-1.example');

describe.skipIf(!needs('chromium'))('the pages, in Chromium', () => {
  let nodes: ClusterOfNodes;
  let browser: TestBrowser;
  let base: string;
  beforeAll(async () => {
    nodes = await ClusterOfNodes.start('web', 'ns1', 'ns2');
    base = `${nodes.node('web').url}/clusters/dns`;
    browser = await TestBrowser.start(nodes.node('web').url);
    const zones = hostingZones(3).map(({ name, text }) => ({ name: zoneName(name), text: Buffer.from(text) }));
    await nodes.node('web').plugin.cluster.zones.saveMany(zones, SELF);
  });
  afterAll(async () => {
    await browser.close();
    await nodes.end();
  });
  afterEach(() => {
    expect(browser.complaints.splice(0)).toEqual([]);
  });

  const submit = async (page: Page, name: string | RegExp, within = 'body'): Promise<void> => {
    const button = page.locator(within).getByRole('button', { name, exact: true }).first();
    await Promise.all([page.waitForEvent('load'), button.click()]);
  };
  const follow = async (page: Page, name: string | RegExp): Promise<void> => {
    await Promise.all([page.waitForEvent('load'), page.getByRole('link', { name }).first().click()]);
  };
  /** A token on a nameserver, made as its operator makes it. */
  const tokenOn = async (node: string): Promise<string> => {
    const page = await browser.window(undefined, { width: 1280, scheme: 'light' });
    const { url } = nodes.node(node);
    await page.goto(`${url}/login`);
    await page.getByLabel('User').fill('root');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'Log out' }).waitFor();
    await page.goto(`${url}/clusters/dns/tokens`);
    await page.getByLabel('Name', { exact: true }).fill(`for-web-${Date.now()}`);
    await submit(page, 'Create');
    const secret = (await page.locator('#secret').textContent()) ?? '';
    await page.context().close();
    return secret;
  };
  const addServer = async (page: Page, node: string, role: string): Promise<void> => {
    await page.goto(`${base}/members/new`);
    await page.getByLabel('Host name or IP address').fill('127.0.0.1');
    await page.getByLabel('API port').fill(nodes.portOf(node));
    await page.getByLabel('DNS port').fill(String(nodes.dnsPorts.get(node)));
    await page.getByLabel('API token or remote access key').fill(await tokenOn(node));
    await page.getByRole('radio', { name: new RegExp(role) }).check();
    await submit(page, 'Submit');
    await expect(page.locator('code.secret').textContent()).resolves.toBe(nodes.node(node).fingerprint);
  };

  test('root forms a cluster: adds servers, accepts their certificates, asks their nameservers', async () => {
    const page = await browser.window(ROOT, WIDE);
    await follow(page, 'DNS Cluster');
    await browser.examine(page, 'cluster-empty');
    await addServer(page, 'ns1', 'Synchronize Changes');
    await browser.examine(page, 'member-accept');
    await submit(page, 'Accept and add the server');
    expect(await page.getByRole('status').textContent()).toContain('ns1 was added to the cluster');
    await expect.poll(() => nodes.node('ns1').plugin.cluster.listZones(SELF)).toHaveLength(3);
    await submit(page, 'Ask for its SOA');
    expect(await page.getByRole('status').last().textContent()).toContain('It answers with authority.');
    await browser.examine(page, 'member');
    await submit(page, 'Test the connection');
    expect(await page.getByRole('status').textContent()).toMatch(/ns1 answered within \d+ ms/);
    await addServer(page, 'ns2', 'Write-Only');
    await submit(page, 'Accept and add the server');
    // The same server a second time is refused, with the form as it was typed.
    await addServer(page, 'ns2', 'Write-Only');
    await submit(page, 'Accept and add the server');
    expect(await page.getByRole('alert').textContent()).toContain('ns2');
    expect(await page.getByLabel('API port').inputValue()).toBe(nodes.portOf('ns2'));
    browser.complaints.splice(0); // Chromium calls a page with status 409 an error.
    await page.context().close();
  });

  test.each(LOOKS)('every page at $width, $scheme: nothing that axe-core finds, nothing too wide', async (look) => {
    const page = await browser.window(ROOT, look);
    const [{ id } = { id: '' }] = nodes.node('web').plugin.cluster.members.list(SELF);
    const { cluster } = nodes.node('web').plugin;
    await cluster.members.edit(id, { debug: true }, SELF);
    await cluster.saveZone(
      NAME,
      Buffer.from(
        (await cluster.zones.text(NAME, SELF)).toString().replace(/^ftp.*$/m, `ftp A 192.0.2.${look.width % 250}`),
      ),
      SELF,
    );
    const [past] = await cluster.zones.history(NAME, SELF);
    for (const [path, name] of [
      ['', 'cluster'],
      ['/members/new', 'member-new'],
      ['/members/new?type=powerdns-api', 'member-new-powerdns'],
      [`/member/${id}`, 'member-debug'],
      [`/member/${id}/edit`, 'member-edit'],
      [`/member/${id}/certificate`, 'member-certificate'],
      [`/member/${id}/delete`, 'member-delete'],
      ['/synchronize', 'synchronize'],
      ['/zones', 'zones'],
      ['/zones/new', 'zone-new'],
      ['/zones/deleted', 'zones-deleted'],
      [`/zone/${NAME}`, 'zone'],
      [`/zone/${NAME}/records`, 'records'],
      [`/zone/${NAME}/record`, 'record'],
      [`/zone/${NAME}/history`, 'history'],
      [`/zone/${NAME}/version?time=${past?.time ?? ''}`, 'version'],
      [`/zone/${NAME}/delete`, 'zone-delete'],
      ['/tokens', 'tokens'],
      ['/activity', 'activity'],
      ['/drift', 'drift'],
      ['/notifications', 'notifications'],
      ['/users', 'users'],
      ['/users/remove?user=alice', 'user-remove'],
      [`/zone/${NAME}/take-over`, 'zone-take-over'],
    ] as const) {
      await page.goto(base + path);
      await browser.examine(page, name);
      expect(await browser.unreachable(page), name).toEqual([]);
    }
    await page.context().close();
  });

  test('a record is added, edited, removed and brought back, and dig would see it each time', async () => {
    const page = await browser.window(ROOT, WIDE);
    await page.goto(`${base}/zone/${NAME}/records`);
    await follow(page, 'Add a record');
    await page.getByLabel('Name', { exact: true }).fill('new');
    await page.getByLabel('Value').fill('not an address');
    await submit(page, 'Save');
    expect(await page.getByRole('alert').textContent()).toContain(
      'Parameter value is "not an address", which is not valid',
    );
    browser.complaints.splice(0);
    await page.getByLabel('Value').fill('192.0.2.77');
    await submit(page, 'Save');
    expect(await page.getByRole('status').textContent()).toContain('2 of 2 servers of the cluster serve it');
    expect((await nodes.node('ns2').plugin.cluster.zones.text(NAME, SELF)).toString()).toContain('192.0.2.77');
    await submit(page, 'Remove new A');
    expect(await page.getByText('192.0.2.77').count()).toBe(0);
    await follow(page, 'History');
    await follow(page, /^View version/);
    expect(await page.getByLabel('Difference').textContent()).toContain('+ new.customer-1.example.');
    await submit(page, 'Restore this version');
    await follow(page, 'Records');
    expect(await page.getByText('192.0.2.77').count()).toBe(1);
    await page.context().close();
  });

  test('a text with an error is refused with its line, and the cursor goes there', async () => {
    const page = await browser.window(ROOT, WIDE);
    await page.goto(`${base}/zone/${NAME}`);
    const area = page.getByLabel('Text of the zone file');
    const before = await area.inputValue();
    await area.fill(`${before}bad A 1.2.3\n`);
    await submit(page, 'Save');
    browser.complaints.splice(0);
    await page.getByRole('link', { name: /^Line \d+, column \d+/ }).click();
    expect(
      await page.evaluate(
        'document.activeElement.value.slice(document.activeElement.selectionStart, document.activeElement.selectionEnd)',
      ),
    ).toBe('1.2.3');
    expect((await nodes.node('web').plugin.cluster.zones.text(NAME, SELF)).toString()).not.toContain('1.2.3\n');
    await page.context().close();
  });

  test('a zone is created from a template, is on all servers, and is deleted everywhere', async () => {
    const page = await browser.window(ROOT, WIDE);
    await page.goto(`${base}/zones/new`);
    await page.locator('#name').fill('made.example');
    await page.getByLabel('IP address').fill('192.0.2.5');
    await page.getByLabel('First nameserver').fill('ns1.hosting.example');
    await page.getByLabel('Second nameserver').fill('ns2.hosting.example');
    await submit(page, /^Create/);
    expect(await page.getByRole('status').textContent()).toContain('made.example was created');
    await expect.poll(() => nodes.node('ns1').plugin.cluster.zones.get(zoneName('made.example'), SELF)).toBeDefined();
    await follow(page, 'Delete this zone');
    await submit(page, 'Delete');
    expect(await page.getByRole('status').textContent()).toContain('2 of 2 servers of the cluster deleted it');
    expect(nodes.node('ns2').plugin.cluster.zones.get(zoneName('made.example'), SELF)).toBeUndefined();
    await follow(page, 'Deleted zones');
    await submit(page, 'Restore made.example');
    expect(await page.getByRole('status').textContent()).toContain('2 of 2 servers of the cluster serve it');
    expect(nodes.node('ns2').plugin.cluster.zones.get(zoneName('made.example'), SELF)).toBeDefined();
    await page.context().close();
  });

  test.each([true, false])('synchronize: plan, run, result, download (with scripts: %s)', async (javaScript) => {
    await nodes
      .node('ns1')
      .plugin.cluster.saveZone(
        zoneName(`only-there-${javaScript}.example`),
        Buffer.from(hostingZones(1)[0]?.text ?? ''),
        SELF,
      );
    const page = await browser.window(ROOT, WIDE, javaScript);
    await page.goto(`${base}/synchronize`);
    await page.getByLabel(/Also zones that are not configured/).check();
    await submit(page, 'Show the plan');
    await page.getByText(`only-there-${javaScript}.example`).waitFor();
    if (javaScript) await browser.examine(page, 'synchronize-plan');
    await submit(page, 'Synchronize now');
    await page.getByRole('heading', { name: 'By zone and server' }).waitFor();
    if (javaScript) await browser.examine(page, 'synchronize-result');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download (CSV)' }).click(),
    ]);
    expect(readFileSync(await download.path(), 'utf8')).toContain(
      `only-there-${javaScript}.example,web,Newer copy taken`,
    );
    await page.context().close();
  });

  test('a token is created, copied, limited and revoked; clustering is turned off with a confirmation, and on', async () => {
    const page = await browser.window(ROOT, WIDE);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.goto(`${base}/tokens`);
    await page.getByLabel('Name', { exact: true }).fill('browser');
    await submit(page, 'Create');
    await page.getByRole('button', { name: 'Copy' }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(
      (await page.locator('#secret').textContent())?.trim(),
    );
    await follow(page, 'Edit the token browser of root');
    await page.getByLabel('Allowed addresses').fill('192.0.2.7');
    await submit(page, 'Save');
    await follow(page, 'Revoke the token browser of root');
    await browser.examine(page, 'token-revoke');
    await submit(page, 'Revoke');
    expect(await page.getByRole('status').textContent()).toContain('The token browser of root is revoked.');
    await submit(page, 'Allow remote access keys');
    await submit(page, /^Generate a new key/);
    expect(await page.locator('#access-key').textContent()).toMatch(/^([0-9a-f]{32}\n){29}$/);
    await submit(page, 'Turn remote access keys off');
    await page.goto(base);
    await page.getByLabel('Disable DNS clustering').check();
    await submit(page, 'Change', 'main');
    await browser.examine(page, 'clustering-off');
    await submit(page, 'Disable DNS clustering');
    expect(await page.getByRole('status').textContent()).toContain('no change is lost');
    await page.getByLabel('Enable DNS clustering').check();
    await submit(page, 'Change', 'main');
    await page.context().close();
  });

  test('a reseller has own zones and servers only; one without the privilege nothing; root can act for one', async () => {
    await nodes
      .node('web')
      .plugin.cluster.saveZone(zoneName('alice.example'), Buffer.from(hostingZones(1)[0]?.text ?? ''), {
        ...{ user: 'alice', kind: 'reseller', privileges: ['clustering'], via: { self: true } },
      });
    const alice = await browser.window(ALICE, WIDE);
    await alice.goto(`${base}/zones`);
    await browser.examine(alice, 'reseller-zones');
    expect(await alice.locator('th a.name').allTextContents()).toEqual(['alice.example']);
    await alice.goto(base);
    expect(await alice.getByText('ns1').count()).toBe(0);
    expect(await alice.getByText('Modify Cluster Status').count()).toBe(0);
    await alice.context().close();

    const bob = await browser.window({ user: 'bob', password: PASSWORD }, WIDE);
    expect(await bob.getByRole('link', { name: 'DNS Cluster' }).count()).toBe(0);
    expect((await bob.goto(base))?.status()).toBe(403);
    browser.complaints.splice(0);
    await bob.context().close();

    const root = await browser.window(ROOT, WIDE);
    await root.goto(`${base}/zones`);
    await root.getByLabel('Managing DNS Cluster as:').selectOption('alice');
    await submit(root, 'Change');
    await root.goto(`${base}/zones`);
    await browser.examine(root, 'managing-as');
    expect(await root.locator('th a.name').allTextContents()).toEqual(['alice.example']);
    await root.context().close();
  });

  test('a server is edited, disabled, enabled and deleted, each with what it means', async () => {
    const page = await browser.window(ROOT, WIDE);
    await page.goto(base);
    await submit(page, 'Disable ns2');
    expect(await page.getByRole('status').textContent()).toContain('Changes wait for it');
    await submit(page, 'Enable ns2');
    await page.getByLabel('DNS role of ns2', { exact: true }).selectOption('sync');
    await submit(page, 'Save the DNS role of ns2');
    expect(await page.getByRole('status').textContent()).toContain('Synchronize Changes');
    await follow(page, 'Edit ns2');
    await page.getByLabel('API token or remote access key').fill('wrong');
    await submit(page, 'Save');
    expect(await page.getByRole('alert').textContent()).toContain('refused the user or token');
    browser.complaints.splice(0);
    await page.goto(base);
    await follow(page, 'Delete ns2');
    await submit(page, 'Delete');
    expect(await page.getByRole('status').textContent()).toContain('The zones on it stay there');
    expect(nodes.node('ns2').plugin.cluster.listZones(SELF).length).toBeGreaterThan(2);
    await page.goto(`${base}/activity?search=ns2`);
    await page.context().close();
  });
});
