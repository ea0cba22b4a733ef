import { z } from 'zod';
import { ZONE_STATES } from '../../presentation/words.js';
import { EXIT } from '../terminal/failure.js';
import { note, say } from '../terminal/output.js';

const atMember = z.looseObject({
  hostname: z.string(),
  state: z.enum(['served', 'acknowledged', 'pending', 'failed', 'disabled', 'removed']),
  reason: z.string().optional(),
});

/** The answer to a change of a zone. */
export const changeResult = z.looseObject({
  zone: z.string(),
  change: z.enum(['created', 'saved', 'unchanged', 'removed']),
  serial: z.number().optional(),
  lifted: z.boolean(),
  local: z.looseObject({ state: z.enum(['served', 'pending']), reason: z.string().optional() }),
  members: z.array(atMember),
  warnings: z.array(z.string()).default([]),
});
export type Change = z.infer<typeof changeResult>;

/** Says what became of a change, and exits with 1 where a member refuses the zone: one that is merely away gets it later. */
export function sayChange(json: true | undefined, result: Change): void {
  for (const warning of result.warnings) note(`warning: ${warning}`);
  say(json, result, words(result));
  if (result.members.some(({ state }) => state === 'failed')) process.exitCode = EXIT.problems;
}

function words({ zone, change, serial, lifted, local, members }: Change): string {
  const number = serial === undefined ? '' : `, serial ${serial}${lifted ? ' (lifted)' : ''}`;
  const here =
    local.state === 'served' ? '' : `; here it waits: ${local.reason ?? 'the nameserver has not loaded it yet.'}`;
  const there = members.map(
    ({ hostname, state, reason }) =>
      `  ${hostname}: ${ZONE_STATES[state].label.toLowerCase()}${reason === undefined ? '' : `: ${reason}`}\n`,
  );
  return `${zone}: ${change}${number}${here}\n${there.join('')}`;
}
