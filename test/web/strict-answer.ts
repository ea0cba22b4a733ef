import { expect } from 'vitest';
import { FUNCTIONS } from '../../src/web/whm-api/functions.js';

/** The answer of a function has what its schema says, and nothing else: schemas pass fields by that they don't name. */
export function expectStrict(name: string, data: unknown): void {
  const answer = FUNCTIONS.get(name)?.answer;
  if (answer !== undefined) expect(answer.parse(data), `the answer of ${name}`).toEqual(data);
}
