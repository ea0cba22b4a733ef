import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { pushWhileAlive } from '../../../src/cluster/delivery/push-while-alive.js';
import { CpanelMember } from '../../../src/members/cpanel/cpanel-member.js';
import { zoneName } from '../../../src/zones/zone-name.js';
import { validateZone } from '../../../src/zones/validation.js';
import { BrokenOff, type MemberChange } from '../../../src/members/member-backend.js';
import { ClusterNode } from '../cluster-node.js';
import { ROOT, zoneText } from '../zone-texts.js';

const SILENCE = 50;
const NAME = zoneName('a.example');
const valid = validateZone(NAME, zoneText(1));
const isVersion = (call: string): boolean => call.startsWith('/json-api/version?');
const CHANGES: MemberChange[] = [{ kind: 'upsert', isNew: true, ...valid }];

let ns1: ClusterNode;
let member: CpanelMember;
/** What the member leaves without an answer, for now. */
let unanswered: Set<string>;
/** How often it was asked beside a push. */
let probes: number;
beforeEach(async () => {
  ns1 = await ClusterNode.start('ns1');
  const { host, port = 0, user, token } = await ns1.invitation('write-only', ROOT);
  const { fingerprint } = ns1;
  member = new CpanelMember({ host, port, user, token, fingerprint, self: 'web' });
  await member.probe();
  unanswered = new Set();
  probes = 0;
  ns1.intercept = (call, request) => {
    if (isVersion(call)) probes++;
    // Cut off before it is done: so it looks where the network fails, only sooner.
    if (isVersion(call) && unanswered.has('version')) request.socket.destroy();
    return unanswered.has(call) || (isVersion(call) && unanswered.has('version'));
  };
});
afterEach(async () => {
  await member.close();
  await ns1.end();
});

test('a push that hangs is told when the member is silent, and broken off when the member answers again', async () => {
  unanswered = new Set(['synczones_local', 'version']);
  const silent = vi.fn();
  const push = pushWhileAlive(member, CHANGES, { silent, silence: SILENCE });
  await vi.waitFor(() => expect(probes).toBeGreaterThan(4), 10_000);
  expect(silent).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ failure: 'unreachable' }));
  unanswered.delete('version');
  await expect(push).rejects.toBeInstanceOf(BrokenOff);
  unanswered.clear();
  await expect(pushWhileAlive(member, CHANGES, { silent })).resolves.toMatchObject([{ outcome: 'done', serial: 1 }]);
});

test('a push that takes long is left alone while the member answers', async () => {
  unanswered = new Set(['synczones_local']);
  const silent = vi.fn();
  const push = pushWhileAlive(member, CHANGES, { silent, silence: SILENCE });
  await vi.waitFor(() => expect(probes).toBeGreaterThan(4), 10_000);
  await expect(Promise.race([push, Promise.resolve('under way')])).resolves.toBe('under way');
  expect(silent).not.toHaveBeenCalled();
  await member.close();
  await expect(push).rejects.not.toBeInstanceOf(BrokenOff);
});
