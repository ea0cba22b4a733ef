import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseZone } from '../../src/dns/zone-text/parser.js';
import { printZone } from '../../src/dns/zone-text/printer.js';

const FOLDER = 'test/zones';

/** The zone files of test/zones, each with what BIND's named-compilezone -s full printed of it. */
const files = readdirSync(FOLDER).filter((file) => /^\d\d-.*\.zone$/.test(file));

describe('tricky zone files', () => {
  test('are all here', () => {
    expect(files).toHaveLength(23);
  });

  test.each(files)('%s reads and prints to exactly what BIND printed', (file) => {
    const zone = parseZone(readFileSync(`${FOLDER}/${file}`), 'example.org', { include: FOLDER });
    expect(printZone(zone)).toBe(readFileSync(`${FOLDER}/${file.replace('.zone', '.truth')}`, 'latin1'));
  });

  test.each(files)('%s printed and read again is the same', (file) => {
    const printed = printZone(parseZone(readFileSync(`${FOLDER}/${file}`), 'example.org', { include: FOLDER }));
    expect(printZone(parseZone(Buffer.from(printed, 'latin1'), 'example.org'))).toBe(printed);
  });
});
