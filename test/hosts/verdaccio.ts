import { createHash } from 'node:crypto';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Host } from './host.js';

const NAME = 'verdaccio-dns-cluster';

export const VERDACCIO: Host = {
  name: 'Verdaccio 6.8',
  wanted: {
    dependencies: { verdaccio: '~6.8.0' },
    // It asks for a dist-tag, which a mirror of the registry may lack; this is the version that it names.
    overrides: { 'node-fetch': '2.7.0' },
  },
  panel: /<span class="panel">Verdaccio<\/span>/,
  root: 'admin',
  url: ({ port }) => `http://127.0.0.1:${port}`,
  apiUrl: ({ apiPort }) => `https://127.0.0.1:${apiPort}`,
  data: 'data/dns-cluster',
  async prepare({ folder, port, apiPort, dnsPort, password }) {
    await cp('examples/hosts/verdaccio', join(folder, 'node_modules', NAME), { recursive: true });
    await mkdir(join(folder, 'data'));
    const hashed = createHash('sha1').update(password).digest('base64');
    const htpasswd = ['admin', 'alice', 'bob'].map((user) => `${user}:{SHA}${hashed}:autocreated\n`);
    await writeFile(join(folder, 'data/htpasswd'), htpasswd.join(''));
    // JSON is YAML.
    const config = {
      storage: join(folder, 'data/storage'),
      auth: { htpasswd: { file: join(folder, 'data/htpasswd'), max_users: -1 } },
      packages: { '**': { access: '$all', publish: '$authenticated' } },
      log: { type: 'stdout', format: 'pretty', level: 'warn' },
      web: { scriptsBodyAfter: ['<script src="/clusters/dns-menu.js"></script>'] },
      middlewares: {
        'dns-cluster': {
          ...{ root: ['admin'], resellers: ['alice'] },
          folder: join(folder, 'data/dns-cluster'),
          hostname: 'registry.example.net',
          nameserver: { kind: 'embedded', host: '127.0.0.1', port: dnsPort },
          apiListener: { host: '127.0.0.1', port: apiPort },
        },
      },
    };
    await writeFile(join(folder, 'config.yaml'), JSON.stringify(config, undefined, 2));
    const listen = `http://127.0.0.1:${port}`;
    return { args: ['node_modules/verdaccio/bin/verdaccio', '--config', 'config.yaml', '--listen', listen] };
  },
  async logIn(visitor, username, password) {
    const { status, text } = await visitor.json('/-/verdaccio/sec/login', { username, password });
    if (status !== 200) throw new Error(`the login answered ${status} ${text}`);
    visitor.bearer = (JSON.parse(text) as { token: string }).token;
    const given = await visitor.send('POST', '/clusters/dns-login');
    // From then on by the cookie; one who may not use it gets none, and has the token alone.
    if (given.status === 204) visitor.bearer = undefined;
  },
  refusal: { status: 303, location: '/' },
  /** As `npm login` gets it. */
  async hostToken(visitor, name, password) {
    const { status, text } = await visitor.send('PUT', `/-/user/org.couchdb.user:${name}`, {
      ...{ body: JSON.stringify({ name, password }), type: 'application/json' },
      headers: { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` },
    });
    if (status !== 201) throw new Error(`the login answered ${status} ${text}`);
    return (JSON.parse(text) as { token: string }).token;
  },
  whoami: '/-/whoami',
  own: [
    { what: 'home page', ask: (v) => v.get('/'), status: 200, text: /<title>Verdaccio<\/title>/ },
    { what: '404', ask: (v) => v.get('/nothing'), status: 404, text: /"error": ?"no such package available"/ },
    // The names of our API's paths are names of packages there.
    { what: 'package metrics', ask: (v) => v.get('/metrics'), status: 404, text: /no such package available/ },
    { what: 'ping', ask: (v) => v.get('/-/ping'), status: 200, text: /^\{\}\s*$/ },
    {
      what: 'refusal of a broken body',
      ask: (v) => v.send('POST', '/-/verdaccio/sec/login', { body: '{', type: 'application/json' }),
      status: 400,
      text: /JSON/,
    },
  ],
  async signIn(page, user, password) {
    await page.goto('/');
    await page.getByTestId('header--button-login').click();
    await page.locator('#login--dialog-username').fill(user);
    await page.locator('#login--dialog-password').fill(password);
    await page.getByTestId('login-dialog-form-login-button').click();
    await page.getByTestId('logInDialogIcon').waitFor();
  },
  openMenu: () => Promise.resolve(),
};
