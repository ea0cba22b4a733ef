import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { b64, WhmNode } from './whm-node.js';

/* Each of these is read in some milliseconds; a reader whose time grows with the square of the length needs an hour. */
const LONG = 1024 * 1024;

let node: WhmNode;
beforeAll(async () => {
  node = await WhmNode.start();
});
afterAll(() => node.stop());

describe('a zone with a line of a mebibyte, written to cost much time,', () => {
  test.each([
    ['blanks in a comment', ';', ' '],
    ['carriage returns in a comment', ';', '\r'],
    ['blanks behind a record', 'a A 192.0.2.9 ;', ' '],
    ['tabs and carriage returns behind a record', 'a A 192.0.2.9 ;', '\t\r'],
  ])('%s, is shown and changed as fast as any', async (_, before, what) => {
    const line = `${before}${what.repeat(LONG / what.length)}x`;
    const zone = await node.zoneWith(
      `$TTL 60\n@ SOA ns1.example.net. h.example.net. 5 1 1 1 1\n@ NS ns1.example.net.\n${line}\n`,
    );
    const items = await node.parsed(zone);
    expect(items).toHaveLength(4);
    const index = items.find(({ record_type: type }) => type === (before === ';' ? 'NS' : 'A'))?.line_index;
    const record = { dname: 'b', ttl: 60, record_type: 'A', data: ['192.0.2.10'], line_index: index };
    const fields = { zone, serial: await node.serialOf(zone), edit: JSON.stringify(record) };
    const { metadata } = await node.call('mass_edit_dns_zone', before === ';' ? addition(fields) : fields);
    expect(metadata).toMatchObject({ result: 1 });
    expect((await node.parsed(zone)).map(({ dname_b64: name }) => name)).toContain(b64('b'));
    expect((await node.dumped(zone)).length).toBeGreaterThan(3);
  });
});

function addition({
  edit,
  ...fields
}: {
  zone: string;
  serial: number;
  edit: string;
}): Record<string, string | number> {
  return { ...fields, add: edit };
}
