import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ClusterState } from '../../src/cluster/model/cluster-state.js';
import { ProblemWatch } from '../../src/notifications/problem-watch.js';
import { createLog } from '../../src/operations/log.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { ClusterNode } from '../cluster/cluster-node.js';
import { ROOT, zoneText } from '../cluster/zone-texts.js';

const log = createLog({ level: 'silent' });
let web: ClusterNode;
let ns1: ClusterNode;
let told: string[];
let watch: ProblemWatch;

beforeEach(async () => {
  [web, ns1] = await Promise.all([ClusterNode.start('web.example.com'), ClusterNode.start('ns1.example.net')]);
  told = [];
  watch = await ProblemWatch.open(join(web.folder, 'problems'), {
    problems: () => Promise.resolve(web.cluster.problems()),
    tell: ({ subject, text }) => told.push(`${subject}: ${text}`),
    log,
  });
  await web.add(ns1);
});
afterEach(async () => {
  await watch.close();
  await Promise.all([web.end(), ns1.end()]);
});

/** The member fails because of its certificate, and the threshold disables it. */
async function changeCertificate(): Promise<string> {
  const { fingerprint: accepted } = ns1;
  await web.cluster.settings.change({ failureThreshold: 1 }, ROOT);
  await ns1.renewCertificate();
  await web.cluster.saveZone(zoneName('a.example'), zoneText(1), ROOT);
  await vi.waitFor(() => expect(web.row(ns1)).toMatchObject({ state: 'disabled' }), { timeout: 10_000 });
  return accepted;
}

const notice = expect.stringMatching(/^ns1.example.net shows another certificate: /) as string;
const over = expect.stringMatching(/^The certificate of ns1.example.net is the accepted one again: /) as string;

test('a member that shows another certificate is told of, with both fingerprints, and told of once it is accepted', async () => {
  const accepted = await changeCertificate();
  await watch.check();
  expect(told).toContainEqual(notice);
  const text = told.find((one) => one.startsWith('ns1.example.net shows')) ?? '';
  for (const fingerprint of [accepted, ns1.fingerprint]) expect(text).toContain(fingerprint);

  await web.cluster.members.edit(web.row(ns1).id, { fingerprint: ns1.fingerprint }, ROOT);
  await web.cluster.members.enable(web.row(ns1).id, ROOT);
  await watch.check();
  expect(told).toContainEqual(over);
});

test.each([
  ['as it is written now', (state: ClusterState) => state],
  [
    'as it was written before, by its sentence alone',
    (state: ClusterState) => ({
      ...state,
      members: state.members.map(({ disabledFailure: _kind, ...member }) => member),
    }),
  ],
])('the cause of a disabled member is read from a state file %s', async (_, written) => {
  await changeCertificate();
  await watch.check();
  await web.stop();
  const file = join(web.folder, 'data', 'cluster.json');
  writeFileSync(file, JSON.stringify(written(JSON.parse(readFileSync(file, 'utf8')) as ClusterState)));
  await web.start();
  expect(web.row(ns1)).toMatchObject({ state: 'disabled', lastFailureKind: 'certificate_changed' });
  await watch.check();
  expect(told).not.toContainEqual(over);
});
