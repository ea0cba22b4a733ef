import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readNodeConfiguration } from '../../src/panel/node-configuration.js';

let file: string;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'configuration-'));
  file = join(folder, 'node.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function read(configuration: unknown): ReturnType<typeof readNodeConfiguration> {
  writeFileSync(file, typeof configuration === 'string' ? configuration : JSON.stringify(configuration));
  return readNodeConfiguration(file);
}

const good = {
  name: 'ns1.example.net',
  nameserver: { kind: 'knot', host: '127.0.0.1', port: 53, operator: { controlSocket: '/run/k', includeFile: '/k' } },
};

const embedded = { kind: 'embedded', host: '127.0.0.1', port: 53 };

describe('the configuration of a node', () => {
  test('has the limits of the embedded nameserver where it says nothing else of them', async () => {
    const options = { rateLimit: { responsesPerSecond: 5 } };
    expect((await read({ ...good, nameserver: { ...embedded, options } })).nameserver).toMatchObject({
      options: { allowTransfer: [], rateLimit: { responsesPerSecond: 5, window: 15, slip: 2 } },
    });
  });

  test('has data folder, address and port of a server where it says nothing else', async () => {
    expect(await read(good)).toEqual({ ...good, folder: '/var/lib/dns-cluster', host: '0.0.0.0', port: 2087 });
  });

  test.each([
    { kind: 'embedded' },
    { kind: 'bind' },
    { kind: 'bind', operator: { controlHost: '::1', controlPort: 953, keyFile: '/k', includeFile: '/i' } },
    { kind: 'powerdns', operator: { controlSocket: '/c', includeFile: '/i', configFolder: '/etc/powerdns' } },
    { kind: 'nsd', operator: { controlSocket: '/c', includeFile: '/i' } },
  ])('takes the nameserver %j', async (kind) => {
    const nameserver = { ...kind, host: '127.0.0.1', port: 53 };
    expect((await read({ ...good, nameserver })).nameserver).toEqual(nameserver);
  });
});

describe('a configuration of a node that is wrong', () => {
  test.each<[field: string, said: RegExp, configuration: unknown]>([
    ['that is no JSON', /node\.json cannot be read: .*JSON/, '{"name":'],
    ['without a name', /wrong at name: /, { nameserver: good.nameserver }],
    ['with capitals in the name', /wrong at name: must be a host name in small letters/, { ...good, name: 'NS1' }],
    ['without a nameserver', /wrong at nameserver: /, { name: 'ns1' }],
    [
      'of an unknown kind',
      /wrong at nameserver\.kind: .*'embedded' \| 'bind'/,
      { ...good, nameserver: { kind: 'bin' } },
    ],
    ['with a port out of range', /wrong at port: /, { ...good, port: 70_000 }],
    ['with a folder that is not absolute', /wrong at folder: must be an absolute path/, { ...good, folder: 'data' }],
    [
      'with a control socket that is not absolute',
      /wrong at nameserver\.operator\.controlSocket: must be an absolute path/,
      { ...good, nameserver: { ...good.nameserver, operator: { ...good.nameserver.operator, controlSocket: 'k' } } },
    ],
    [
      'with an address that is none',
      /wrong at nameserver\.options\.allowTransfer\.0: must be an address or a range/,
      { ...good, nameserver: { ...embedded, options: { allowTransfer: ['192.0.2.0/33'] } } },
    ],
    [
      'with a rate below nothing',
      /wrong at nameserver\.options\.rateLimit\.responsesPerSecond: /,
      { ...good, nameserver: { ...embedded, options: { rateLimit: { responsesPerSecond: -1 } } } },
    ],
    [
      'with options that only another nameserver has',
      /wrong at nameserver: .*"options"/,
      { ...good, nameserver: { ...good.nameserver, options: {} } },
    ],
    ['with a certificate without its key', /wrong at tls\.key: /, { ...good, tls: { certificate: '/c' } }],
    ['with a word that it does not know', /wrong at its top level: .*"colour"/, { ...good, colour: 1 }],
    ['with two faults', /wrong at port: .*; memberTypes: /, { ...good, port: 0, memberTypes: 1 }],
  ])('%s: its field is named', async (_, said, configuration) => {
    await expect(read(configuration)).rejects.toThrow(said);
  });
});
