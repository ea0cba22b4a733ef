import { z } from 'zod';
import type { BatchOutcome } from '../../../cluster/model/results.js';

/** What the local nameserver does with a zone. */
export const localState = z.object({ state: z.enum(['served', 'pending']), reason: z.string().optional() });

/** How far a zone is at one member. */
export const memberZone = z
  .object({
    member: z.string(),
    hostname: z.string(),
    state: z.enum(['served', 'acknowledged', 'pending', 'failed', 'disabled', 'removed', 'kept']),
    reason: z.string().optional(),
    serial: z.number().optional(),
    seenAt: z.string().optional(),
  })
  .meta({ id: 'MemberZone' });

/** What became of a change of a zone: here, and at each member. */
export const changeAnswer = z
  .object({
    zone: z.string(),
    change: z.enum(['created', 'saved', 'unchanged', 'removed']),
    serial: z.number().optional(),
    digest: z.string().optional(),
    lifted: z.boolean(),
    isKept: z.literal(true).optional(),
    local: localState,
    members: z.array(memberZone),
    warnings: z.array(z.string()),
    conflictWith: z.string().optional(),
  })
  .meta({ id: 'Change' });
export type ChangeAnswer = z.infer<typeof changeAnswer>;

/** The same of one zone among several: what became of it, or why it was refused. */
export const outcomeAnswer = z.union([changeAnswer, z.object({ zone: z.string(), refused: z.string() })]);

/** A refusal by its sentence. */
export function outcomeOf(outcome: BatchOutcome): z.input<typeof outcomeAnswer> {
  return 'error' in outcome ? { zone: outcome.zone, refused: outcome.error.message } : outcome.result;
}
