import { sentenceOf } from '../../errors.js';
import { within } from '../../members/within.js';
import type { Facts } from './facts.js';

/** What a check found. `notice`: nothing is broken, and somebody may want to know. */
export interface Finding {
  state: 'ok' | 'notice' | 'wrong';
  /** A sentence. */
  what: string;
  /** What to do about it, in a sentence. */
  fix?: string;
}

/** One independent check: none waits for another. */
export interface Check {
  /** As `--only` takes it. */
  name: string;
  /** Without a finding it is `ok` with this sentence; absent where the check always has one. */
  well?: string;
  run: (facts: Facts) => Promise<Finding[]> | Finding[];
}

export const ok = (what: string): Finding => ({ state: 'ok', what });
export const notice = (what: string, fix: string): Finding => ({ state: 'notice', what, fix });
export const wrong = (what: string, fix: string): Finding => ({ state: 'wrong', what, fix });

/** Milliseconds for one check. */
const LONGEST = 20_000;

/** Runs a check to its end, or to its time. Never rejects. */
export async function findingsOf({ name, well, run }: Check, facts: Facts, longest = LONGEST): Promise<Finding[]> {
  try {
    const found = await within(longest, `The check ${name}`, async () => run(facts));
    return found.length === 0 && well !== undefined ? [ok(well)] : found;
  } catch (error) {
    return [wrong(`This could not be checked: ${sentenceOf(error)}`, 'Repair that, and run the check again.')];
  }
}
