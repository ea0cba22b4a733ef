import { z } from 'zod';
import { TRUST_KINDS } from '../../../members/cpanel/trust.js';
import { MEMBER_FAILURES } from '../../../members/member-backend.js';
import { wordOf } from '../api-function.js';

/** Why nothing came from a member's nameserver. */
export const silentNameserver = z.object({ over: z.array(wordOf('UDP', 'TCP')), why: z.string(), since: z.string() });

/** A member as it is shown: all but its secrets, and how it does. */
export const memberAnswer = z
  .object({
    id: z.string(),
    type: z.string(),
    host: z.string(),
    port: z.number(),
    dnsPort: z.number(),
    user: z.string(),
    role: wordOf('standalone', 'sync', 'write-only'),
    fingerprint: z.string(),
    trust: wordOf(...TRUST_KINDS).optional(),
    keyPin: z.string().optional(),
    ca: z.string().optional(),
    renewals: z
      .array(
        z.object({
          at: z.string(),
          from: z.object({ fingerprint: z.string(), keyPin: z.string() }),
          keys: z.array(z.string()),
          fingerprint: z.string(),
          takenBackAt: z.string().optional(),
        }),
      )
      .optional(),
    hostname: z.string(),
    version: z.string(),
    owner: z.string(),
    disabledAt: z.string().optional(),
    disabledReason: z.string().optional(),
    disabledByThreshold: z.boolean().optional(),
    debug: z.boolean().optional(),
    values: z.record(z.string(), z.string()).optional(),
    reverseTrust: z.object({ established: z.boolean(), said: z.string() }).optional(),
    leftOut: z.array(z.object({ zone: z.string(), records: z.array(z.string()) })).optional(),
    state: z.enum(['online', 'failing', 'disabled']),
    failures: z.number(),
    lastFailure: z.string().optional(),
    lastFailureKind: wordOf(...MEMBER_FAILURES).optional(),
    silentNameserver: silentNameserver.optional(),
    lastContact: z.string().optional(),
    certificateEnds: z.string().optional(),
    zones: z.number(),
    zonesInSync: z.number(),
    pending: z.number(),
    pendingSince: z.string().optional(),
    pushes: z.object({ calls: z.number(), failures: z.number(), zones: z.number(), seconds: z.number() }).optional(),
    removalsHeld: z.object({ count: z.number(), zones: z.array(z.string()) }).optional(),
    recovering: z.number().optional(),
    latency: z.array(z.number().nullable()).optional(),
  })
  .meta({ id: 'Member' });
export type MemberRow = z.infer<typeof memberAnswer>;
