import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pluginManifestSchema } from '../../src/host/plugin-manifest.js';
import { installedPackage } from './installation.js';
import { packedPackage } from './packed.js';
import { runToEnd } from './run-to-end.js';

const own = JSON.parse(await readFile('package.json', 'utf8')) as {
  version: string;
  files: string[];
  devDependencies: Record<string, string>;
};
const { '@types/node': nodeTypes = '', '@types/express': expressTypes = '' } = own.devDependencies;

let files: string[];
let folder = '';
beforeAll(async () => {
  const listed = await runToEnd('tar', ['-tzf', await packedPackage()]);
  files = listed
    .trim()
    .split('\n')
    .map((file) => file.replace(/^package\//, ''));
  folder = await installedPackage({ dependencies: { '@types/node': nodeTypes, '@types/express': expressTypes } });
}, 300_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the package holds', () => {
  test('what a host, an operator and a reader need', () => {
    const needed = ['plugin.json', 'LICENSE', 'README.md', 'CHANGELOG.md', 'dist/plugin.js', 'dist/plugin.d.ts'];
    const below = ['views/', 'templates/zones/', 'src/nameservers/', 'public/', 'docs/', 'examples/'];
    expect(needed.filter((file) => !files.includes(file))).toEqual([]);
    expect(below.filter((place) => !files.some((file) => file.startsWith(place)))).toEqual([]);
  });

  test('all that package.json says, where this tree has it', () => {
    const said = own.files.filter((entry) => !entry.startsWith('!') && existsSync(entry));
    expect(said.filter((entry) => !files.some((file) => file === entry || file.startsWith(`${entry}/`)))).toEqual([]);
  });

  test('no tests, no sources, no traces of a build', () => {
    // What differs between nameservers lies in their folders: a configuration, a page, and what the installer reads.
    const unwanted =
      /(^|\/)(test|tests|bench|src(?!\/nameservers\/[a-z]+\/[\w.-]+\.(conf|md|sh)$)|build)\/|\.test\.|(?<!\.d)\.ts$|\.map$|tsbuildinfo|(^|\/)\.(?!\/)|tsconfig|eslint|vitest/;
    expect(files.filter((file) => unwanted.test(file))).toEqual([]);
  });

  test('the hooks that its plugin.json names', async () => {
    const place = join(folder, 'node_modules/dns-cluster');
    const manifest = pluginManifestSchema.parse(JSON.parse(await readFile(join(place, 'plugin.json'), 'utf8')));
    expect(manifest.version).toBe(own.version);
    const script = `
      import(${JSON.stringify(join(place, manifest.entry))}).then((entry) => {
        const { create, ...hooks } = ${JSON.stringify(manifest.lifecycle)};
        const plugin = entry[create]({ name: 'host', identify: () => undefined, users: () => [] }, { folder: 'unused', hostname: 'web', nameserver: { kind: 'embedded', host: '127.0.0.1', port: 0 } });
        console.log(JSON.stringify(Object.values(hooks).map((hook) => typeof plugin[hook])));
      });`;
    expect(JSON.parse(await runToEnd('node', ['-e', script], { cwd: folder }))).toEqual(['function', 'function']);
    for (const place_ of [manifest.views, manifest.assets, manifest.templates]) {
      expect(existsSync(join(place, place_)), place_).toBe(true);
    }
  });
});

describe('the package, installed elsewhere,', () => {
  /** What a host does: mount, start, look at a page, save a zone, stop. Ends by itself, or not at all. */
  const life = `
    async function life(createPlugin, zoneName) {
      const user = { user: 'root', kind: 'root', privileges: ['all'], sessionId: '1' };
      const host = { name: 'host', identify: () => user, users: () => [user] };
      const nameserver = { kind: 'embedded', host: '127.0.0.1', port: 0 };
      const plugin = createPlugin(host, { folder: process.argv[2], hostname: 'web', nameserver });
      await plugin.start();
      const server = require('node:http').createServer(plugin.pages).listen(0, '127.0.0.1');
      await require('node:events').once(server, 'listening');
      const get = async (path) => {
        const answer = await fetch('http://127.0.0.1:' + server.address().port + path);
        return [answer.status, (await answer.text()).includes('DNS Cluster')];
      };
      const text = Buffer.from('$TTL 300\\n@ SOA ns. h. 1 2 3 4 5\\n@ NS ns.example.\\n');
      const principal = { ...user, via: { session: true } };
      const { local } = await plugin.cluster.saveZone(zoneName('a.example'), text, principal);
      console.log(JSON.stringify([await get('/'), await get('/assets/style.css'), local.state]));
      server.close();
      server.closeAllConnections();
      await plugin.stop();
    }`;
  const programs: [string, string, string][] = [
    [
      'CommonJS',
      'host.cjs',
      `const { createPlugin, zoneName } = require('dns-cluster'); ${life} life(createPlugin, zoneName);`,
    ],
    [
      'an ES module',
      'host.mjs',
      `import { createPlugin, zoneName } from 'dns-cluster'; import { createRequire } from 'node:module';
       const require = createRequire(import.meta.url); ${life} await life(createPlugin, zoneName);`,
    ],
  ];
  test.each(programs)('is a plugin in a program of %s, which ends by itself', async (_what, file, program) => {
    const data = join(folder, `data of ${file}`);
    await writeFile(join(folder, file), program);
    const output = await runToEnd('node', [file, data], { cwd: folder });
    expect(JSON.parse(output)).toEqual([[200, true], [200, false], 'served']);
    expect(await readdir(data)).not.toContain('lock');
  });

  test('is the program dnscluster', async () => {
    const help = await runToEnd('npx', ['--no-install', 'dnscluster', '--help'], { cwd: folder });
    expect(help).toMatch(/^Usage: dnscluster/);
    const zone = await readFile('examples/zones/example.com.zone');
    await writeFile(join(folder, 'example.com.zone'), zone);
    const check = ['--no-install', 'dnscluster', 'zones', 'check', 'example.com', 'example.com.zone'];
    expect(await runToEnd('npx', check, { cwd: folder })).toContain('example.com');
  });

  test('has types that hold with every check on, for Express and for node:http, in both kinds of module', async () => {
    const program = `
      import { createServer } from 'node:http';
      import express from 'express';
      import { createPlugin, ClusterError, zoneName, type HostPanel, type HostUser, type Plugin } from 'dns-cluster';

      const user: HostUser = { user: 'root', kind: 'root', privileges: ['all'], sessionId: '1' };
      const host: HostPanel = { name: 'panel', identify: (request) => (request.url === '/' ? user : undefined), users: () => [user] };
      const plugin: Plugin = createPlugin(host, {
        folder: 'data',
        hostname: 'web',
        nameserver: { kind: 'bind', host: '127.0.0.1', port: 53 },
        apiListener: { host: '0.0.0.0', port: 2087 },
      });
      export const app = express().use('/clusters/dns', plugin.pages).use(plugin.api);
      export const server = createServer(plugin.api);
      export const saved = async (): Promise<string> => {
        const { local } = await plugin.cluster.saveZone(zoneName('a.example'), Buffer.from(''), { ...user, via: { session: true } });
        return local.state;
      };
      // @ts-expect-error: what is wrong is seen.
      createPlugin(host, { folder: 'data', hostname: 5, nameserver: { kind: 'embedded', host: '127.0.0.1', port: 53 } });
      export const known = (error: unknown): number => (error instanceof ClusterError ? error.status : 500);
    `;
    const place = join(folder, 'types');
    await mkdir(place);
    await writeFile(join(place, 'host.mts'), program);
    await writeFile(
      join(place, 'host.cts'),
      program.replace("import express from 'express'", "import express = require('express')"),
    );
    const compilerOptions = {
      ...{ target: 'es2023', module: 'nodenext', strict: true, noEmit: true, skipLibCheck: false },
      ...{ exactOptionalPropertyTypes: true, types: ['node'] },
    };
    await writeFile(join(place, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
    const tsc = join(process.cwd(), 'node_modules/typescript/bin/tsc');
    await runToEnd('node', [tsc, '-p', place]);
  });
});
