import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import supertest from 'supertest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PRIVILEGES } from '../../src/access/privileges.js';
import { TokenStore } from '../../src/access/tokens.js';
import { pluginManifestSchema, readPluginManifest } from '../../src/host/plugin-manifest.js';
import { createLog } from '../../src/operations/log.js';
import * as entry from '../../src/plugin.js';
import { createApi } from '../../src/web/api.js';
import { loneCluster } from '../cluster/lone-cluster.js';
import { startPages, type PagesServer } from '../web/pages-server.js';

const root = new URL('../../', import.meta.url);
const packageJson = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
  version: string;
  engines: { node: string };
  exports: { '.': { default: string } };
  files: string[];
};
const manifest = readPluginManifest();

describe('plugin.json', () => {
  test('says the same version, engine and entry as package.json', () => {
    expect(manifest.version).toBe(packageJson.version);
    expect(manifest.engines.node).toBe(packageJson.engines.node);
    expect(manifest.entry).toBe(packageJson.exports['.'].default);
  });

  test('names only folders that exist and are published', () => {
    for (const folder of [manifest.views, manifest.assets, manifest.templates]) {
      expect(existsSync(new URL(folder, root)), folder).toBe(true);
      expect(packageJson.files).toContain(folder.slice(2));
    }
    expect(packageJson.files).toContain('plugin.json');
  });

  test('puts DNS Cluster into the menu Clusters', () => {
    expect(manifest.menu).toMatchObject({ group: 'Clusters', label: 'DNS Cluster', privilege: 'clustering' });
  });
});

describe('what plugin.json says of the code is so:', () => {
  const { lifecycle, menu, mounts, privileges } = manifest;
  let server: PagesServer;
  beforeAll(async () => {
    // The pages in the bare-bones panel, which puts them where the manifest says.
    server = await startPages();
  });
  afterAll(() => server.close());

  test('its hooks are there', () => {
    const create = (entry as unknown as Record<string, typeof entry.createPlugin>)[lifecycle.create];
    const plugin = create?.(
      { name: 'panel', identify: () => undefined, users: () => [] },
      { folder: 'unused', hostname: 'web', nameserver: { kind: 'embedded', host: '127.0.0.1', port: 0 } },
    ) as unknown as Record<string, unknown>;
    expect([typeof plugin[lifecycle.start], typeof plugin[lifecycle.stop]]).toEqual(['function', 'function']);
  });

  test.each([
    ['root', true],
    ['alice', true],
    ['bob', false],
  ])('%s has the menu item, and gets its page: %s', async (user, may) => {
    const { agent } = await server.browser(user);
    const home = await agent.get('/').expect(200);
    expect(home.text.includes(`href="${menu.path}"`)).toBe(may);
    expect(home.text.includes(menu.label)).toBe(may);
    const page = await agent.get(menu.path);
    expect(page.status).toBe(may ? 200 : 403);
    expect(page.text.includes('<h1>')).toBe(true);
  });

  test('the privileges that it brings are ones that the code knows', () => {
    const known = PRIVILEGES.map(({ name }) => name as string);
    expect(privileges.filter(({ name }) => !known.includes(name))).toEqual([]);
  });

  test('its API answers at all the paths that it names, and at no others', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'manifest-api-'));
    const log = createLog({ level: 'silent' });
    const tokens = await TokenStore.open(join(folder, 'tokens.json'), { log });
    const cluster = await loneCluster(folder);
    const api = createApi({ cluster, tokens, version: '0', log });
    const statuses = await Promise.all(mounts.api.map(async (path) => (await supertest(api).get(path)).status));
    expect(statuses.map((status, i) => (status === 404 ? mounts.api[i] : undefined)).filter(Boolean)).toEqual([]);
    const source = ['api.ts', 'monitoring.ts'].map((file) => readFileSync(new URL(`src/web/${file}`, root), 'utf8'));
    const served = [...source.join('').matchAll(/\.(?:use|get)\('(\/[\w-]+)'/g)].map(([, path]) => path ?? '');
    expect(served.length).toBeGreaterThan(4);
    const named = (path: string): boolean => mounts.api.some((given) => `${given}/`.startsWith(`${path}/`));
    expect(served.filter((path) => !named(path))).toEqual([]);
    await tokens.close();
    await cluster.stop();
    rmSync(folder, { recursive: true });
  });
});

describe('the schema', () => {
  const refusals: [string, object][] = [
    ['an unknown field', { surprise: 1 }],
    ['a folder outside the package', { views: './../views' }],
    ['an absolute folder', { assets: '/etc' }],
    ['a menu path where no pages are', { menu: { ...manifest.menu, path: '/elsewhere' } }],
    ['a menu privilege that nobody can have', { menu: { ...manifest.menu, privilege: 'unknown' } }],
    ['a version that is none', { version: 'latest' }],
  ];
  test.each(refusals)('refuses %s', (_what, change) => {
    expect(pluginManifestSchema.safeParse({ ...manifest, ...change }).success).toBe(false);
  });

  test('names the file and the field that is wrong', () => {
    const folder = mkdtempSync(join(tmpdir(), 'manifest-'));
    const file = join(folder, 'plugin.json');
    writeFileSync(file, JSON.stringify({ ...manifest, version: 'latest' }));
    expect(() => readPluginManifest(file)).toThrow(/plugin\.json is not a plugin manifest[^]*version/);
    rmSync(folder, { recursive: true });
  });
});
