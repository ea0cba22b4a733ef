import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startNode, type RunningNode } from '../../src/panel/node.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { ClusterNode } from '../cluster/cluster-node.js';
import { ROOT, zoneText } from '../cluster/zone-texts.js';

const PASSWORD = 'correct horse battery staple';
const NAME = zoneName('a.example');
/** What the nameserver, of the same group, and everybody who connects may read. */
const OF_THE_GROUP = /^dns-cluster(\/(zones|previous|by-hand)(\/.*)?)?$/;
const PUBLIC = new Set(['tls/tls.crt']);

let folder: string;
let node: RunningNode;
let ns1: ClusterNode;
let secret: string;
let memberToken: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'node-folder-'));
  ns1 = await ClusterNode.start('ns1');
  const nameserver = { kind: 'embedded', host: '127.0.0.1', port: 0 } as const;
  node = await startNode({ name: 'web', folder, host: '127.0.0.1', port: 0, nameserver });
  const { cluster, tokens } = node.plugin;
  await node.users.add({ user: 'root', kind: 'root', privileges: ['all'] }, PASSWORD);
  ({ secret } = await tokens.create({ user: 'root', kind: 'root', name: 'script', privileges: ['all'] }));
  const member = await ns1.invitation('sync', ROOT);
  memberToken = member.token;
  await cluster.members.add(member, ROOT);
  for (const serial of [5, 6]) await cluster.saveZone(NAME, zoneText(serial), ROOT);
  await cluster.removeZone(NAME, ROOT);
});
afterAll(async () => {
  await node.stop();
  await ns1.end();
  rmSync(folder, { recursive: true, force: true });
});

const entries = (): string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' });

describe('what a node keeps', () => {
  test('is for its user alone, but for zone files, which its group reads, and its certificate', () => {
    const modes = entries().flatMap((path) => {
      const stat = lstatSync(join(folder, path));
      // The lock leads nowhere, and a link has no mode of its own.
      return stat.isSymbolicLink()
        ? []
        : [{ path, others: stat.mode & 0o007, group: stat.mode & 0o070, isFile: stat.isFile() }];
    });
    expect(modes.length).toBeGreaterThan(20);
    const open = modes.filter(({ path, others }) => others !== 0 && !PUBLIC.has(path));
    const shared = modes.filter(
      ({ path, group, isFile }) => isFile && group !== 0 && !OF_THE_GROUP.test(path) && !PUBLIC.has(path),
    );
    expect([open, shared]).toEqual([[], []]);
  });

  test('holds no password and no token in any file, but the one for its member in the file of the cluster', () => {
    const files = entries().filter((path) => lstatSync(join(folder, path)).isFile());
    const holding = (text: string): string[] => files.filter((path) => readFileSync(join(folder, path)).includes(text));
    expect(holding(PASSWORD)).toEqual([]);
    expect(holding(secret)).toEqual([]);
    expect(new Set(holding(memberToken).map((path) => path.replace(/\.bak$/, '')))).toEqual(
      new Set(['dns-cluster/cluster.json']),
    );
  });
});
