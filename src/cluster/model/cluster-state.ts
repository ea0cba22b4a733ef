import { isNetwork } from '../../access/networks.js';
import { z } from 'zod';
import { isZoneName } from '../../zones/zone-name.js';
import { MEMBER_FAILURES } from '../../members/member-backend.js';
import { TRUST_KINDS } from '../../members/cpanel/trust.js';
import { CPANEL } from '../../members/member-type.js';
import { isServerType } from './member.js';

/** State files once had the sentence alone: it read like this. */
const CERTIFICATE_CHANGED = / shows another certificate than the one that was accepted, and nothing was sent to it\./;

const row = {
  id: z.string(),
  role: z.enum(['standalone', 'sync', 'write-only']),
  hostname: z.string(),
  version: z.string(),
  owner: z.string(),
  disabledAt: z.string().exactOptional(),
  disabledReason: z.string().exactOptional(),
  disabledFailure: z.enum(MEMBER_FAILURES).exactOptional(),
  disabledByThreshold: z.boolean().exactOptional(),
};
const server = z.object({
  ...row,
  type: z.literal(CPANEL),
  host: z.string(),
  port: z.number().int(),
  dnsPort: z.number().int(),
  user: z.string(),
  token: z.string(),
  fingerprint: z.string(),
  trust: z.enum(TRUST_KINDS).exactOptional(),
  keyPin: z.string().exactOptional(),
  ca: z.string().exactOptional(),
  renewals: z
    .array(
      z.object({
        at: z.string(),
        from: z.object({ fingerprint: z.string(), keyPin: z.string() }),
        keys: z.array(z.string()),
        fingerprint: z.string(),
        takenBackAt: z.string().exactOptional(),
      }),
    )
    .exactOptional(),
  debug: z.boolean().exactOptional(),
});
/** State files once had an address in these rows, too, with port 0 and an empty token: it is left out. */
const typed = z.object({
  ...row,
  type: z.string().refine((type) => !isServerType(type)),
  values: z.record(z.string(), z.string()).default({}),
});

const member = z
  .union([server, typed])
  .transform((kept) =>
    kept.disabledFailure === undefined && CERTIFICATE_CHANGED.test(kept.disabledReason ?? '')
      ? { ...kept, disabledFailure: 'certificate_changed' as const }
      : kept,
  );

/** What root decides for the whole cluster. */
export const settingsSchema = z.object({
  /** Failed commands in a row that disable a member; 0 keeps all members online at all times. */
  failureThreshold: z.number().int().min(0).max(1_000_000),
  /** Is root told when a member is disabled? */
  notifyDisabled: z.boolean().default(true),
  /** Is a member that the threshold disabled enabled again when it has answered for a while? */
  autoEnable: z.boolean().default(false),
  /** Of a zone that two servers write. */
  conflictPolicy: z.enum(['newest', 'first']).default('newest'),
  /** Names that accounts may make although the rules for names forbid it. */
  allowedNames: z
    .array(z.object({ account: z.string().min(1).max(64), zone: z.string().refine(isZoneName, 'it is no zone name') }))
    .max(10_000)
    .default([]),
  /** Networks beside the Internet in which resellers may have members. */
  resellerNetworks: z
    .array(z.string().refine(isNetwork, 'a network is written as 10.1.0.0/16 or 2001:db8::/32'))
    .max(100)
    .default([]),
});
export type ClusterSettings = z.infer<typeof settingsSchema>;

/**
 * The cluster's part of the state file: small, and changed only by administrators. Zones, index and ledgers are
 * elsewhere.
 */
export const clusterStateSchema = settingsSchema.extend({
  clustering: z.boolean(),
  members: z.array(member),
  /** The lasting id of this server. */
  serverId: z.string().exactOptional(),
  /** Servers by their lasting ids, this one among them: their names, the present one first. */
  servers: z.array(z.object({ id: z.string(), names: z.array(z.string()) })).default([]),
});

export type ClusterState = z.infer<typeof clusterStateSchema>;

export function newClusterState(): ClusterState {
  return {
    clustering: true,
    failureThreshold: DEFAULT_FAILURE_THRESHOLD,
    members: [],
    servers: [],
    notifyDisabled: true,
    autoEnable: false,
    conflictPolicy: 'newest',
    allowedNames: [],
    resellerNetworks: [],
  };
}

/** The original's default; 0 keeps all members online at all times. */
const DEFAULT_FAILURE_THRESHOLD = 10;
