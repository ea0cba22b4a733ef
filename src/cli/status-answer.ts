import { z } from 'zod';
import { memberRow } from './members/member-rows.js';

/** What a service answers that is asked how it does (`clusterstatus`), as far as commands read it. */
export const statusAnswer = z.looseObject({
  hostname: z.string(),
  clustering: z.boolean(),
  zones: z.number(),
  nameserver: z.looseObject({
    software: z.string(),
    version: z.string(),
    running: z.boolean(),
    startedAt: z.number().exactOptional(),
    memory: z.number().exactOptional(),
    reason: z.string().exactOptional(),
    signedZones: z.array(z.string()).exactOptional(),
  }),
  members: z.array(memberRow),
  damaged: z.array(z.looseObject({ zone: z.string(), why: z.string() })),
});
