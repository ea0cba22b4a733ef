import { join } from 'node:path';
import { Agent, request } from 'undici';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SELF } from '../../src/access/principal.js';
import { parseName } from '../../src/dns/name.js';
import { DnsClient } from '../../src/dns/messages/query.js';
import { verifyAudit } from '../../src/operations/audit-chain.js';
import { auditFiles } from '../../src/operations/audit-log.js';
import { freePort } from '../../src/operations/ports.js';
import { startNode, type RunningNode } from '../../src/panel/node.js';
import type { ZoneName } from '../../src/zones/zone-name.js';
import { ClusterNode } from '../cluster/cluster-node.js';
import { ROOT, zoneNames, zoneText } from '../cluster/zone-texts.js';
import { mayMount, SmallDisk } from '../small-disk.js';

const ZONES = zoneNames(5);
const [A, B, C] = ZONES as [ZoneName, ZoneName, ZoneName];

describe.skipIf(!mayMount())('a node whose disk is full', () => {
  let disk: SmallDisk;
  let node: RunningNode;
  let ns1: ClusterNode;
  let port: number;
  let agent: Agent;
  beforeEach(async () => {
    disk = SmallDisk.mount(4 * 1024 * 1024);
    agent = new Agent({ connect: { rejectUnauthorized: false } });
    ns1 = await ClusterNode.start('ns1');
    port = await freePort();
    await start();
    await node.users.add({ user: 'operator', kind: 'root', privileges: ['all'] }, 'a long password');
    await node.plugin.cluster.members.add(await ns1.invitation('write-only', ROOT), SELF);
    for (const name of ZONES) await save(name, 1);
  });
  afterEach(async () => {
    await node.stop();
    await ns1.end();
    await agent.close();
    disk.unmount();
  });

  async function start(): Promise<void> {
    const nameserver = { kind: 'embedded', host: '127.0.0.1', port } as const;
    node = await startNode({ name: 'web', folder: disk.folder, host: '127.0.0.1', port: 0, nameserver });
  }

  function save(name: ZoneName, serial: number, size = 0): Promise<unknown> {
    return node.plugin.cluster.saveZone(name, zoneText(serial, '192.0.2.1', 'x'.repeat(size)), SELF);
  }

  async function served(name: ZoneName): Promise<number | undefined> {
    const client = new DnsClient({ host: '127.0.0.1', port }, { timeout: 5_000 });
    try {
      return await client.soaSerial(parseName(`${name}.`));
    } finally {
      client.close();
    }
  }

  async function status(path: string): Promise<number> {
    const { statusCode, body } = await request(`${node.url}${path}`, { dispatcher: agent });
    await body.dump();
    return statusCode;
  }

  /** Nothing that changes anything is done, each time with the reason; what is there is served. */
  async function refusesChanges(): Promise<void> {
    const { plugin, users } = node;
    const full = { status: 507, message: expect.stringMatching(/refused the change.*ENOSPC.*Make room/s) as string };
    await expect(save(A, 2, 20_000)).rejects.toMatchObject({ ...full, code: 'zones_not_written' });
    await expect(
      plugin.tokens.create({ user: 'root', kind: 'root', name: 'one', privileges: ['all'] }),
    ).rejects.toMatchObject({ ...full, code: 'state_not_written' });
    await expect(plugin.cluster.settings.change({ failureThreshold: 3 }, SELF)).rejects.toMatchObject(full);
    await expect(
      users.add({ user: 'other', kind: 'root', privileges: ['all'] }, 'a long password'),
    ).rejects.toMatchObject(full);
    expect(await Promise.all(ZONES.map(served))).toEqual([1, 1, 1, 1, 1]);
    expect(await Promise.all(['/healthz', '/readyz'].map(status))).toEqual([200, 200]);
  }

  test('refuses changes with the reason and serves what it has, also after a restart, and goes on by itself when there is room', async () => {
    disk.fill();
    await refusesChanges();
    // Neither its end nor its start needs room.
    await node.stop();
    await start();
    await refusesChanges();
    // What a member takes meanwhile is not forgotten either.
    await vi.waitFor(() =>
      expect(node.plugin.cluster.members.list(SELF)).toMatchObject([{ pending: 0, state: 'online' }]),
    );
    disk.empty();
    const { plugin, users } = node;
    await save(A, 2, 20_000);
    await plugin.cluster.removeZone(B, SELF);
    await plugin.tokens.create({ user: 'root', kind: 'root', name: 'one', privileges: ['all'] });
    await plugin.cluster.settings.change({ failureThreshold: 3 }, SELF);
    await users.add({ user: 'other', kind: 'root', privileges: ['all'] }, 'a long password');
    expect([await served(A), await served(B), await served(C)]).toEqual([2, undefined, 1]);
    await vi.waitFor(() => expect(Object.keys(ns1.holdings())).toHaveLength(4), { timeout: 10_000 });

    await node.stop();
    const before = ns1.calls.filter((call) => call.startsWith('sync')).length;
    await start();
    const { settings } = await node.plugin.cluster.status(SELF);
    expect(settings.failureThreshold).toBe(3);
    expect(node.plugin.tokens.list().map(({ name }) => name)).toEqual(['one']);
    expect(node.users.list().map(({ user }) => user)).toEqual(['operator', 'other']);
    expect((await node.plugin.cluster.zones.history(A, SELF)).map(({ serial }) => serial)).toEqual([1]);
    expect((await node.plugin.cluster.removed.restore(B, SELF)).change).toBe('created');
    // The ledger knows that the member has everything: it got one zone since, and nothing else again.
    await vi.waitFor(async () => expect(await ns1.served(B)).toBe(2), { timeout: 10_000 });
    expect(ns1.calls.filter((call) => call.startsWith('sync')).length).toBe(before + 1);
    // Who was refused is in the audit log, whose chain is whole.
    const verdict = await verifyAudit(auditFiles(join(disk.folder, 'dns-cluster', 'audit.log')));
    expect(verdict.broken).toBeUndefined();
  });

  test.each([4_096, 12_288, 40_960])(
    'that has %d octets left does each change as a whole or not at all',
    async (left) => {
      disk.fill(left);
      let serial = 1;
      const outcomes: string[] = [];
      for (let i = 0; i < 12; i++) {
        const done = await save(A, serial + 1, 3_000).then(
          () => true,
          (error: unknown) => {
            expect(error).toMatchObject({ status: 507 });
            return false;
          },
        );
        if (done) serial++;
        outcomes.push(done ? 'done' : 'refused');
        expect(await served(A)).toBe(serial);
      }
      expect(outcomes).toContain('refused');
      await node.stop();
      await start();
      expect(await served(A)).toBe(serial);
      disk.empty();
      await save(A, serial + 1);
      expect(await served(A)).toBe(serial + 1);
      await vi.waitFor(async () => expect(await ns1.served(A)).toBe(serial + 1), { timeout: 10_000 });
      expect((await node.plugin.cluster.status(SELF)).damaged).toEqual([]);
    },
  );
});
