import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import selfsigned from 'selfsigned';
import request from 'supertest';
import { createLog } from '../../src/operations/log.js';
import { Notices } from '../../src/panel/notices.js';
import { createPanel, type Panel } from '../../src/panel/panel.js';
import { UserStore } from '../../src/panel/users.js';

export const PASSWORD = 'correct horse battery';

/**
 * A real panel behind TLS, with root, the reseller alice (who has the privilege) and the reseller bob (who has none).
 */
export interface PanelServer {
  panel: Panel;
  notices: Notices;
  users: UserStore;
  /** As `https://127.0.0.1:1234`. */
  url: string;
  /** A browser without cookies. */
  visitor(): InstanceType<typeof request.agent>;
  /** A browser that is logged in. */
  loggedIn(user: string): Promise<InstanceType<typeof request.agent>>;
  close(): Promise<void>;
}

export async function startPanel(name = 'web.example.net'): Promise<PanelServer> {
  const folder = mkdtempSync(join(tmpdir(), 'panel-'));
  const log = createLog({ level: 'silent' });
  const users = await UserStore.open(join(folder, 'users.json'), log);
  await users.add({ user: 'root', kind: 'root', privileges: ['all'] }, PASSWORD);
  await users.add({ user: 'alice', kind: 'reseller', privileges: ['clustering'] }, PASSWORD);
  await users.add({ user: 'bob', kind: 'reseller', privileges: [] }, PASSWORD);
  const notices = await Notices.open(join(folder, 'notices.json'), log);
  const panel = createPanel({ name, users, notices, secret: randomBytes(32), log });
  const { private: key, cert } = await selfsigned.generate([{ name: 'commonName', value: '127.0.0.1' }], {
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  });
  const server = createServer({ key, cert }, panel.app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const visitor = (): InstanceType<typeof request.agent> => request.agent(server, { ca: cert });
  return {
    panel,
    notices,
    users,
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    visitor,
    async loggedIn(user) {
      const agent = visitor();
      await agent.post('/login').type('form').send({ user, password: PASSWORD }).expect(303);
      return agent;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await users.close();
      await notices.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** The form token on a page. */
export function tokenOn(html: string): string {
  return /name="_csrf" value="([^"]+)"/.exec(html)?.[1] ?? '';
}
