import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import express from 'express';
import selfsigned from 'selfsigned';
import request from 'supertest';
import { describe, expect, test } from 'vitest';
import { bearerCookie } from '../../src/host/bearer-cookie.js';

const cookie = bearerCookie({ name: 'panel', path: '/clusters/dns' });
const app = express();
app.post('/login', cookie.give);
app.use('/clusters/dns', cookie.take, (incoming, response) => {
  response.json({ authorization: incoming.headers.authorization ?? null, login: cookie.loginId(incoming) });
});

const setBy = async (token: string, server: Parameters<typeof request>[0] = app): Promise<string> => {
  const answer = await request(server).post('/login').set('Authorization', `Bearer ${token}`);
  return (answer.headers as { 'set-cookie'?: string[] })['set-cookie']?.[0] ?? '';
};
const seenWith = async (header: string): Promise<{ authorization: string | null; login: string }> =>
  (await request(app).get('/clusters/dns').set('Cookie', header)).body as {
    authorization: string | null;
    login: string;
  };

describe('a cookie of a bearer token', () => {
  test('is for our pages alone, and no script or other site gets it', async () => {
    expect(await setBy('abc')).toBe('panel=abc; Path=/clusters/dns; HttpOnly; SameSite=Lax');
  });

  test('is sent by TLS only where the token came by TLS, or the host says so', async () => {
    const { private: key, cert } = await selfsigned.generate([{ name: 'commonName', value: '127.0.0.1' }]);
    const server = createTlsServer({ key, cert }, app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const answer = await request(server).post('/login').set('Authorization', 'Bearer abc').trustLocalhost();
    expect(String(answer.headers['set-cookie'])).toContain('; Secure');
    server.close();
    const behindProxy = createServer(bearerCookie({ name: 'panel', path: '/', secure: true }).give);
    expect(await setBy('abc', behindProxy)).toContain('; Secure');
  });

  test('stands for the token where the host looks for one', async () => {
    const token = 'eyJh.b+c/d=.é%;';
    const [pair = ''] = (await setBy(encodeURIComponent(token))).split(';');
    expect((await seenWith(`other=1; ${pair}`)).authorization).toBe(`Bearer ${encodeURIComponent(token)}`);
  });

  test('never takes the place of a token that was sent', async () => {
    const answer = await request(app)
      .get('/clusters/dns')
      .set('Cookie', 'panel=abc')
      .set('Authorization', 'Bearer own');
    expect(answer.body).toMatchObject({ authorization: 'Bearer own' });
  });

  test('names the login by something that is no key to it, other for another token', async () => {
    const [one, same, other] = [await seenWith('panel=abc'), await seenWith('panel=abc'), await seenWith('panel=abd')];
    expect(one.login).toBe(same.login);
    expect(one.login).not.toBe(other.login);
    expect(one.login).not.toContain('abc');
  });

  test.each([
    ['of nothing', ''],
    ['that can not be decoded', 'panel=%E0%A4%A'],
    ['with what a header can not hold', 'panel=a%0D%0Ab'],
    ['of another name', 'panel2=abc; xpanel=abc'],
  ])('%s is none', async (_what, header) => {
    expect((await seenWith(header)).authorization).toBeNull();
  });

  test.each([
    ['none', ''],
    ['one of another scheme', 'Basic abc'],
    ['one that no browser would keep', `Bearer ${'a'.repeat(4_000)}`],
  ])('is not made of %s', async (_what, header) => {
    const answer = await request(app).post('/login').set('Authorization', header).expect(400);
    expect(answer.headers['set-cookie']).toBeUndefined();
  });
});
