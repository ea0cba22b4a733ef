import { z } from 'zod';
import type { Role } from '../../cluster/member.js';
import { apiFunction, fingerprint, flag, port, text, whole, type ApiFunction } from './api-function.js';

const privilege = 'clustering';
const ROLE_NAMES = ['standalone', 'sync', 'write-only'] as const satisfies readonly Role[];
const role = text.pipe(z.enum(ROLE_NAMES, { error: `must be one of ${ROLE_NAMES.join(', ')}` }));

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
  addmember: apiFunction({
    privilege,
    parameters: {
      host: text,
      port: port.optional(),
      dnsport: port.optional(),
      user: text,
      token: text,
      role,
      fingerprint: fingerprint.optional(),
    },
    run: ({ host, user, token, role, ...given }, { cluster, peer }) => {
      const optional = {
        ...(given.port === undefined ? {} : { port: given.port }),
        ...(given.dnsport === undefined ? {} : { dnsPort: given.dnsport }),
        ...(given.fingerprint === undefined ? {} : { fingerprint: given.fingerprint }),
      };
      return cluster.addMember({ host, user, token, role, ...optional }, peer);
    },
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
