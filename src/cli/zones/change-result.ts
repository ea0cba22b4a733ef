import type { z } from 'zod';
import type { ChangeAnswer, outcomeAnswer } from '../../web/whm-api/answers/change-answer.js';
import { ZONE_STATES } from '../../presentation/words.js';
import { EXIT } from '../terminal/failure.js';
import { printMessage, say } from '../terminal/output.js';

/** Says what became of a change, and exits with 1 if a member refuses the zone; one that is away gets it later. */
export function sayChange(json: true | undefined, result: ChangeAnswer): void {
  for (const warning of result.warnings) printMessage(`warning: ${warning}`);
  say(json, result, words(result));
  if (isWrong(result)) process.exitCode = EXIT.problems;
}

/** The same of several zones, some of which may be refused. */
export function sayOutcomes(json: true | undefined, outcomes: readonly z.infer<typeof outcomeAnswer>[]): void {
  say(
    json,
    outcomes,
    outcomes.map((one) => ('refused' in one ? `${one.zone}: ${one.refused}\n` : words(one))).join(''),
  );
  if (outcomes.some((one) => 'refused' in one || isWrong(one))) process.exitCode = EXIT.problems;
}

function isWrong({ members, isKept }: ChangeAnswer): boolean {
  return members.some(({ state }) => state === 'failed' || (state === 'kept' && isKept !== true));
}

function words({ zone, change, serial, lifted, local, members }: ChangeAnswer): string {
  const number = serial === undefined ? '' : `, serial ${serial}${lifted ? ' (lifted)' : ''}`;
  const here =
    local.state === 'served' ? '' : `; waiting here: ${local.reason ?? 'the nameserver has not loaded it yet.'}`;
  const there = members.map(
    ({ hostname, state, reason }) =>
      `  ${hostname}: ${ZONE_STATES[state].label.toLowerCase()}${reason === undefined ? '' : `: ${reason}`}\n`,
  );
  return `${zone}: ${change}${number}${here}\n${there.join('')}`;
}
