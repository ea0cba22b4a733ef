import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import { SELF } from '../../src/access/principal.js';
import { TokenStore } from '../../src/access/tokens.js';
import type { Cluster } from '../../src/cluster/cluster.js';
import { readPluginManifest } from '../../src/host/plugin-manifest.js';
import { createLog } from '../../src/operations/log.js';
import { Notifications } from '../../src/notifications/notifications.js';
import { createPages } from '../../src/web/pages/pages.js';
import { scratchCluster, type LoneOptions } from '../cluster/lone-cluster.js';
import { startPanel, tokenOn, type PanelServer } from '../panel/panel-server.js';

export const BASE = '/clusters/dns';

/** A browser on the pages, logged in to a real panel. */
export interface Browser {
  get(path: string): Promise<Page>;
  /** Sends a form with this login's token, as the page that holds it would. */
  post(path: string, fields?: Readonly<Record<string, string | readonly string[]>>): Promise<Page>;
  agent: Awaited<ReturnType<PanelServer['loggedIn']>>;
}

export interface Page {
  status: number;
  html: string;
  /** Where it redirects to, below the mount point. */
  location: string;
}

export interface PagesServer {
  cluster: Cluster;
  notifications: Notifications;
  tokens: TokenStore;
  server: PanelServer;
  browser(user: string): Promise<Browser>;
  close(): Promise<void>;
}

/** The real panel with the real pages in it, before a cluster of one server. */
export async function startPages(options?: LoneOptions): Promise<PagesServer> {
  const { cluster, end } = await scratchCluster(options);
  const pages = await startPagesOf(cluster);
  const close = async (): Promise<void> => {
    await pages.close();
    await end();
  };
  return { ...pages, close };
}

/** The same before another cluster. */
export async function startPagesOf(cluster: Cluster): Promise<PagesServer> {
  const log = createLog({ level: 'silent' });
  const folder = mkdtempSync(join(tmpdir(), 'pages-'));
  const tokens = await TokenStore.open(join(folder, 'tokens.json'), { log });
  const server = await startPanel();
  const notifications = await Notifications.open(join(folder, 'notifications.json'), {
    ...{ from: 'web', host: () => undefined, log },
  });
  const pages = createPages({
    cluster,
    tokens,
    notifications,
    host: server.panel.host,
    version: '0.1.0',
    secret: randomBytes(32),
    log,
  });
  server.panel.mount(readPluginManifest(), { pages, api: express() });
  return {
    cluster,
    notifications,
    tokens,
    server,
    async browser(user) {
      const agent = await server.loggedIn(user);
      const csrf = tokenOn((await agent.get(`${BASE}/zones/new`)).text);
      const page = (response: { status: number; text: string; headers: object }): Page => ({
        status: response.status,
        html: response.text,
        location: ((response.headers as { location?: string }).location ?? '').replace(BASE, ''),
      });
      return {
        agent,
        get: async (path) => page(await agent.get(BASE + path)),
        post: async (path, fields = {}) =>
          page(
            await agent
              .post(BASE + path)
              .type('form')
              .send({ _csrf: csrf, ...fields }),
          ),
      };
    },
    async close() {
      await server.close();
      await tokens.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** A small good zone. */
export const ZONE = `$TTL 3600
@ IN SOA ns1.example.net. hostmaster.example.net. 2024010101 3600 900 604800 300
@ IN NS ns1.example.net.
@ IN NS ns2.example.net.
www IN A 192.0.2.1 ; the web server
`;

/** So that the next test begins with none. */
export async function removeZones(cluster: Cluster): Promise<void> {
  await cluster.zones.removeMany(
    cluster.zones.list(SELF).map(({ name }) => name),
    SELF,
  );
}
