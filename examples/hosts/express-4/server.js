/**
 * A control panel as many are: Express 4, CommonJS, body parsers before everything, a session that holds the user's name, a bearer
 * API of its own. What it has to do for DNS Cluster is in the places that say so, and in dns-cluster.js.
 */
const { randomBytes, timingSafeEqual, X509Certificate } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { createServer } = require('node:https');
const { join } = require('node:path');
const express = require('express');
const session = require('express-session');
const { createDnsCluster, menu } = require('./dns-cluster.js');

const { PANEL_PASSWORD, TLS_KEY, TLS_CERT, PORT = '2087', DNS_PORT = '5353', DATA = './data' } = process.env;
if (!PANEL_PASSWORD || !TLS_KEY || !TLS_CERT) {
  throw new Error('set PANEL_PASSWORD, and TLS_KEY and TLS_CERT to files in PEM');
}
const [key, cert] = [TLS_KEY, TLS_CERT].map((file) => readFileSync(file, 'utf8'));

// For trying out; your panel has users of its own.
const users = [
  { name: 'root', isAdmin: true, privileges: [] },
  { name: 'alice', isAdmin: false, privileges: [menu.privilege] },
  { name: 'bob', isAdmin: false, privileges: [] },
].map((user) => ({ ...user, apiKey: randomBytes(32).toString('base64url') }));
const isPassword = (given) => {
  const [a, b] = [given, PANEL_PASSWORD].map((text) => Buffer.from(text));
  return a.length === b.length && timingSafeEqual(a, b);
};

// DNS Cluster: one folder of its own, and what peers must know of this server.
const dnsCluster = createDnsCluster(users, {
  folder: `${DATA}/dns-cluster`,
  hostname: 'panel.example.net',
  nameserver: { kind: 'embedded', host: '127.0.0.1', port: Number(DNS_PORT) },
  apiPort: Number(PORT),
  fingerprint: new X509Certificate(cert).fingerprint256,
});

const app = express();
app.set('view engine', 'ejs');
app.set('views', join(__dirname, 'views'));
// DNS Cluster: peers have tokens of its own, and send more than a body parser of the panel would take.
app.use(dnsCluster.api);
// A form of DNS Cluster's pages is read here, too. A zone file in it may be as large as this parser lets it be.
app.use(express.json(), express.urlencoded({ extended: true, limit: '4mb' }));
app.use(
  session({
    secret: randomBytes(32).toString('hex'),
    resave: false,
    saveUninitialized: false,
    cookie: { httpOnly: true, secure: true, sameSite: 'lax' },
  }),
);
// DNS Cluster: behind the session, so that it learns who is there.
app.use(menu.path, dnsCluster.pages);

app.get('/', (request, response) => {
  const user = users.find(({ name }) => name === request.session.user);
  // DNS Cluster: an item in the menu, for those who may use it.
  const items = user && (user.isAdmin || user.privileges.includes(menu.privilege)) ? [menu] : [];
  response.render('home', { user, items });
});
app.get('/login', (request, response) => response.render('login', { next: request.query.next || '/' }));
app.post('/login', (request, response, next) => {
  const { username, password, next: wanted } = request.body;
  const user = users.find(({ name }) => name === username);
  if (user === undefined || !isPassword(String(password))) {
    response.redirect('/login');
    return;
  }
  request.session.regenerate((error) => {
    if (error) return next(error);
    request.session.user = user.name;
    response.redirect(/^\/(?![/\\])/.test(String(wanted)) ? String(wanted) : '/');
  });
});
app.get('/logout', (request, response, next) =>
  request.session.destroy((error) => (error ? next(error) : response.redirect('/'))),
);
app.get('/zones', (_request, response) => response.render('zones'));
app.get('/api-key', (request, response) => {
  response.json({ key: users.find(({ name }) => name === request.session.user)?.apiKey ?? null });
});
app.get('/api/whoami', (request, response) => {
  const user = users.find(({ apiKey }) => request.headers.authorization === `Bearer ${apiKey}`);
  if (user === undefined) response.status(401).json({ error: 'no such key' });
  else response.json({ user: user.name });
});
app.post('/api/echo', (request, response) => response.json({ body: request.body }));
app.get('/fails', (_request, _response, next) => next(new Error('something of the panel is broken')));
app.use((_request, response) => response.status(404).render('error', { message: 'There is nothing here.' }));
app.use((error, _request, response, _next) =>
  response.status(error.status || 500).render('error', { message: error.message }),
);

const server = createServer({ key, cert }, app).listen(Number(PORT), '127.0.0.1');
dnsCluster.start().then(
  () => console.log(`The panel is at https://127.0.0.1:${PORT}/`),
  (error) => {
    console.error(error.message);
    server.close();
    process.exitCode = 1;
  },
);

const end = async () => {
  await dnsCluster.stop();
  server.close();
  server.closeAllConnections();
};
process.once('SIGTERM', end);
process.once('SIGINT', end);
