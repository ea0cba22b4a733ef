import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { NewCpanelMember } from '../../src/cluster/model/member-status.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { ClusterNode } from './cluster-node.js';
import { SilentMember, SILENCES, type Silence } from './silent-member.js';
import { ROOT, zoneText } from './zone-texts.js';

/** Milliseconds for a stop, whatever members do. */
const SOON = 5_000;
const NAME = zoneName('a.example');
const OTHER = zoneName('b.example');
/** Calls to one member under way at a time, at most. */
const AT_ONCE = 8;
const ALL = { direction: 'all', unconfigured: true, plan: false } as const;

let web: ClusterNode;
let ns1: ClusterNode;
let silent: SilentMember;
/** The member's nameserver, which answers nothing. */
let dns: Socket;
let invitation: NewCpanelMember;

/** A server with a silent member, which has a zone of it. */
async function withMember(how: Silence, healthSchedule = '0 0 1 1 *'): Promise<void> {
  [web, ns1] = await Promise.all([
    ClusterNode.start('web', { schedules: { health: healthSchedule } }),
    ClusterNode.start('ns1'),
  ]);
  silent = new SilentMember(ns1, how);
  invitation = { ...(await ns1.invitation('sync', ROOT)), dnsPort: dns.address().port };
  await web.cluster.members.add(invitation, ROOT);
  await web.cluster.saveZone(NAME, zoneText(1), ROOT, { wait: 'local' });
  await vi.waitFor(() => expect(ns1.holdings()).toEqual(web.holdings()), 10_000);
}

/** What is said within the time. */
async function soon<T>(work: Promise<T>): Promise<T> {
  const start = performance.now();
  const answer = await work;
  expect(performance.now() - start).toBeLessThan(SOON);
  return answer;
}

const WORK: Record<string, () => Promise<unknown>> = {
  'the drift check': () => web.cluster.drift.check(undefined, ROOT),
  'a synchronization': () => web.cluster.synchronize.run(ALL, ROOT),
  'a synchronization that goes on by itself': async () => (await web.cluster.synchronize.start(ALL, ROOT)).over,
  'the newest text of a zone': () => web.cluster.zones.newestText(NAME, ROOT),
  'the text of a zone there': () => web.cluster.members.zoneText(web.row(ns1).id, NAME, ROOT),
  'a push': () => web.cluster.saveZone(NAME, zoneText(2), ROOT, { timeout: 60_000 }),
  'a new domain': () => web.cluster.addZone(OTHER, zoneText(2), ROOT),
  'a test of the member': () => web.cluster.members.test(web.row(ns1).id, ROOT),
  // By another name, as it is in the table.
  'adding a member': () => web.cluster.members.add({ ...invitation, host: 'localhost' }, ROOT),
  'the proof of its new credentials': () =>
    web.cluster.members.edit(web.row(ns1).id, { token: invitation.token }, ROOT),
  'a look at its certificate': () => web.cluster.members.lookAt('127.0.0.1', invitation.port, ROOT),
  'a question to its nameserver': () => web.cluster.members.askForSoa(web.row(ns1).id, NAME, ROOT),
};

beforeEach(async () => {
  dns = createSocket('udp4').bind(0, '127.0.0.1');
  await once(dns, 'listening');
});
afterEach(async () => {
  await web.end();
  await silent.end();
  dns.close();
});

describe('a server stops within five seconds', () => {
  // Who is silent after the request has shown its certificate, and its nameserver is asked by none.
  const { 'a look at its certificate': _, 'a question to its nameserver': _question, ...requests } = WORK;
  test.each(Object.keys(requests))('while %s waits for a member that is silent after the request', async (what) => {
    await withMember('request');
    await silent.fallSilent();
    const over = WORK[what]?.().catch((error: unknown) => error);
    await silent.isWaitedFor();
    await soon(web.stop());
    await soon(Promise.resolve(over));
    expect(silent.connections()).toBe(0);
  });

  test('while the health check waits for such a member', async () => {
    await withMember('request', '* * * * * *');
    await silent.fallSilent();
    await silent.isWaitedFor();
    await soon(web.stop());
    expect(silent.connections()).toBe(0);
  });

  test('while a member that was just added does not say whether it trusts this server, which takes its token back', async () => {
    web = await ClusterNode.start('web');
    ns1 = await ClusterNode.start('ns1');
    silent = new SilentMember(ns1, 'request');
    await silent.fallSilent((call) => call !== '/cgi/trustclustermaster.cgi');
    const { tokens } = web;
    const added = web.cluster.members.add({ ...(await ns1.invitation('sync', ROOT)), reverseTrust: true }, ROOT);
    await silent.isWaitedFor();
    expect(tokens.list()).toHaveLength(1);
    await soon(web.stop());
    expect((await soon(added)).reverseTrust?.established).toBe(false);
    expect(tokens.list()).toHaveLength(0);
  });

  test.each(SILENCES)('while everything waits for a member whose silence begins with: %s', async (how) => {
    await withMember(how);
    await silent.fallSilent();
    const all = Promise.allSettled(Object.values(WORK).map((begin) => begin()));
    await silent.isWaitedFor(AT_ONCE);
    await soon(web.stop());
    await soon(all);
    expect(silent.connections()).toBe(0);
  });
});

describe('a synchronization that is cancelled', () => {
  test.each(SILENCES)('ends though a member is silent, which is not counted against it, in its %s', async (how) => {
    await withMember(how);
    await silent.fallSilent();
    const job = await web.cluster.synchronize.start(ALL, ROOT);
    await silent.isWaitedFor();
    job.cancel();
    await soon(job.over);
    expect(job).toMatchObject({ state: 'cancelled', result: { unreachable: [], taken: [], resent: 0 } });
    expect(web.row(ns1)).toMatchObject({ state: 'online', failures: 0 });
  });
});
