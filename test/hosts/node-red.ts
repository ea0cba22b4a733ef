import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Host } from './host.js';
import type { Visitor } from './visitor.js';

const NAME = 'node-red-contrib-dns-cluster';

/** As its editor gets it. */
async function tokenOf(visitor: Visitor, username: string, password: string): Promise<string> {
  const login = { client_id: 'node-red-editor', grant_type: 'password', scope: '', username, password };
  const { status, text } = await visitor.form('/auth/token', login);
  if (status !== 200) throw new Error(`the login answered ${status} ${text}`);
  return (JSON.parse(text) as { access_token: string }).access_token;
}

export const NODE_RED: Host = {
  name: 'Node-RED 4.1',
  wanted: { dependencies: { 'node-red': '~4.1.8' } },
  panel: /<span class="panel">Node-RED<\/span>/,
  root: 'admin',
  url: ({ port }) => `http://127.0.0.1:${port}`,
  apiUrl: ({ apiPort }) => `https://127.0.0.1:${apiPort}`,
  data: 'data/dns-cluster',
  async prepare({ folder, port, apiPort, dnsPort, password }) {
    await cp('examples/hosts/node-red', join(folder, 'node_modules', NAME), { recursive: true });
    await mkdir(join(folder, 'data'));
    const settings = {
      ...{ uiHost: '127.0.0.1', uiPort: port, flowFile: 'flows.json', credentialSecret: 'of a test' },
      ...{ telemetry: { enabled: false }, editorTheme: { tours: false } },
      externalModules: { palette: { allowInstall: false } },
      dnsCluster: {
        folder: join(folder, 'data/dns-cluster'),
        hostname: 'node-red.example.net',
        nameserver: { kind: 'embedded', host: '127.0.0.1', port: dnsPort },
        apiListener: { host: '127.0.0.1', port: apiPort },
      },
    };
    const users = { admin: '*', alice: ['read', 'clustering.write'], bob: 'read' };
    await writeFile(
      join(folder, 'settings.js'),
      `const password = require('bcryptjs').hashSync(process.env.PANEL_PASSWORD, 4);
       const users = Object.entries(${JSON.stringify(users)}).map(([username, permissions]) => ({ username, password, permissions }));
       module.exports = { ...${JSON.stringify(settings)}, adminAuth: { type: 'credentials', users } };`,
    );
    const args = ['node_modules/node-red/red.js', '--settings', 'settings.js', '--userDir', 'data'];
    return { args, env: { PANEL_PASSWORD: password } };
  },
  async logIn(visitor, user, password) {
    visitor.bearer = await tokenOf(visitor, user, password);
    const { status } = await visitor.send('POST', '/clusters/dns-login');
    // From then on by the cookie; one who may not use it gets none, and has the token alone.
    if (status === 204) visitor.bearer = undefined;
  },
  refusal: { status: 303, location: '/' },
  hostToken: tokenOf,
  whoami: '/settings',
  own: [
    { what: 'editor', ask: (v) => v.get('/'), status: 200, text: /<title>Node-RED<\/title>/ },
    { what: '404', ask: (v) => v.get('/nothing'), status: 404, text: /Cannot GET \/nothing/ },
    { what: 'login', ask: (v) => v.get('/auth/login'), status: 200, text: /"type":"credentials"/ },
    { what: 'refusal of who has no token', ask: (v) => v.get('/flows'), status: 401, text: /^Unauthorized$/ },
    {
      what: 'refusal of a broken body',
      ask: (v) => v.send('POST', '/auth/token', { body: '{', type: 'application/json' }),
      status: 400,
      text: /SyntaxError/,
    },
  ],
  async signIn(page, user, password) {
    await page.goto('/');
    await page.locator('#node-dialog-login-username').fill(user);
    await page.locator('#node-dialog-login-password').fill(password);
    await page.locator('#node-dialog-login-submit').click();
    await page.locator('#red-ui-header-button-sidemenu').waitFor();
    await page.locator('#red-ui-loading-progress').waitFor({ state: 'hidden' });
  },
  async openMenu(page) {
    await page.locator('#red-ui-header-button-sidemenu').click();
    await page.getByText('Keyboard shortcuts').waitFor();
    const group = page.locator('#menu-item-clusters');
    if (await group.isVisible()) await group.hover();
  },
};
