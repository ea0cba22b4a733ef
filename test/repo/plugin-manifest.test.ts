import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { pluginManifestSchema, readPluginManifest } from '../../src/host/plugin-manifest.js';

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
