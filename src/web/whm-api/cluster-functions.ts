import { z } from 'zod';
import { apiFunction, flag, many, text, whole, type ApiFunction } from './api-function.js';
import { memberFrom, newMember, role } from './member-parameters.js';
import { zone } from './zone-parameters.js';

const privilege = 'clustering';

/** The cluster and its members. */
export const CLUSTER_FUNCTIONS: Readonly<Record<string, ApiFunction>> = {
  clusterstatus: apiFunction({ privilege, parameters: {}, run: (_, { cluster, peer }) => cluster.status(peer) }),
  setclustering: apiFunction({
    privilege,
    parameters: { enabled: flag },
    run: async ({ enabled }, { cluster, peer }) => {
      await cluster.setClustering(enabled, peer);
      return cluster.status(peer);
    },
  }),
  setfailurethreshold: apiFunction({
    privilege,
    parameters: { threshold: whole },
    run: async ({ threshold }, { cluster, peer }) => {
      await cluster.setFailureThreshold(threshold, peer);
      return cluster.status(peer);
    },
  }),
  listmembers: apiFunction({
    privilege,
    parameters: {},
    run: (_, { cluster, peer }) => ({ member: cluster.members(peer) }),
  }),
  listmembertypes: apiFunction({
    privilege,
    parameters: {},
    run: (_, { cluster }) => ({
      type: cluster.memberTypes().map(({ type, label, fields }) => ({ type, label, fields })),
    }),
  }),
  addmember: apiFunction({
    privilege,
    parameters: newMember,
    run: (given, request) => request.cluster.addMember(memberFrom(given, request), request.peer),
  }),
  cluster_member_has_trust_with: apiFunction({
    privilege,
    parameters: { host: text, althost: text.optional() },
    run: ({ host, althost }, { cluster, peer }) => {
      const asked = [host, althost].map((name) => name?.trim().toLowerCase());
      const trusted = cluster
        .members(peer)
        .some((member) => asked.includes(member.host) || asked.includes(member.hostname));
      return { has_trust: trusted ? 1 : 0 };
    },
  }),
  synchronize: apiFunction({
    privilege,
    parameters: {
      zone: many(zone),
      direction: text.pipe(z.enum(['local', 'all'], { error: 'must be local or all' })).optional(),
      unconfigured: flag.optional(),
      plan: flag.optional(),
    },
    run: ({ zone: zones, direction = 'all', unconfigured = false, plan = false }, { cluster, peer }) =>
      cluster.synchronize({ ...(zones.length === 0 ? {} : { zones }), direction, unconfigured, plan }, peer),
  }),
  setmemberrole: apiFunction({
    privilege,
    parameters: { member: text, role },
    run: ({ member, role }, { cluster, peer }) => cluster.setMemberRole(member, role, peer),
  }),
  enablemember: apiFunction({
    privilege,
    parameters: { member: text },
    run: ({ member }, { cluster, peer }) => cluster.enableMember(member, peer),
  }),
  disablemember: apiFunction({
    privilege,
    parameters: { member: text },
    run: ({ member }, { cluster, peer }) => cluster.disableMember(member, peer),
  }),
  removemember: apiFunction({
    privilege,
    parameters: { member: text },
    run: async ({ member }, { cluster, peer }) => {
      await cluster.removeMember(member, peer);
      return {};
    },
  }),
};
