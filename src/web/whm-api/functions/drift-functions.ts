import { z } from 'zod';
import type { BatchOutcome } from '../../../cluster/model/results.js';
import { DRIFT_KINDS } from '../../../cluster/model/drift-kinds.js';
import { apiFunction, many, text, type ApiFunction } from '../api-function.js';
import { zone } from '../zone-parameters.js';

const privilege = 'clustering';

/** Where servers differ: members from what they should hold, and servers that write the same zone. */
export const DRIFT_FUNCTIONS: Readonly<Record<string, ApiFunction>> = {
  listdrift: apiFunction({
    summary: 'How members differed from what they should hold when they were looked at last, and what the kinds mean',
    privilege,
    parameters: {},
    run: (_, { cluster, peer }) => ({ report: cluster.drift(peer), kinds: DRIFT_KINDS }),
  }),
  checkdrift: apiFunction({
    summary:
      'Compare one member, or all, with what they should hold, now: what they say, and what their nameservers answer',
    privilege,
    parameters: { member: text.optional() },
    run: async ({ member }, { cluster, peer }) => ({ report: await cluster.checkDrift(member, peer) }),
  }),
  settledrift: apiFunction({
    summary: 'Settle differences at a member: send ours again, take theirs, or remove there what is not here any more',
    privilege,
    parameters: {
      member: text,
      zone: many(zone),
      how: text.pipe(z.enum(['send', 'take', 'remove'], { error: 'must be send, take or remove' })),
    },
    run: async ({ member, zone: zones, how }, { cluster, peer }) => {
      return { outcome: outcomesOf(await cluster.settleDrift(member, zones, how, peer)) };
    },
  }),
  restorefiles: apiFunction({
    summary: 'The same as restorefile for all zones whose file is missing',
    privilege,
    parameters: {},
    run: async (_, { cluster, peer }) => ({ outcome: outcomesOf(await cluster.restoreFiles(peer)) }),
  }),
  restorefile: apiFunction({
    summary:
      'Bring the file of a zone back that is missing or broken: from a member that has this version, else from history',
    privilege,
    parameters: { zone },
    run: ({ zone: name }, { cluster, peer }) => cluster.restoreFile(name, peer),
  }),
  listconflicts: apiFunction({
    summary: 'Zones that two servers write with different content',
    privilege,
    parameters: {},
    run: (_, { cluster, peer }) => ({ conflict: cluster.conflicts(peer) }),
  }),
  takeoverzone: apiFunction({
    summary: 'Make a zone this server’s, whoever had it; what the other sends of it is refused from then on',
    privilege,
    parameters: { zone },
    run: ({ zone: name }, { cluster, peer }) => cluster.takeOverZone(name, peer),
  }),
  forgetconflict: apiFunction({
    summary: 'Put a conflict away that is settled',
    privilege,
    parameters: { zone },
    run: async ({ zone: name }, { cluster, peer }) => {
      await cluster.forgetConflict(name, peer);
      return {};
    },
  }),
  setconflictpolicy: apiFunction({
    summary: 'Of a zone that two servers write: the newest serial wins, or the first server keeps it',
    privilege,
    parameters: { policy: text.pipe(z.enum(['newest', 'first'], { error: 'must be newest or first' })) },
    run: async ({ policy }, { cluster, peer }) => {
      await cluster.configure({ conflictPolicy: policy }, peer);
      return cluster.status(peer);
    },
  }),
};

function outcomesOf(outcomes: readonly BatchOutcome[]): object[] {
  return outcomes.map((one) => ('error' in one ? { zone: one.zone, refused: one.error.message } : one.result));
}
