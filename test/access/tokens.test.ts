import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { TokenStore } from '../../src/access/tokens.js';
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
