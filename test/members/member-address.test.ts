import { describe, expect, test } from 'vitest';
import { parseMemberHost, refuseOwnAddress } from '../../src/members/member-address.js';

const own = { hostname: 'web', apiPort: 2087, fingerprint: undefined };

describe('a member address', () => {
  test.each([
    ['ns1.example.com', { host: 'ns1.example.com', port: 2087, portGiven: false }],
    ['NS1.Example.com:2088', { host: 'ns1.example.com', port: 2088, portGiven: true }],
    ['192.0.2.1', { host: '192.0.2.1', port: 2087, portGiven: false }],
    ['[2001:db8::1]:2090', { host: '2001:db8::1', port: 2090, portGiven: true }],
    ['bücher.example', { host: 'xn--bcher-kva.example', port: 2087, portGiven: false }],
  ])('%s is read', (text, expected) => {
    expect(parseMemberHost(text)).toEqual(expected);
  });

  test.each([
    '',
    'a b',
    'https://ns1.example.com',
    'ns1/x',
    'user@ns1',
    'ns1:99999',
    'ns1:0',
    '../x',
    'a..b',
    '-a.example',
  ])('"%s" is refused with a sentence', (text) => {
    expect(() => parseMemberHost(text)).toThrow(/is not a host name or address/);
  });

  test.each([
    ['127.0.0.1', 2087, false],
    ['127.0.0.1', 2087, true],
    ['localhost', 2087, false],
  ])('our own address %s:%d is refused', async (host, port, given) => {
    await expect(refuseOwnAddress(host, port, given, own)).rejects.toMatchObject({ code: 'member_is_self' });
  });

  test('another port of our own address is another node', async () => {
    await expect(refuseOwnAddress('127.0.0.1', 2090, true, own)).resolves.toBeUndefined();
  });

  test('a name without an address is refused with a sentence', async () => {
    await expect(refuseOwnAddress('nothing.invalid', 2087, false, own)).rejects.toMatchObject({
      code: 'member_unresolvable',
    });
  });
});
