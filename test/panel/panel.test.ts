import express from 'express';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readPluginManifest } from '../../src/host/plugin-manifest.js';
import { localPath } from '../../src/panel/login.js';
import { PASSWORD, startPanel, tokenOn, type PanelServer } from './panel-server.js';

let server: PanelServer;
beforeAll(async () => {
  server = await startPanel();
  const pages = express().get('/', (request, response) => {
    response.json({ user: server.panel.host.identify(request) ?? null });
  });
  const api = express().use((request, response) => {
    response.type('text/plain').send(`api ${request.path}`);
  });
  server.panel.mount(readPluginManifest(), { pages, api });
});
afterAll(() => server.close());

const cookieOf = (response: { headers: object }): string =>
  (response.headers as Record<string, string[] | undefined>)['set-cookie']?.[0] ?? '';

describe('login', () => {
  test('with the right password leads home, with a cookie that scripts, plain http and other sites do not get', async () => {
    const response = await server.visitor().post('/login').type('form').send({ user: 'root', password: PASSWORD });
    expect(response.status).toBe(303);
    expect(response.headers['location']).toBe('/');
    expect(cookieOf(response)).toMatch(/^__Host-panel-[0-9a-f]{8}=.*; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
  });

  test.each([
    ['a wrong password', { user: 'root', password: 'incorrect horse' }],
    ['an unknown user', { user: 'nobody', password: PASSWORD }],
    ['no fields', {}],
    ['fields given twice', 'user=root&user=alice&password=a&password=b'],
  ])('with %s is refused by one and the same sentence, without a cookie', async (_what, fields) => {
    const response = await server.visitor().post('/login').type('form').send(fields);
    expect(response.status).toBe(401);
    expect(response.text).toContain('The user name or the password is wrong.');
    expect(response.headers['set-cookie']).toBeUndefined();
  });

  test('with a planted session id answers another one', async () => {
    const planted = cookieOf(
      await server.visitor().post('/login').type('form').send({ user: 'bob', password: PASSWORD }),
    );
    const [cookie = ''] = planted.split(';');
    const victim = await server
      .visitor()
      .post('/login')
      .set('Cookie', cookie)
      .type('form')
      .send({ user: 'root', password: PASSWORD });
    expect(cookieOf(victim).split(';')[0]).not.toBe(cookie);
    const attacker = await server.visitor().get('/').set('Cookie', cookie);
    expect(attacker.headers['location']).toBe('/login');
  });

  test('ends when the password is changed, or the user removed', async () => {
    await server.users.add({ user: 'carol', kind: 'reseller', privileges: ['clustering'] }, PASSWORD);
    const before = await server.loggedIn('carol');
    await before.get('/').expect(200);
    await server.users.setPassword('carol', 'a quite different one');
    expect((await before.get('/').expect(303)).headers['location']).toBe('/login');
    await server.users.setPassword('carol', PASSWORD);
    const after = await server.loggedIn('carol');
    await after.get('/').expect(200);
    await server.users.remove('carol');
    await after.get('/').expect(303);
  });

  test('is limited: after ten failures from an address even the right password has to wait', async () => {
    const other = await startPanel();
    for (let failure = 0; failure < 10; failure++)
      await other.visitor().post('/login').type('form').send({ user: 'root', password: 'wrong' }).expect(401);
    const response = await other.visitor().post('/login').type('form').send({ user: 'root', password: PASSWORD });
    expect(response.status).toBe(429);
    expect(response.text).toContain('Wait 15 minutes');
    await other.close();
  });

  test('from another site is refused, and costs the visitor none of the attempts', async () => {
    const other = await startPanel();
    const login = { user: 'root', password: PASSWORD };
    const post = (): ReturnType<ReturnType<PanelServer['visitor']>['post']> =>
      other.visitor().post('/login').type('form');
    for (let attempt = 0; attempt < 12; attempt++)
      await post().set('Sec-Fetch-Site', 'cross-site').send(login).expect(403);
    await post().set('Origin', 'https://evil.example').send(login).expect(403);
    await post().send(login).expect(303);
    await other.close();
  });

  test('leads on to the page that was asked for, and never to another site', async () => {
    const start = await server.visitor().get('/clusters/dns?x=1').expect(200);
    expect(start.body).toEqual({ user: null });
    const response = await server
      .visitor()
      .post('/login')
      .type('form')
      .send({ user: 'root', password: PASSWORD, next: '//evil.example/x' });
    expect(response.headers['location']).toBe('/');
  });

  test.each([
    ['/clusters/dns?search=a', '/clusters/dns?search=a'],
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['/.//evil.example', '/'],
    ['/x/..//evil.example', '/'],
    ['https://evil.example', '/'],
    ['/\t/evil.example', '/'],
    ['//', '/'],
    ['javascript:alert(1)', '/'],
    [['/a'], '/'],
    [undefined, '/'],
  ])('the path to go to, %j, is %s', (next, path) => {
    expect(localPath(next)).toBe(path);
  });
});

describe('logout', () => {
  test('ends the session; its cookie is worth nothing afterwards', async () => {
    const agent = await server.loggedIn('root');
    const _csrf = tokenOn((await agent.get('/logout')).text);
    await agent.post('/logout').type('form').send({ _csrf }).expect(303);
    expect((await agent.get('/')).headers['location']).toBe('/login');
  });

  test('without the form token of this login is refused', async () => {
    const agent = await server.loggedIn('root');
    await agent.post('/logout').type('form').send({}).expect(403);
    await agent.get('/').expect(200);
  });
});

describe('the menu', () => {
  test.each([
    ['root', true],
    ['alice', true],
    ['bob', false],
  ])('of %s shows DNS Cluster: %s', async (user, shown) => {
    const response = await (await server.loggedIn(user)).get('/').expect(200);
    expect(response.text.includes('DNS Cluster')).toBe(shown);
    expect(response.text.includes('href="/clusters/dns"')).toBe(shown);
  });

  test('is not for who is not logged in', async () => {
    const response = await server.visitor().get('/');
    expect([response.status, response.headers['location']]).toEqual([303, '/login']);
  });
});

describe('resellers', () => {
  const carol = { user: 'carol', password: 'carols long password', 'privilege-clustering': 'on' };

  test('are added by root, with a privilege that a plugin brings, and can log in', async () => {
    const root = await server.loggedIn('root');
    const _csrf = tokenOn((await root.get('/resellers').expect(200)).text);
    await root
      .post('/resellers')
      .type('form')
      .send({ _csrf, ...carol, 'privilege-all': 'on' })
      .expect(303);
    expect(server.users.find('carol')).toEqual({ user: 'carol', kind: 'reseller', privileges: ['clustering'] });
    const login = { user: 'carol', password: carol.password };
    await server.visitor().post('/login').type('form').send(login).expect(303);
    const again = await root
      .post('/resellers')
      .type('form')
      .send({ _csrf, ...carol })
      .expect(422);
    expect(again.text).toContain('there is a user of this name already');
  });

  test('are not added without the form token, nor by anybody but root', async () => {
    const [root, alice] = [await server.loggedIn('root'), await server.loggedIn('alice')];
    const dave = { ...carol, user: 'dave' };
    await root.post('/resellers').type('form').send(dave).expect(403);
    const _csrf = tokenOn((await alice.get('/logout')).text);
    await alice
      .post('/resellers')
      .type('form')
      .send({ _csrf, ...dave })
      .expect(403);
    await alice.get('/resellers').expect(403);
    await server.visitor().get('/resellers').expect(403);
    expect(server.users.find('dave')).toBeUndefined();
  });
});

describe('a plugin', () => {
  test('learns who is logged in, by a session name that is not the cookie', async () => {
    const agent = await server.loggedIn('alice');
    const { user } = (await agent.get('/clusters/dns')).body as { user: { sessionId: string } };
    expect(user).toMatchObject({ user: 'alice', kind: 'reseller', privileges: ['clustering'] });
    expect(JSON.stringify(agent.jar)).not.toContain(user.sessionId);
  });

  test('gets the API paths that it names, whole, without a session; no other path', async () => {
    for (const path of ['/scripts2/showversion', '/cgi/trustclustermaster.cgi', '/json-api/version']) {
      const response = await server.visitor().post(path).expect(200);
      expect(response.text).toBe(`api ${path}`);
    }
    await server.visitor().get('/scripts2x').expect(404);
    await server.visitor().get('/cgi/other.cgi').expect(404);
  });
});

describe('the panel', () => {
  test('answers an unknown page with its own 404, escaped', async () => {
    const response = await server.visitor().get('/%3Cscript%3Ealert(1)').expect(404);
    expect(response.text).not.toContain('<script>alert');
    expect(response.text).toContain('There is no page at');
  });

  test('forbids framing, inline scripts and caching', async () => {
    const { headers } = await server.visitor().get('/login').expect(200);
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(headers['content-security-policy']).not.toContain('unsafe-inline');
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['x-powered-by']).toBeUndefined();
  });
});
