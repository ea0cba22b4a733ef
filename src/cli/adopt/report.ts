import { defined } from '../../operations/defined.js';
import { table } from '../terminal/output.js';
import type { Sound } from './candidate.js';
import type { Imported } from './import.js';
import type { Planned } from './plan.js';
import type { SwitchedZone } from './switch.js';

/** Zones that go well are named up to so many; of the others each is. */
const MOST_NAMED = 50;

const VERDICTS: Readonly<Record<Planned['verdict'], string>> = {
  take: 'new',
  switch: 'new, switched',
  replace: 'replaces what is here',
  unchanged: 'already here',
  left: 'left out',
};

/** What is to be taken, and then what was, for persons and for programs. */
export class AdoptReport {
  readonly #planned: readonly Planned[];
  readonly #became = new Map<string, Imported>();
  #isDone = false;

  constructor(planned: readonly Planned[]) {
    this.#planned = planned;
  }

  /** The zones to take, as they are. */
  get wanted(): Sound[] {
    return this.#planned.flatMap(({ candidate, verdict }) =>
      (verdict === 'take' || verdict === 'replace') && 'name' in candidate ? [candidate] : [],
    );
  }

  /** Those for which a statement is taken out of the configuration. */
  get switched(): SwitchedZone[] {
    return this.#planned.flatMap(({ candidate, verdict }) => {
      const { zone, place } = candidate;
      return verdict === 'switch' && 'name' in candidate && place !== undefined
        ? [{ zone, place, sound: candidate }]
        : [];
    });
  }

  became(imported: readonly Imported[]): void {
    this.#isDone = true;
    for (const one of imported) this.#became.set(one.zone, one);
  }

  /** Is there something about which somebody has to do something? */
  get isOpen(): boolean {
    return this.#planned.some(({ isOpen }) => isOpen) || this.#failed.length > 0 || this.#untried > 0;
  }

  get plan(): object {
    return { plan: this.#planned.map((one) => this.#row(one)) };
  }

  get result(): object {
    return { zones: this.#planned.map((one) => this.#row(one)) };
  }

  get planInWords(): string {
    return this.#inWords(this.#planned);
  }

  get resultInWords(): string {
    const good = this.#became.size - this.#failed.length;
    const waiting = [...this.#became.values()].filter(({ local }) => local?.state === 'pending');
    const left = this.#planned.filter(({ verdict }) => verdict === 'left').length;
    const sums = [
      `Taken: ${good}`,
      ...(waiting.length === 0 ? [] : [`not served yet: ${waiting.length} (${waiting[0]?.local?.reason ?? ''})`]),
      ...(this.#failed.length === 0 ? [] : [`refused: ${this.#failed.length}`]),
      ...(this.#untried === 0 ? [] : [`not tried: ${this.#untried}`]),
      `already here: ${this.#planned.filter(({ verdict }) => verdict === 'unchanged').length}`,
      `left out: ${left}`,
    ];
    return `${this.#inWords(this.#planned.filter((one) => one.verdict === 'left' || this.#isFailed(one)))}${sums.join(', ')}\n`;
  }

  /** Zones that were to be taken, and did not come to it. */
  get #untried(): number {
    return this.#isDone ? this.wanted.length + this.switched.length - this.#became.size : 0;
  }

  get #failed(): Imported[] {
    return [...this.#became.values()].filter(({ error }) => error !== undefined);
  }

  #isFailed({ candidate }: Planned): boolean {
    return 'name' in candidate && this.#became.get(candidate.name)?.error !== undefined;
  }

  #row({ candidate, verdict, why, isOpen }: Planned): object {
    const { zone, warnings, place } = candidate;
    const became = 'name' in candidate ? this.#became.get(candidate.name) : undefined;
    const { zone: _zone, warnings: _warnings, ...outcome } = became ?? {};
    const serial = 'serial' in candidate ? { serial: candidate.serial } : {};
    return { zone, verdict, ...defined({ why }), isOpen, ...serial, warnings, place, ...outcome };
  }

  #inWords(planned: readonly Planned[]): string {
    const isQuiet = (one: Planned): boolean =>
      one.verdict !== 'left' && one.verdict !== 'switch' && one.candidate.warnings.length === 0 && !this.#isFailed(one);
    const quiet = planned.filter(isQuiet);
    const named = new Set(quiet.slice(0, MOST_NAMED));
    const shown = planned.filter((one) => !isQuiet(one) || named.has(one));
    const more = quiet.length > MOST_NAMED ? `… and ${quiet.length - MOST_NAMED} more without remarks\n` : '';
    const rows = shown.map((one) => {
      const { candidate, verdict, why } = one;
      const error = 'name' in candidate ? this.#became.get(candidate.name)?.error?.reason : undefined;
      const remarks = [error, why, ...candidate.warnings].filter((remark) => remark !== undefined);
      return [candidate.zone, error === undefined ? VERDICTS[verdict] : 'refused', remarks.join('; ')];
    });
    return table(['ZONE', 'PLAN', 'WHY'], rows) + more;
  }
}
