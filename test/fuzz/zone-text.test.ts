import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ClusterError } from '../../src/errors.js';
import { parseZone } from '../../src/dns/zone-text/parser.js';
import { printZone } from '../../src/dns/zone-text/printer.js';
import { validateZone } from '../../src/zones/validation.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { hostingZones } from '../hosting-zones.js';
import { fuzz, FUZZ_TIMEOUT } from './fuzz.js';
import { mutated } from './mutations.js';

const NAME = zoneName('example.com');
const folder = new URL('../zones/', import.meta.url);
const tricky = readdirSync(folder).filter((file) => file.endsWith('.zone'));
const good = [
  ...tricky.map((file) => readFileSync(new URL(file, folder))),
  ...hostingZones(2).map(({ text }) => Buffer.from(text)),
];
const TOKENS = [
  ...['(', ')', '"', ';', '\\', '\\000', '\\999', '\\.', '@', '*', '.', '..', '\n', '\r\n', '\t', '\0', '\xff', ' '],
  ...['$TTL ', '$ORIGIN ', '$INCLUDE /etc/passwd\n', '$GENERATE 1-99999999 a$ A 192.0.2.$\n', '$GENERATE 1-2 ${'],
  ...['IN', 'CH', '99999999999', '-1', '1w2d', 'TYPE65535', '\\# 4 ', '\\# 99999 00', 'SOA', 'RRSIG', 'SVCB', 'LOC'],
  ...['a'.repeat(64), 'a.'.repeat(130), '"'.repeat(300), '('.repeat(300)],
];

test(
  'any text is a zone that is printed as it is read, or is refused with a line and a reason',
  async () => {
    await fuzz(mutated(good, TOKENS), (text) => {
      try {
        const { zone, digest } = validateZone(NAME, text);
        const printed = Buffer.from(printZone(zone), 'latin1');
        expect(validateZone(NAME, printed).digest).toBe(digest);
        expect(parseZone(printed, NAME).records).toHaveLength(zone.records.length);
      } catch (error) {
        if (!(error instanceof ClusterError)) throw error;
        expect(['zone_invalid', 'zone_too_large']).toContain(error.code);
        for (const { line, message } of error.issues) {
          expect(line).toBeGreaterThanOrEqual(0);
          expect(message).not.toBe('');
        }
        expect(error.message.length).toBeLessThan(100_000);
      }
    });
  },
  FUZZ_TIMEOUT,
);
