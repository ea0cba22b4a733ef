import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import selfsigned from 'selfsigned';
import type { Host, OwnAnswer } from './host.js';
import { wantedBy } from './installation.js';

const LARGE = JSON.stringify({ text: 'a'.repeat(200_000) });

const OWN: readonly OwnAnswer[] = [
  { what: 'home page', ask: (v) => v.get('/'), status: 200, text: /<h1>Example Panel<\/h1>/ },
  { what: 'view of the same name', ask: (v) => v.get('/zones'), status: 200, text: /Time zones of Example Panel/ },
  { what: '404', ask: (v) => v.get('/nothing'), status: 404, text: /Example Panel is sorry[^]*There is nothing here/ },
  { what: 'error page', ask: (v) => v.get('/fails'), status: 500, text: /Example Panel is sorry[^]*is broken/ },
  { what: 'body parser', ask: (v) => v.json('/api/echo', { a: 1 }), status: 200, text: /^\{"body":\{"a":1\}\}$/ },
  {
    what: 'refusal of a broken body',
    ask: (v) => v.send('POST', '/api/echo', { body: '{', type: 'application/json' }),
    status: 400,
    text: /Example Panel is sorry/,
  },
  {
    what: 'limit of bodies',
    ask: (v) => v.send('POST', '/api/echo', { body: LARGE, type: 'application/json' }),
    status: 413,
    text: /Example Panel is sorry/,
  },
];

/** A panel of `examples/hosts`, which serves everything on one port by TLS. */
function panelOn(example: string): Host {
  return {
    name: example,
    wanted: wantedBy(`examples/hosts/${example}`),
    panel: /<span class="panel">Example Panel<\/span>/,
    root: 'root',
    url: ({ port }) => `https://127.0.0.1:${port}`,
    apiUrl: ({ port }) => `https://127.0.0.1:${port}`,
    data: 'data/dns-cluster',
    async prepare({ folder, port, dnsPort, password }) {
      await cp(`examples/hosts/${example}`, folder, { recursive: true });
      const { private: key, cert } = await selfsigned.generate([{ name: 'commonName', value: '127.0.0.1' }]);
      const [keyFile, certFile] = [join(folder, 'tls.key'), join(folder, 'tls.crt')];
      await writeFile(keyFile, key, { mode: 0o600 });
      await writeFile(certFile, cert);
      const tls = { TLS_KEY: keyFile, TLS_CERT: certFile };
      return {
        args: ['server.js'],
        env: { ...tls, PANEL_PASSWORD: password, PORT: String(port), DNS_PORT: String(dnsPort), DATA: './data' },
      };
    },
    async logIn(visitor, username, password) {
      const { status, location } = await visitor.form('/login', { username, password, next: '/' });
      if (location !== '/') throw new Error(`the login answered ${status} ${location}`);
    },
    refusal: { status: 303, location: '/login?next=%2Fclusters%2Fdns' },
    async hostToken(visitor, user, password) {
      await this.logIn(visitor, user, password);
      return (JSON.parse((await visitor.get('/api-key')).text) as { key: string }).key;
    },
    whoami: '/api/whoami',
    own: OWN,
    async signIn(page, user, password) {
      await page.goto('/login');
      await page.getByLabel('User').fill(user);
      await page.getByLabel('Password').fill(password);
      await page.getByRole('button', { name: 'Log in' }).click();
      await page.getByRole('link', { name: 'Log out' }).waitFor();
    },
    openMenu: () => Promise.resolve(),
  };
}

export const EXPRESS_4 = panelOn('express-4');
export const EXPRESS_5 = panelOn('express-5');
