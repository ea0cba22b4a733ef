/**
 * A control panel as anybody may have one: Express 5, passport sessions, views, error pages and a bearer API of its own. What it
 * has to do for DNS Cluster is in the places that say so, and in dns-cluster.js.
 */
import { randomBytes, timingSafeEqual, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import express from 'express';
import session from 'express-session';
import passport from 'passport';
import { Strategy as BearerStrategy } from 'passport-http-bearer';
import { Strategy as LocalStrategy } from 'passport-local';
import { createDnsCluster, menu } from './dns-cluster.js';

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
const userNamed = (name) => users.find((user) => user.name === name);
const isPassword = (given) => {
  const [a, b] = [given, PANEL_PASSWORD].map((text) => Buffer.from(text));
  return a.length === b.length && timingSafeEqual(a, b);
};
passport.use(
  new LocalStrategy((name, password, done) => done(null, (isPassword(password) && userNamed(name)) || false)),
);
passport.use(new BearerStrategy((key, done) => done(null, users.find((user) => user.apiKey === key) ?? false)));
passport.serializeUser((user, done) => done(null, user.name));
passport.deserializeUser((name, done) => done(null, userNamed(name) ?? false));

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
app.set('views', new URL('views', import.meta.url).pathname);
// DNS Cluster: peers have tokens of its own, and send more than a body parser of the panel would take.
app.use(dnsCluster.api);
app.use(
  session({
    secret: randomBytes(32).toString('hex'),
    resave: false,
    saveUninitialized: false,
    cookie: { httpOnly: true, secure: true, sameSite: 'lax' },
  }),
);
app.use(passport.session());
// DNS Cluster: behind the session, so that it learns who is there; before the body parsers, since zones may be large.
app.use(menu.path, dnsCluster.pages);
app.use(express.json(), express.urlencoded({ extended: false }));

app.get('/', (request, response) => {
  const { user } = request;
  // DNS Cluster: an item in the menu, for those who may use it.
  const items = user && (user.isAdmin || user.privileges.includes(menu.privilege)) ? [menu] : [];
  response.render('home', { user, items });
});
app.get('/login', (request, response) => response.render('login', { next: request.query.next ?? '/' }));
app.post('/login', passport.authenticate('local', { failureRedirect: '/login' }), (request, response) => {
  const next = String(request.body.next);
  response.redirect(/^\/(?![/\\])/.test(next) ? next : '/');
});
app.get('/logout', (request, response, next) =>
  request.logout((error) => (error ? next(error) : response.redirect('/'))),
);
app.get('/zones', (_request, response) => response.render('zones'));
app.get('/api-key', (request, response) => response.json({ key: request.user?.apiKey ?? null }));
app.get('/api/whoami', passport.authenticate('bearer', { session: false }), (request, response) =>
  response.json({ user: request.user.name }),
);
app.post('/api/echo', (request, response) => response.json({ body: request.body }));
app.get('/fails', async () => {
  throw new Error('something of the panel is broken');
});
app.use((_request, response) => response.status(404).render('error', { message: 'There is nothing here.' }));
app.use((error, _request, response, _next) =>
  response.status(error.status ?? 500).render('error', { message: error.message }),
);

const server = createServer({ key, cert }, app).listen(Number(PORT), '127.0.0.1');
await dnsCluster.start();
console.log(`The panel is at https://127.0.0.1:${PORT}/`);

const end = async () => {
  await dnsCluster.stop();
  server.close();
  server.closeAllConnections();
};
process.once('SIGTERM', end);
process.once('SIGINT', end);
