import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { csrfToken, csrfTokenMatches, isCrossOrigin } from '../../src/access/csrf.js';

const secret = randomBytes(32);
const owner = { user: 'root', sessionId: 'a1' };

describe('the form token', () => {
  test('is accepted from its own login', () => {
    expect(csrfTokenMatches(secret, owner, csrfToken(secret, owner))).toBe(true);
  });

  test('of another user, login or server is refused', () => {
    const token = csrfToken(secret, owner);
    expect(csrfTokenMatches(secret, { ...owner, user: 'alice' }, token)).toBe(false);
    expect(csrfTokenMatches(secret, { ...owner, sessionId: 'a2' }, token)).toBe(false);
    expect(csrfTokenMatches(randomBytes(32), owner, token)).toBe(false);
  });

  test('binds user and session apart: moving letters between them changes it', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string({ minLength: 1 }), (user, moved, rest) => {
        const one = csrfToken(secret, { user: user + moved, sessionId: rest });
        const other = csrfToken(secret, { user, sessionId: moved + rest });
        expect(one === other).toBe(moved === '');
      }),
    );
  });

  test.each([undefined, '', 'x', 12, ['x'], 'é'.repeat(43)])('refuses %j', (token) => {
    expect(csrfTokenMatches(secret, owner, token)).toBe(false);
  });
});

describe('a request from another origin', () => {
  test.each([
    [{ 'sec-fetch-site': 'cross-site' }, true],
    [{ 'sec-fetch-site': 'same-site' }, true],
    [{ 'sec-fetch-site': 'same-origin', origin: 'https://behind-a-proxy.example', host: 'inner:1' }, false],
    [{ 'sec-fetch-site': 'none' }, false],
    [{ origin: 'https://evil.example', host: 'panel.example:2087' }, true],
    [{ origin: 'https://panel.example:2087', host: 'panel.example:2087' }, false],
    [{ origin: 'https://panel.example', host: 'panel.example:2087' }, true],
    [{ origin: 'null', host: 'panel.example' }, true],
    [{ host: 'panel.example' }, false],
  ])('%j: %j', (headers, expected) => {
    expect(isCrossOrigin(headers)).toBe(expected);
  });
});
