import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { templateNames, zoneFromTemplate } from '../../src/zones/templates.js';
import { validateZone } from '../../src/zones/validation.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { needs, run } from '../needs.js';

const name = zoneName('new.example');
const ip = '192.0.2.7';
const elsewhere = { ns1: 'ns1.hosting.example', ns2: 'ns2.hosting.example' };
const names = templateNames();

function filled(template: string, variables: Readonly<Record<string, string>>): string {
  return zoneFromTemplate(template, variables, name).toString();
}

describe('the zone templates', () => {
  test('are the ones of a hosting panel', () => {
    expect(names).toEqual(['simple', 'standard']);
  });

  test.each(names)('%s gives a valid zone with nothing but an address, named after itself', (template) => {
    const { zone, serial, warnings } = validateZone(name, zoneFromTemplate(template, { ip }, name));
    expect(warnings).toEqual([]);
    expect(zone.records.length).toBeGreaterThanOrEqual(6);
    expect(String(serial)).toMatch(/^20[0-9]{6}01$/);
    expect(filled(template, { ip })).toContain('ns2.new.example.\tIN\tA\t192.0.2.7\n');
  });

  test.each(names)('%s has no address for a nameserver of another zone', (template) => {
    const text = filled(template, { ip, ...elsewhere });
    expect(text).toContain('\tNS\tns1.hosting.example.\n');
    expect(text).not.toContain('hosting.example.\tIN\tA');
    expect(() => validateZone(name, Buffer.from(text))).not.toThrow();
  });

  test.each(names)('%s takes nameservers with a final dot, in capitals, and at the name of the zone', (template) => {
    const text = filled(template, { ip, ns1: 'NS1.New.Example.', ns2: 'new.example' });
    expect(validateZone(name, Buffer.from(text)).warnings).toEqual([]);
    expect(text).not.toContain('..');
  });

  test.skipIf(!needs('named-checkzone'))('and all their zones are taken by BIND', () => {
    const folder = mkdtempSync(join(tmpdir(), 'templates-'));
    try {
      for (const template of names) {
        for (const variables of [{ ip }, { ip, ...elsewhere }, { ip, ns1: 'new.example.' }]) {
          const file = join(folder, 'zone');
          writeFileSync(file, zoneFromTemplate(template, variables, name));
          expect(run('named-checkzone', '-i', 'local', name, file)).toContain('OK');
        }
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('put mail and web names into the standard zone', () => {
    const text = filled('standard', { ip, ...elsewhere, hostmaster: 'dns.hosting.example', ttl: '300', serial: '42' });
    for (const line of ['$TTL 300', 'www\tIN\tCNAME\t@', 'mail\tIN\tA\t192.0.2.7', '\tIN\tMX\t0 mail']) {
      expect(text.split('\n')).toContain(line);
    }
    expect(text).toMatch(/SOA\tns1\.hosting\.example\. dns\.hosting\.example\. \(\n\s*42\s/);
    expect(text).toContain('v=spf1');
  });

  test('name no variable that is not checked', () => {
    for (const template of names) {
      const source = readFileSync(new URL(`../../templates/zones/${template}.zone`, import.meta.url), 'utf8');
      const used = new Set([...source.matchAll(/\{\{([^}]*)\}\}/g)].map(([, variable]) => variable));
      expect([...used].sort()).toEqual(['hostmaster', 'ip', 'ns1', 'ns2', 'serial', 'ttl']);
    }
  });
});

describe('a zone from a template is refused', () => {
  test.each(['nothing', '../../package', '', 'constructor'])(
    'where the template is "%s", with those that there are',
    (template) => {
      expect(() => filled(template, { ip })).toThrow(
        expect.objectContaining({
          code: 'template_unknown',
          message: expect.stringContaining('simple, standard') as string,
        }),
      );
    },
  );

  test.each([
    ['ip', ''],
    ['ip', '2001:db8::1'],
    ['ip', '192.0.2.1\n@ IN NS evil.example.'],
    ['ns1', 'one-label'],
    ['ns1', 'ns1.example.net. evil'],
    ['ns2', 'ns2..example'],
    ['hostmaster', 'me@example.net'],
    ['ttl', '1h'],
    ['serial', '4294967296'],
  ])('where %s is %j, naming the variable', (variable, value) => {
    expect(() => filled('standard', { ip, [variable]: value })).toThrow(
      expect.objectContaining({
        code: 'template_variable',
        message: expect.stringContaining(`variable ${variable}:`) as string,
      }),
    );
  });

  test('where a variable only seems to be given, by what every object has', () => {
    expect(() => filled('standard', Object.create({ ip }) as Record<string, string>)).toThrow('variable ip:');
  });
});
