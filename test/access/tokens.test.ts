import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { TokenStore } from '../../src/access/tokens.js';
import { AuditLog } from '../../src/operations/audit-log.js';
import { createLog } from '../../src/operations/log.js';

const log = createLog({ level: 'silent' });
let folder: string;
let tokens: TokenStore;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tokens-'));
  tokens = await TokenStore.open(join(folder, 'tokens.json'), { log });
});
afterEach(async () => {
  await tokens.close();
  rmSync(folder, { recursive: true, force: true });
});

const ann = { user: 'ann', kind: 'reseller', name: 'web1', privileges: ['clustering'] } as const;

describe('an API token', () => {
  test('proves its user, kind and privileges, with the user named or not', async () => {
    const { secret } = await tokens.create(ann);
    const principal = { user: 'ann', kind: 'reseller', privileges: ['clustering'], via: { token: 'web1' } };
    expect(tokens.verify('ann', secret)).toEqual(principal);
    expect(tokens.verify(undefined, secret)).toEqual(principal);
    expect(tokens.verify('root', secret)).toBeUndefined();
    expect(tokens.verify('ann', `${secret}x`)).toBeUndefined();
    expect(tokens.verify('ann', '')).toBeUndefined();
  });

  test('may come with line ends, as legacy access hashes do', async () => {
    const { secret } = await tokens.create(ann);
    expect(tokens.verify('ann', `${secret.slice(0, 10)}\r\n${secret.slice(10)}\n`)?.user).toBe('ann');
  });

  test('is on disk as a hash only, and in no list', async () => {
    const { secret } = await tokens.create(ann);
    expect(secret.length).toBeGreaterThanOrEqual(43);
    expect(readFileSync(join(folder, 'tokens.json'), 'utf8')).not.toContain(secret);
    expect(JSON.stringify(tokens.list())).not.toMatch(/hash|[0-9a-f]{64}/);
  });

  test('works after a restart, and no longer once it is revoked', async () => {
    const { secret } = await tokens.create(ann);
    const again = await TokenStore.open(join(folder, 'tokens.json'), { log });
    expect(again.verify('ann', secret)?.user).toBe('ann');
    await again.revoke('ann', 'web1');
    expect(again.verify('ann', secret)).toBeUndefined();
    await expect(again.revoke('ann', 'web1')).rejects.toMatchObject({ code: 'token_unknown' });
    await again.close();
  });

  test('has a name of its own for each user', async () => {
    await tokens.create(ann);
    await expect(tokens.create(ann)).rejects.toThrow(/ann has a token of this name already/);
    await tokens.create({ ...ann, user: 'bob' });
    expect(tokens.list('bob')).toMatchObject([{ user: 'bob', name: 'web1' }]);
    expect(tokens.list()).toHaveLength(2);
  });

  test.each(['', 'a b', '<b>', 'x'.repeat(51), '../x'])('is not made with the name "%s"', async (name) => {
    await expect(tokens.create({ ...ann, name })).rejects.toMatchObject({ code: 'token_invalid' });
    expect(tokens.list()).toEqual([]);
  });

  test('says when it was last used', async () => {
    const { secret } = await tokens.create(ann);
    expect(tokens.list()[0]).not.toHaveProperty('lastUsed');
    tokens.verify('ann', secret);
    expect(Date.parse(tokens.list()[0]?.lastUsed ?? '')).toBeGreaterThan(Date.now() - 5_000);
  });

  test('says so also after a restart, and a call does not wait for the disk', async () => {
    const { secret } = await tokens.create(ann);
    await tokens.create({ ...ann, name: 'unused' });
    const file = join(folder, 'tokens.json');
    const before = readFileSync(file);
    for (let i = 0; i < 1_000; i++) tokens.verify('ann', secret);
    expect(readFileSync(file)).toEqual(before);
    const used = tokens.list()[0]?.lastUsed;
    expect(used).toBeDefined();
    await tokens.close();
    tokens = await TokenStore.open(file, { log });
    expect(tokens.list().map(({ name, lastUsed }) => [name, lastUsed])).toEqual([
      ['web1', used],
      ['unused', undefined],
    ]);
    expect(tokens.verify('ann', secret)?.user).toBe('ann');
  });

  test('is written as used within two minutes, at once for all tokens', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { secret } = await tokens.create(ann);
      tokens.verify('ann', secret);
      await vi.advanceTimersByTimeAsync(120_000);
    } finally {
      vi.useRealTimers();
    }
    await vi.waitFor(() => expect(readFileSync(join(folder, 'tokens.json'), 'utf8')).toContain('lastUsed'));
  });

  test('is found as fast among 10,000 as alone', async () => {
    const hash = (i: number): string => createHash('sha256').update(`secret ${i}`).digest('hex');
    const tokensOnDisk = Array.from({ length: 10_000 }, (_, i) => ({
      name: `t${i}`,
      user: 'ann',
      kind: 'reseller',
      privileges: [],
      hash: hash(i),
      created: new Date().toISOString(),
    }));
    const file = join(folder, 'many.json');
    writeFileSync(file, JSON.stringify({ tokens: tokensOnDisk }));
    const many = await TokenStore.open(file, { log });
    expect(many.verify('ann', 'secret 9999')?.via).toEqual({ token: 't9999' });
    const start = performance.now();
    for (let i = 0; i < 1_000; i++) many.verify(undefined, `wrong ${i}`);
    // A look at each of 10,000 takes some seconds for these.
    expect(performance.now() - start).toBeLessThan(500);
    await expect(many.create(ann)).rejects.toThrow(/10000 tokens, more are not allowed/);
    await many.close();
  });
});

describe('a token with limits', () => {
  const now = (): number => Math.floor(Date.now() / 1_000);

  test('is refused from its last second on, and listed still', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      const { secret } = await tokens.create({ ...ann, expiresAt: now() + 60 });
      vi.advanceTimersByTime(59_000);
      expect(tokens.verify('ann', secret)?.user).toBe('ann');
      vi.advanceTimersByTime(1_000);
      expect(tokens.verify('ann', secret)).toBeUndefined();
      expect(tokens.list('ann')).toHaveLength(1);
    } finally {
      vi.useRealTimers();
    }
  });

  test.each([0, 1, -5])('is not made to expire in the past (%d)', async (expiresAt) => {
    await expect(tokens.create({ ...ann, expiresAt })).rejects.toThrow(/its time of expiry is past/);
  });

  test('is not made to expire in milliseconds', async () => {
    await expect(tokens.create({ ...ann, expiresAt: Date.now() * 1_000 })).rejects.toThrow(/in seconds since 1970/);
  });

  test.each([
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.7', '::ffff:192.0.2.7', true],
    ['192.0.2.7', '192.0.2.8', false],
    ['192.0.2.7', '::ffff:192.0.2.8', false],
    ['192.0.2.0/24', '192.0.2.255', true],
    ['192.0.2.0/24', '192.0.3.0', false],
    ['0.0.0.0/0', '198.51.100.1', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['2001:db8::/32', '2001:db8:ffff::1', true],
    ['2001:db8::/32', '2001:db9::1', false],
    ['2001:DB8::1', '2001:db8:0:0:0:0:0:1', true],
    ['192.0.2.7', undefined, false],
    ['192.0.2.7', 'nonsense', false],
  ])('for %s is good from %s: %s', async (allowed, from, good) => {
    const { secret } = await tokens.create({ ...ann, addresses: ['203.0.113.9', allowed] });
    expect(tokens.verify('ann', secret, from) !== undefined).toBe(good);
  });

  test.each(['192.0.2', '192.0.2.0/33', '192.0.2.0/', '2001:db8::/129', 'ns1.example.net', '1.2.3.4/24/8', '/8'])(
    'is not made for "%s"',
    async (address) => {
      await expect(tokens.create({ ...ann, addresses: [address] })).rejects.toThrow(/is no address or range/);
    },
  );

  test('that comes from elsewhere is logged once, with the address and without the secret', async () => {
    const lines: string[] = [];
    const write = (line: Buffer, _encoding: string, done: () => void): void => {
      lines.push(line.toString());
      done();
    };
    const file = join(folder, 'logged.json');
    const logged = await TokenStore.open(file, { log: pino({}, new Writable({ write })) });
    const { secret } = await logged.create({ ...ann, addresses: ['192.0.2.7'] });
    for (let i = 0; i < 3; i++) logged.verify('ann', secret, '203.0.113.5');
    const refusals = lines.filter((line) => line.includes('203.0.113.5'));
    expect(refusals).toHaveLength(1);
    expect(JSON.parse(refusals[0] ?? '')).toMatchObject({ user: 'ann', token: 'web1' });
    expect(lines.join('')).not.toContain(secret);
    await logged.close();
  });
});

describe('changing a token', () => {
  test('keeps its secret and what is not named', async () => {
    const expiresAt = Math.floor(Date.now() / 1_000) + 600;
    const { secret } = await tokens.create({ ...ann, expiresAt, addresses: ['192.0.2.7'] });
    const changed = await tokens.update('ann', 'web1', { name: 'web2' });
    expect(changed).toMatchObject({ name: 'web2', expiresAt, addresses: ['192.0.2.7'], privileges: ['clustering'] });
    expect(tokens.verify('ann', secret, '192.0.2.7')?.via).toEqual({ token: 'web2' });
    await tokens.update('ann', 'web2', { expiresAt: null, addresses: [], privileges: [] });
    expect(tokens.list('ann')[0]).not.toHaveProperty('expiresAt');
    expect(tokens.list('ann')[0]).not.toHaveProperty('addresses');
    expect(tokens.verify('ann', secret)?.privileges).toEqual([]);
  });

  test('takes no name that is taken, and changes nothing then', async () => {
    await tokens.create(ann);
    await tokens.create({ ...ann, name: 'web2' });
    const before = tokens.list();
    await expect(tokens.update('ann', 'web1', { name: 'web2' })).rejects.toThrow(/a token of this name already/);
    await expect(tokens.update('ann', 'web1', { addresses: ['x'] })).rejects.toMatchObject({ code: 'token_invalid' });
    await expect(tokens.update('bob', 'web1', {})).rejects.toMatchObject({ code: 'token_unknown' });
    expect(tokens.list()).toEqual(before);
  });
});

describe('a remote access key', () => {
  test('is neither made nor taken until an administrator wants it', async () => {
    await expect(tokens.createAccessKey(ann)).rejects.toMatchObject({ code: 'access_keys_off' });
    await tokens.setAccessKeys(true);
    const key = await tokens.createAccessKey(ann);
    expect(key).toMatch(/^([0-9a-f]{32}\n){29}$/);
    // In a header it stands without its line ends.
    expect(tokens.verify('ann', key.replaceAll('\n', ''))).toMatchObject({ user: 'ann', privileges: ['clustering'] });
    expect(tokens.verify('ann', key)?.user).toBe('ann');
    // It is for the scheme that names its user.
    expect(tokens.verify(undefined, key)).toBeUndefined();
    expect(tokens.verify('root', key)).toBeUndefined();
    await tokens.setAccessKeys(false);
    expect(tokens.verify('ann', key)).toBeUndefined();
  });

  test('is one for each user, is in no list of tokens, and goes when it is revoked', async () => {
    await tokens.setAccessKeys(true);
    const first = await tokens.createAccessKey(ann);
    const second = await tokens.createAccessKey(ann);
    expect(tokens.verify('ann', first)).toBeUndefined();
    expect(tokens.verify('ann', second)?.user).toBe('ann');
    expect(tokens.list()).toEqual([]);
    await expect(tokens.update('ann', 'remote access key', { name: 'mine' })).rejects.toThrow(/has no token/);
    await tokens.revokeAccessKey('ann');
    expect(tokens.verify('ann', second)).toBeUndefined();
    await expect(tokens.revokeAccessKey('ann')).rejects.toMatchObject({ code: 'token_unknown' });
  });
});

test('every change of tokens is in the audit log, and no secret', async () => {
  const audit = new AuditLog(join(folder, 'audit.log'), log);
  const watched = await TokenStore.open(join(folder, 'watched.json'), { log, audit });
  const by = { user: 'ann', kind: 'reseller', privileges: ['clustering'], via: { session: true } } as const;
  const { secret } = await watched.create(ann, by);
  await watched.update('ann', 'web1', { name: 'web2' }, by);
  await watched.revoke('ann', 'web2', by);
  await watched.setAccessKeys(true);
  const key = await watched.createAccessKey(ann, by);
  expect((await audit.latest(9)).reverse()).toMatchObject([
    { user: 'ann', via: 'page', action: 'createToken', target: 'ann web1' },
    { user: 'ann', via: 'page', action: 'updateToken', target: 'ann web1' },
    { user: 'ann', via: 'page', action: 'revokeToken', target: 'ann web2' },
    { user: 'root', via: 'this server', action: 'setAccessKeys', target: 'on' },
    { user: 'ann', via: 'page', action: 'createAccessKey', target: 'ann' },
  ]);
  await watched.close();
  await audit.close();
  const written = readFileSync(join(folder, 'audit.log'), 'utf8');
  for (const hidden of [secret, key.slice(0, 32)]) expect(written).not.toContain(hidden);
});
