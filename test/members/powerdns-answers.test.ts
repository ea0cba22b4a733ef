import { describe, expect, test } from 'vitest';
import { respelled } from '../../src/members/powerdns-api/rrset-changes.js';

const content = '1 . alpn=h2 port=443';
const wanted = '1 . port=443 alpn=h2';
const changes = [
  { name: '0/26.a.example.', type: 'HTTPS', ttl: 60, changetype: 'REPLACE', records: [{ content, disabled: false }] },
] as const;
const said = (sent: string, parsed: string): string =>
  `Record 0/26.a.example./HTTPS '${sent}': Not in expected format (parsed as '${parsed}')`;

describe('what PowerDNS says of a record that it wants spelled otherwise', () => {
  test('is taken up where it means the same', () => {
    const [change] = respelled(changes as never, said(content, wanted)) ?? [];
    expect(change?.records).toEqual([{ content: wanted, disabled: false }]);
  });

  test('is passed over where it means something else, or is about another record', () => {
    expect(respelled(changes as never, said(content, '1 . port=444 alpn=h2'))).toBeUndefined();
    expect(respelled(changes as never, said('1 . port=80', wanted))).toBeUndefined();
  });

  test.each([
    ['slashes', `Record ${'/'.repeat(1_000_000)}`],
    ['slashes and letters', `Record ${'/A'.repeat(500_000)} 'x')`],
    ['its own words over and over', said(content, said(content, wanted).repeat(20_000))],
    ['quotes', `Record a/HTTPS ${"'".repeat(1_000_000)}`],
  ])('is passed over in no time where it is a megabyte of %s', (_, text) => {
    expect(respelled(changes as never, text)).toBeUndefined();
  });
});
