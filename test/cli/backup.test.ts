import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { buffer } from 'node:stream/consumers';
import { pack, type Headers } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SELF } from '../../src/access/principal.js';
import { restoreFolder } from '../../src/backup/restore-folder.js';
import { startNode } from '../../src/panel/node.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { zoneText } from '../cluster/zone-texts.js';
import { runningNode } from './running-node.js';

const web = runningNode();
let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'backup-'));
  file = join(folder, 'web.tar.gz');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('dnscluster backup and restore', () => {
  test('bring a node with zones, tokens, users and certificate to another folder, while the first one runs', async () => {
    const { plugin, users, fingerprint } = web.node;
    await plugin.cluster.saveZone(zoneName('a.example'), zoneText(3), SELF);
    await plugin.tokens.create({ user: 'root', kind: 'root', name: 'one', privileges: ['all'] });
    await users.add({ user: 'operator', kind: 'root', privileges: ['all'] }, 'a long password');
    const { status, said } = await web.json(['backup', file]);
    expect([status, said]).toMatchObject([0, { running: true, zones: 1 }]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['web.tar.gz']);

    const place = join(folder, 'restored');
    const restored = await web.run(['restore', file, '--folder', place]);
    expect([restored.status, restored.err]).toEqual([0, `Restoring ${file} into ${place} ...\n`]);
    const nameserver = { kind: 'embedded', host: '127.0.0.1', port: 0 } as const;
    const node = await startNode({ name: 'web.example.net', folder: place, host: '127.0.0.1', port: 0, nameserver });
    try {
      expect(node.fingerprint).toBe(fingerprint);
      expect(node.users.list().map(({ user }) => user)).toEqual(['operator']);
      expect(node.plugin.tokens.list().map(({ name }) => name)).toEqual(['one']);
      expect(node.plugin.cluster.zones.get(zoneName('a.example'), SELF)).toMatchObject({ serial: 3 });
    } finally {
      await node.stop();
    }
    // Over data only when that is wanted, and then it is set aside.
    expect(await web.run(['restore', file, '--folder', place])).toMatchObject({ status: 1 });
    const { said: again } = await web.json(['restore', file, '--folder', place, '--force']);
    for (const aside of (again as { setAside: string[] }).setAside) expect(existsSync(aside)).toBe(true);
  });

  test('refuse a folder whose service runs, a file that is there, and one inside the folder', async () => {
    await web.run(['backup', file]);
    expect(await web.run(['restore', file, '--force'])).toMatchObject({
      status: 1,
      err: expect.stringMatching(/is in use by process/) as string,
    });
    expect(await web.run(['backup', file])).toMatchObject({ status: 2 });
    expect(await web.run(['backup', join(web.folder, 'x.tar.gz')])).toMatchObject({ status: 2 });
  });

  test('leave a folder in which nothing starts where a restore was ended in the middle', async () => {
    writeFileSync(join(folder, 'restore-unfinished'), '');
    const nameserver = { kind: 'embedded', host: '127.0.0.1', port: 0 } as const;
    const start = startNode({ name: 'web', folder, host: '127.0.0.1', port: 0, nameserver });
    await expect(start).rejects.toMatchObject({ code: 'folder_half_restored' });
  });
});

describe('an archive', () => {
  async function archive(entries: (Headers & { text?: string })[]): Promise<void> {
    const made = pack();
    for (const { text = '', ...header } of entries) made.entry(header, text);
    made.finalize();
    writeFileSync(file, gzipSync(await buffer(made)));
  }
  const place = (): string => join(folder, 'place');
  const refused = async (why: RegExp): Promise<void> => {
    await expect(restoreFolder(file, place(), { force: true })).rejects.toMatchObject({
      code: 'backup_unusable',
      message: expect.stringMatching(why) as string,
    });
    expect(readdirSync(place())).toEqual([]);
  };

  test.each([
    ['leads out of the folder', { name: '../outside' }, /no plain file/],
    ['is absolute', { name: '/etc/outside' }, /no plain file/],
    ['has a link in it', { name: 'zones', type: 'symlink', linkname: '/etc' }, /no plain file/],
    ['has a hard link in it', { name: 'zones', type: 'link', linkname: 'x' }, /no plain file/],
    ['has a device in it', { name: 'zones', type: 'character-device' }, /no plain file/],
    ['ends before its manifest', { name: 'index', text: 'x' }, /before its manifest/],
    ['has a manifest of nothing known', { name: 'manifest.json', text: '{}' }, /not one that this version knows/],
  ] as [string, Headers & { text?: string }, RegExp][])('that %s changes nothing', async (_, entry, why) => {
    await archive([entry]);
    await refused(why);
    expect(existsSync(join(folder, 'outside'))).toBe(false);
  });

  test.each(['x', 'L'])('with a name of 64 MiB (tar’s type %s) is not read to the end of that', async (type) => {
    const made = pack();
    made.entry({ name: 'x' }, 'x'.repeat(1 << 26));
    made.finalize();
    const tar = await buffer(made);
    const [typeAt, sumAt, sumLength] = [156, 148, 8];
    tar.write(type, typeAt);
    tar.fill(' ', sumAt, sumAt + sumLength);
    const sum = tar.subarray(0, 512).reduce((total, octet) => total + octet, 0);
    tar.write(`${sum.toString(8).padStart(6, '0')}\0`, sumAt);
    writeFileSync(file, gzipSync(tar));
    await refused(/what stands before a file in it is too large/);
  });

  test('with one octet changed, or cut off, changes nothing', async () => {
    await web.run(['backup', file, '--force']);
    const whole = readFileSync(file);
    const tar = gunzipSync(whole);
    const at = tar.indexOf('SOA ');
    tar.writeUInt8(tar.readUInt8(at) ^ 1, at);
    writeFileSync(file, gzipSync(tar));
    await refused(/is not as it was written/);
    writeFileSync(file, whole.subarray(0, whole.length >> 1));
    await refused(/./);
  });
});
