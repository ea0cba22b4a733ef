import { z } from 'zod';
import { wordOf } from '../api-function.js';
import { memberAnswer } from './member-answer.js';

/** How a server, its nameserver and its members do. */
export const statusAnswer = z
  .object({
    hostname: z.string(),
    formerNames: z.array(z.string()),
    clustering: z.boolean(),
    settings: z.object({
      failureThreshold: z.number(),
      notifyDisabled: z.boolean(),
      autoEnable: z.boolean(),
      conflictPolicy: wordOf('newest', 'first'),
      allowedNames: z.array(z.object({ account: z.string(), zone: z.string() })),
      resellerNetworks: z.array(z.string()),
    }),
    zones: z.number(),
    nameserver: z.object({
      software: z.string(),
      version: z.string(),
      running: z.boolean(),
      zones: z.number().exactOptional(),
      startedAt: z.number().exactOptional(),
      memory: z.number().exactOptional(),
      signedZones: z.array(z.string()).exactOptional(),
      reason: z.string().exactOptional(),
    }),
    dns: z.object({ host: z.string(), port: z.number() }),
    members: z.array(memberAnswer),
    damaged: z.array(z.object({ zone: z.string(), why: z.string() })),
    withoutOwner: z.array(z.object({ owner: z.string(), zones: z.number() })),
  })
  .meta({ id: 'Status' });
