import { z } from 'zod';
import { isServerType } from '../../../cluster/model/member.js';
import { defined } from '../../../operations/defined.js';
import { memberAnswer, silentNameserver } from '../answers/member-answer.js';
import { statusAnswer } from '../answers/status-answer.js';
import { apiFunction, flag, many, nothing, port, text, whole, wordOf, type ApiFunction } from '../api-function.js';
import { editedMember, editFrom, memberFrom, newMember, role } from '../member-parameters.js';
import { zone } from '../zone-parameters.js';

const privilege = 'clustering';

const memberType = z.object({
  type: z.string(),
  label: z.string(),
  fields: z.array(
    z.object({
      name: z.string(),
      label: z.string(),
      type: wordOf('text', 'bigtext', 'binary', 'radio', 'ip'),
      default: z.string().optional(),
      options: z.array(z.object({ value: z.string(), label: z.string() })).optional(),
      help: z.string().optional(),
      secret: z.boolean().optional(),
    }),
  ),
});
const failures = z.object({
  members: z.array(
    z.object({
      member: z.string(),
      state: wordOf('failing', 'disabled'),
      reason: z.string(),
      pending: z.number(),
      pendingSince: z.string().optional(),
    }),
  ),
  zones: z.array(z.object({ member: z.string(), zone: z.string(), reason: z.string() })),
});

/** The cluster and its members. */
export const CLUSTER_FUNCTIONS = {
  clusterstatus: apiFunction({
    summary: 'The state of this server, its nameserver and its members',
    privilege,
    parameters: {},
    answer: statusAnswer,
    run: (_, { cluster, peer }) => cluster.status(peer),
  }),
  testnameserver: apiFunction({
    summary: 'Give the nameserver a new zone that is nobody’s, ask it for that zone, and have it dropped; for root',
    privilege,
    parameters: {},
    answer: z.object({ outcome: wordOf('served', 'refused', 'unavailable'), reason: z.string().optional() }),
    run: async (_, { cluster, peer }) => {
      const { outcome, reason } = await cluster.trial.run(peer);
      return { outcome, ...defined({ reason }) };
    },
  }),
  setclustering: apiFunction({
    summary: 'Enable or disable DNS clustering; while it is disabled, changes wait and none is lost',
    privilege,
    parameters: { enabled: flag },
    answer: statusAnswer,
    run: async ({ enabled }, { cluster, peer }) => {
      await cluster.settings.setClustering(enabled, peer);
      return cluster.status(peer);
    },
  }),
  setfailurethreshold: apiFunction({
    summary: 'Set after how many failed commands in a row a member is disabled; 0: never',
    privilege,
    parameters: { threshold: whole },
    answer: statusAnswer,
    run: async ({ threshold }, { cluster, peer }) => {
      await cluster.settings.change({ failureThreshold: threshold }, peer);
      return cluster.status(peer);
    },
  }),
  setautoenable: apiFunction({
    summary:
      'Set whether members that the failure threshold disabled are enabled again after they answered for some minutes',
    privilege,
    parameters: { enabled: flag },
    answer: statusAnswer,
    run: async ({ enabled }, { cluster, peer }) => {
      await cluster.settings.change({ autoEnable: enabled }, peer);
      return cluster.status(peer);
    },
  }),
  setresellernetworks: apiFunction({
    summary:
      'Set the private networks in which resellers may have members, such as 10.1.0.0/16; all others stay closed',
    privilege,
    parameters: { network: many(text) },
    answer: statusAnswer,
    run: async ({ network }, { cluster, peer }) => {
      await cluster.settings.change({ resellerNetworks: network }, peer);
      return cluster.status(peer);
    },
  }),
  setallowednames: apiFunction({
    summary: 'Set the names that an account may make although a rule for names forbids it; without a zone, none',
    privilege,
    parameters: { account: text, zone: many(zone) },
    answer: statusAnswer,
    run: async ({ account, zone }, { cluster, peer }) => {
      await cluster.settings.allowNames(account, zone, peer);
      return cluster.status(peer);
    },
  }),
  listmembers: apiFunction({
    summary: 'The members of the cluster, with version, role, health, and zones in sync',
    privilege,
    parameters: {},
    answer: z.object({ member: z.array(memberAnswer) }),
    run: (_, { cluster, peer }) => ({ member: cluster.members.list(peer) }),
  }),
  listmembertypes: apiFunction({
    summary: 'Member types other than cPanel, each with the fields of its form',
    privilege,
    parameters: {},
    answer: z.object({ type: z.array(memberType) }),
    run: (_, { cluster, peer }) => ({
      type: cluster.members
        .types(peer)
        .filter(({ type }) => !isServerType(type))
        .map(({ type, label, fields }) => ({ type, label, fields })),
    }),
  }),
  lookatserver: apiFunction({
    summary: 'Show the certificate of a server before adding it; nothing is sent to it',
    privilege,
    parameters: { host: text, port: port.optional(), ca: text.optional() },
    answer: z.object({
      host: z.string(),
      port: z.number(),
      fingerprint: z.string(),
      keyPin: z.string().optional(),
      issuer: z.string().optional(),
      ends: z.string().optional(),
      unvouched: z.string().optional(),
    }),
    run: ({ host, port, ca }, { cluster, peer }) => cluster.members.lookAt(host, port, peer, ca),
  }),
  getmemberzone: apiFunction({
    summary: 'The text of a zone as a member has it, in base64',
    privilege,
    parameters: { member: text, zone },
    answer: z.object({ zone: z.string(), text_b64: z.base64() }),
    run: async ({ member, zone: name }, { cluster, peer }) => ({
      zone: name,
      text_b64: (await cluster.members.zoneText(member, name, peer)).toString('base64'),
    }),
  }),
  addmember: apiFunction({
    summary: 'Add a member, after it answered; with a type of listmembertypes, its fields are parameters too',
    privilege,
    parameters: newMember,
    answer: memberAnswer,
    run: (given, request) => request.cluster.members.add(memberFrom(given, request), request.peer),
  }),
  editmember: apiFunction({
    summary: 'Change the address, credentials or role of a member, after it answered with them; the rest stays',
    privilege,
    parameters: editedMember,
    answer: memberAnswer,
    run: (given, request) => request.cluster.members.edit(given.member, editFrom(given, request), request.peer),
  }),
  testmember: apiFunction({
    summary: 'Test a member: its name and version, time to answer, and whether its nameserver answers over UDP and TCP',
    privilege,
    parameters: { member: text },
    answer: z.object({
      version: z.string(),
      hostname: z.string(),
      milliseconds: z.number(),
      silentNameserver: silentNameserver.optional(),
    }),
    run: ({ member }, { cluster, peer }) => cluster.members.test(member, peer),
  }),
  cluster_member_has_trust_with: apiFunction({
    summary: 'Whether a host is a member of this server',
    privilege,
    parameters: { host: text, althost: text.optional() },
    answer: z.object({ has_trust: z.number() }),
    run: ({ host, althost }, { cluster, peer }) => {
      const asked = [host, althost].map((name) => name?.trim().toLowerCase());
      const trusted = cluster.members
        .list(peer)
        .some((member) => asked.includes(member.host) || asked.includes(member.hostname));
      return { has_trust: trusted ? 1 : 0 };
    },
  }),
  listfailures: apiFunction({
    summary: 'Members that fail or are disabled, and zones that members refused, with the reasons',
    privilege,
    parameters: {},
    answer: failures,
    run: (_, { cluster, peer }) => cluster.members.failures(peer),
  }),
  setmemberrole: apiFunction({
    summary: 'Change the DNS role of a member',
    privilege,
    parameters: { member: text, role },
    answer: memberAnswer,
    run: ({ member, role }, { cluster, peer }) => cluster.members.setRole(member, role, peer),
  }),
  enablemember: apiFunction({
    summary: 'Enable a disabled member; it catches up automatically',
    privilege,
    parameters: { member: text },
    answer: memberAnswer,
    run: ({ member }, { cluster, peer }) => cluster.members.enable(member, peer),
  }),
  disablemember: apiFunction({
    summary: 'Stop sending changes to a member until it is enabled; they wait for it',
    privilege,
    parameters: { member: text },
    answer: memberAnswer,
    run: ({ member }, { cluster, peer }) => cluster.members.disable(member, peer),
  }),
  allowremovals: apiFunction({
    summary: 'Allow the removals that are held because a member would lose many of its zones',
    privilege,
    parameters: { member: text },
    answer: memberAnswer,
    run: ({ member }, { cluster, peer }) => cluster.members.allowRemovals(member, peer),
  }),
  takebackkey: apiFunction({
    summary: 'Trust again what was trusted before this server accepted the present key of a member by itself',
    privilege,
    parameters: { member: text },
    answer: memberAnswer,
    run: ({ member }, { cluster, peer }) => cluster.members.takeBackKey(member, peer),
  }),
  removemember: apiFunction({
    summary: 'Remove a member from the cluster; it keeps its zones',
    privilege,
    parameters: { member: text },
    answer: nothing,
    run: async ({ member }, { cluster, peer }) => {
      await cluster.members.remove(member, peer);
      return {};
    },
  }),
} satisfies Readonly<Record<string, ApiFunction>>;
