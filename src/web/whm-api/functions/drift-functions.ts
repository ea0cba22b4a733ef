import { z } from 'zod';
import { DRIFT_KINDS } from '../../../cluster/model/drift-kinds.js';
import { ClusterError } from '../../../errors.js';
import { changeAnswer, outcomeAnswer, outcomeOf } from '../answers/change-answer.js';
import { statusAnswer } from '../answers/status-answer.js';
import { apiFunction, flag, many, nothing, text, wordOf, type ApiFunction } from '../api-function.js';
import { zone } from '../zone-parameters.js';

const privilege = 'clustering';

/** How one member differed when it was checked. */
const report = z.object({
  member: z.string(),
  hostname: z.string(),
  started: z.string(),
  finished: z.string(),
  compared: z.number(),
  asked: z.number(),
  askedWhole: z.number(),
  by: wordOf('digests', 'texts', 'names'),
  differences: z.array(
    z.object({
      zone: z.string(),
      kind: wordOf(...Object.keys(DRIFT_KINDS)),
      here: z.number().optional(),
      there: z.number().optional(),
      newer: wordOf('here', 'there', 'neither', 'unknown'),
      detail: z.string().optional(),
      repaired: z.string().optional(),
    }),
  ),
  found: z.number(),
  incomplete: z.string().optional(),
});
const conflict = z.object({
  zone: z.string(),
  servers: z.array(z.string()),
  metAt: z.string(),
  kept: z.string(),
  since: z.string(),
  last: z.string(),
});

/** Where servers differ: members from what they should hold, and servers that write the same zone. */
export const DRIFT_FUNCTIONS = {
  listdrift: apiFunction({
    summary: 'How members differed from what they should hold at the last check, and what the kinds mean',
    privilege,
    parameters: {},
    answer: z.object({
      report: z.array(report),
      kinds: z.record(z.string(), z.object({ label: z.string(), explanation: z.string() })),
    }),
    run: (_, { cluster, peer }) => ({ report: cluster.drift.reports(peer), kinds: DRIFT_KINDS }),
  }),
  checkdrift: apiFunction({
    summary:
      'Compare one member, or all, with what they should hold, now: their zones, and what their nameservers answer',
    privilege,
    parameters: { member: text.optional() },
    answer: z.object({ report: z.array(report) }),
    run: async ({ member }, { cluster, peer }) => ({ report: await cluster.drift.check(member, peer) }),
  }),
  settledrift: apiFunction({
    summary:
      'Settle differences at a member: send ours again, take theirs, or remove zones there that are no longer here',
    privilege,
    parameters: {
      member: text,
      zone: many(zone),
      how: text.pipe(z.enum(['send', 'take', 'remove'], { error: 'must be send, take or remove' })),
    },
    answer: z.object({ outcome: z.array(outcomeAnswer) }),
    run: async ({ member, zone: zones, how }, { cluster, peer }) => {
      return { outcome: (await cluster.drift.resolve(member, zones, how, peer)).map(outcomeOf) };
    },
  }),
  restorefiles: apiFunction({
    summary: 'Restore the files of all zones whose file is missing',
    privilege,
    parameters: {},
    answer: z.object({ outcome: z.array(outcomeAnswer) }),
    run: async (_, { cluster, peer }) => ({ outcome: (await cluster.files.restoreAll(peer)).map(outcomeOf) }),
  }),
  restorefile: apiFunction({
    summary: 'Restore the missing or broken file of a zone: from a member that has this version, else from history',
    privilege,
    parameters: { zone },
    answer: changeAnswer,
    run: ({ zone: name }, { cluster, peer }) => cluster.files.restore(name, peer),
  }),
  listconflicts: apiFunction({
    summary: 'Zones that two servers write with different content',
    privilege,
    parameters: {},
    answer: z.object({ conflict: z.array(conflict) }),
    run: (_, { cluster, peer }) => ({ conflict: cluster.zones.conflicts(peer) }),
  }),
  takeoverzone: apiFunction({
    summary: 'Take a zone over, whoever had it; what the other server sends of it is refused from then on',
    privilege,
    parameters: { zone },
    answer: changeAnswer,
    run: ({ zone: name }, { cluster, peer }) => cluster.zones.takeOver(name, peer),
  }),
  takeoverzones: apiFunction({
    summary: 'Take zones over: those that are named, or all here that a server has; with plan=1, only name them',
    privilege,
    parameters: { zone: many(zone), of: text.optional(), plan: flag.optional() },
    answer: z.object({ zone: z.array(z.string()), outcome: z.array(outcomeAnswer) }),
    run: async ({ zone: named, of, plan }, { cluster, peer }) => {
      if (named.length > 0 === (of !== undefined))
        throw new ClusterError('parameter_invalid', { parameter: 'zone', why: 'or else of is needed' });
      const zones = of === undefined ? named : cluster.zones.ofServer(of, peer);
      const outcomes = plan === true || zones.length === 0 ? [] : await cluster.zones.takeOverMany(zones, peer);
      return { zone: zones, outcome: outcomes.map(outcomeOf) };
    },
  }),
  handoverzones: apiFunction({
    summary: 'Hand zones over to another server, by its host name; members serve them throughout',
    privilege,
    parameters: { zone: many(zone), server: text },
    answer: z.object({ outcome: z.array(outcomeAnswer) }),
    run: async ({ zone: zones, server }, { cluster, peer }) => {
      if (zones.length === 0) throw new ClusterError('parameter_invalid', { parameter: 'zone', why: 'is missing' });
      return { outcome: (await cluster.zones.handOver(zones, server, peer)).map(outcomeOf) };
    },
  }),
  forgetconflict: apiFunction({
    summary: 'Dismiss a conflict that is settled',
    privilege,
    parameters: { zone },
    answer: nothing,
    run: async ({ zone: name }, { cluster, peer }) => {
      await cluster.zones.forgetConflict(name, peer);
      return {};
    },
  }),
  setconflictpolicy: apiFunction({
    summary: 'Set what happens if two servers write a zone: the newest serial wins, or the first server keeps it',
    privilege,
    parameters: { policy: text.pipe(z.enum(['newest', 'first'], { error: 'must be newest or first' })) },
    answer: statusAnswer,
    run: async ({ policy }, { cluster, peer }) => {
      await cluster.settings.change({ conflictPolicy: policy }, peer);
      return cluster.status(peer);
    },
  }),
} satisfies Readonly<Record<string, ApiFunction>>;
