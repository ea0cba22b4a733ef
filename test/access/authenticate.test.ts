import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express, { type ErrorRequestHandler, type Express } from 'express';
import request from 'supertest';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { authenticateToken, peerOf } from '../../src/access/authenticate.js';
import { TokenStore } from '../../src/access/tokens.js';
import { ClusterError } from '../../src/errors.js';
import { createLog } from '../../src/operations/log.js';

const ANN = { user: 'ann', kind: 'reseller', privileges: ['clustering'], via: { token: 'web1' } };
let folder: string;
let tokens: TokenStore;
let secret: string;
let app: Express;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'authenticate-'));
  tokens = await TokenStore.open(join(folder, 'tokens.json'), { log: createLog({ level: 'silent' }) });
  ({ secret } = await tokens.create({ user: 'ann', kind: 'reseller', name: 'web1', privileges: ['clustering'] }));
  app = guarded();
});
afterEach(async () => {
  await tokens.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What a host may have done before: parse bodies, put its own user on the request. */
function guarded(...before: express.RequestHandler[]): Express {
  const answering = express();
  if (before.length > 0) answering.use(...before);
  const refuse: express.RequestHandler = (_request, response) => void response.status(401).send('refused');
  answering.use(
    authenticateToken(tokens, (by) => by, refuse),
    (incoming, response) => {
      response.json({ peer: peerOf(incoming), user: (incoming as { user?: unknown }).user ?? null });
    },
  );
  const fail: ErrorRequestHandler = (error: unknown, _request, response, _next) => {
    const known = error as ClusterError;
    response.status(known.status).json({ code: known.code, message: known.message });
  };
  return answering.use(fail);
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
/** `{}` stands for the secret. */
const filled = (header: string): string =>
  header.replaceAll('{}', secret).replace(/<(.*)>/, (_, plain: string) => base64(plain));

describe('is let in, with user, kind and privileges', () => {
  test.each([
    'whm ann:{}',
    'WHM ann:{}',
    'Whm   ann:{}',
    'Basic <ann:{}>',
    'basic <ann:{}>',
    'WHM <ann:{}>',
    'Bearer {}',
    'bearer {}',
  ])('%s', async (header) => {
    const answer = await request(app).get('/').set('Authorization', filled(header));
    expect([answer.status, (answer.body as { peer: unknown }).peer]).toEqual([200, ANN]);
  });

  test('a legacy hash of several lines, in base64', async () => {
    const header = `WHM ${base64(`ann:${secret.slice(0, 20)}\r\n${secret.slice(20)}\n`)}`;
    await request(app).get('/').set('Authorization', header).expect(200);
  });
});

describe('is refused, by the same answer each time', () => {
  test.each([
    ['no header', undefined],
    ['an empty header', ''],
    ['a scheme alone', 'whm'],
    ['a scheme and blanks', 'whm   '],
    ['a scheme that is not ours', 'Digest ann:{}'],
    ['no scheme', 'ann:{}'],
    ['a token alone', 'whm {}'],
    ['no user', 'whm :{}'],
    ['no token', 'whm ann:'],
    ['another user', 'whm root:{}'],
    ['the user in capitals', 'whm ANN:{}'],
    ['a wrong token', 'whm ann:{}x'],
    ['the token cut short', 'whm ann:'.concat('A'.repeat(42))],
    ['two schemes', 'whm root:wrong, Bearer {}'],
    ['two schemes, the good one first', 'whm ann:{}, Bearer {}'],
    ['base64 of nothing', 'Basic ===='],
    ['base64 without a colon', 'Basic <{}>'],
    ['what is no base64', 'Basic \u00ff\u00fe'],
    ['a token in front of its user', 'whm {}:ann'],
    ['a very long token', `whm ann:${'a'.repeat(10_000)}`],
    ['a Bearer with a user', 'Bearer ann:{}'],
    ['a trap of a name', 'whm __proto__:constructor'],
  ])('%s', async (_, header) => {
    const call = request(app).get('/');
    const answer = await (header === undefined ? call : call.set('Authorization', filled(header)));
    expect([answer.status, answer.text]).toEqual([401, 'refused']);
    // passport would put a strategy's message there, unescaped.
    expect(answer.headers['www-authenticate']).toBeUndefined();
  });

  test('a token that was revoked', async () => {
    await tokens.revoke('ann', 'web1');
    await request(app).get('/').set('Authorization', `whm ann:${secret}`).expect(401);
    await request(app).get('/').set('Authorization', `Bearer ${secret}`).expect(401);
  });

  test('a secret as kept on disk: the hash opens nothing', async () => {
    const { tokens: kept } = JSON.parse(readFileSync(join(folder, 'tokens.json'), 'utf8')) as {
      tokens: { hash: string }[];
    };
    await request(app)
      .get('/')
      .set('Authorization', `whm ann:${kept[0]?.hash ?? ''}`)
      .expect(401);
  });
});

describe('a token where logs keep it is refused with 400, good or not, alone or beside a header', () => {
  const refused = { code: 'token_misplaced' };

  test.each(['', 'good'])('in the query (header: "%s")', async (header) => {
    for (const path of [`/?access_token=${secret}`, '/?x=1&access_token=wrong', '/?access_token']) {
      const call = request(app).get(path);
      const answer = await (header === '' ? call : call.set('Authorization', `whm ann:${secret}`));
      expect([answer.status, answer.body]).toMatchObject([400, refused]);
      expect(answer.text).not.toContain(secret);
    }
  });

  test.each([
    ['a form', express.urlencoded({ extended: true }), 'form', `access_token={}`],
    ['JSON', express.json(), 'json', '{"access_token":"{}"}'],
  ])('in a body that the host parsed as %s', async (_, parser, type, body) => {
    const answer = await request(guarded(parser)).post('/').type(type).send(body.replace('{}', secret));
    expect([answer.status, answer.body]).toMatchObject([400, refused]);
    expect(answer.text).not.toContain(secret);
  });
});

test("the host's own user on the request is neither read nor replaced", async () => {
  const host = guarded((incoming, _response, next) => {
    Object.assign(incoming, { user: { name: 'host', kind: 'root' }, isAuthenticated: () => true });
    next();
  });
  await request(host).get('/').expect(401);
  const answer = await request(host).get('/').set('Authorization', `whm ann:${secret}`);
  expect(answer.body).toEqual({ peer: ANN, user: { name: 'host', kind: 'root' } });
});

test('without the guard nobody is a peer', () => {
  const request: unknown = {};
  expect(() => peerOf(request as express.Request)).toThrow(ClusterError);
});
