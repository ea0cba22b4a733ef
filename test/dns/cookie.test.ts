import { describe, expect, test } from 'vitest';
import { CookieJar } from '../../src/dns/messages/cookie.js';
import { sipHash } from '../../src/dns/messages/siphash.js';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');

describe('SipHash-2-4', () => {
  // Of the paper's own vectors (key and messages 00 01 02 ...).
  test.each([
    [0, '310e0edd47db6f72'],
    [7, '37d1018bf50002ab'],
    [8, '6224939a79f5f593'],
    [15, 'e545be4961ca29a1'],
  ])('of %i octets is what its authors say', (length, hash) => {
    const octets = Buffer.from(Array.from({ length: 16 }, (_, i) => i));
    expect(sipHash(octets, octets.subarray(0, length)).toString('hex')).toBe(hash);
  });
});

describe('server cookies are those of RFC 9018, appendix A', () => {
  const OLD = 'dd3bdf9344b678b185a6f5cb60fca715';
  const NEW = '445536bcd2513298075a5d379663c962';
  const SECRET = 'e5e973e5a6b2a43f48e7dc849e37bfcf';
  const option = (cookie: string): string =>
    hex(`000a${(cookie.length / 2).toString(16).padStart(4, '0')}${cookie}`).toString('latin1');

  test.each([
    ['a new one', [SECRET], 1559731985, '198.51.100.100', '2464c4abcf10c957', '010000005cf79f111f8130c3eee29480'],
    ['one made anew', [SECRET], 1559734385, '198.51.100.100', '2464c4abcf10c957', '010000005cf7a871d4a564a1442aca77'],
    [
      'for another asker',
      [SECRET],
      1559734700,
      '203.0.113.203',
      'fc93fc62807ddb86',
      '010000005cf7a9acf73a7810aca2381e',
    ],
    [
      'for IPv6, with a new secret',
      [NEW, OLD],
      1559741961,
      '2001:db8:220:1:59de:d0f4:8769:82b8',
      '22681ab97d52c298',
      '010000005cf7c609a6bb79d16625507a',
    ],
  ])('%s', (_what, secrets, now, address, client, server) => {
    const jar = new CookieJar(secrets.map(hex), () => now);
    expect(Buffer.from(jar.option(hex(client), address), 'latin1').toString('hex')).toBe(`000a0018${client}${server}`);
    expect(jar.shown(option(client + server), address)).toEqual({ client: hex(client), isProven: true });
    expect(jar.shown(option(client + server), '192.0.2.1')).toMatchObject({ isProven: false });
  });

  const proven = (secrets: string[], now: number, address: string, cookie: string): boolean | undefined =>
    new CookieJar(secrets.map(hex), () => now).shown(option(cookie), address)?.isProven;

  test('one with reserved bits is taken, and one made with the secret before this', () => {
    const reserved = 'fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5';
    expect(proven([SECRET], 1559728242, '203.0.113.203', reserved)).toBe(true);
    const before = '22681ab97d52c298010000005cf7c57926556bd0934c72f8';
    const address = '2001:db8:220:1:59de:d0f4:8769:82b8';
    expect(proven([NEW, OLD], 1559741961, address, before)).toBe(true);
    expect(proven([NEW], 1559741961, address, before)).toBe(false);
  });

  test('one is good for an hour, and from a clock that is five minutes ahead', () => {
    const cookie = '2464c4abcf10c957010000005cf79f111f8130c3eee29480';
    const at = (seconds: number): boolean | undefined =>
      proven([SECRET], 1559731985 + seconds, '198.51.100.100', cookie);
    expect([-301, -300, 0, 3600, 3601].map(at)).toEqual([false, true, true, true, false]);
  });

  test('of wrong length it is a format error; another server’s is no proof', () => {
    const jar = new CookieJar();
    for (const length of [0, 7, 9, 15, 41]) {
      expect(() => jar.shown(option('11'.repeat(length)), '192.0.2.1')).toThrow('a cookie has a wrong length');
    }
    for (const length of [8, 16, 24, 40]) {
      expect(jar.shown(option('11'.repeat(length)), '192.0.2.1')).toMatchObject({ isProven: false });
    }
    expect(jar.shown('', '192.0.2.1')).toBeUndefined();
    expect(jar.shown(hex('00030000').toString('latin1'), '192.0.2.1')).toBeUndefined();
  });
});
