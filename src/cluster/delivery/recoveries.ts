import type { Member } from '../model/member.js';
import type { MemberWorker } from './member-worker.js';
import { hasRecovered, newRecovery, nextRecovery, type Recovery } from '../health/recovery.js';

/** Enables members again that the failure threshold has disabled, when they have answered for a while. One that an administrator disabled stays so. */
export class Recoveries {
  readonly #of = new Map<string, Recovery>();

  /** Answers in a row of a disabled member; undefined where it is not looked at. */
  answered(id: string): number | undefined {
    return this.#of.get(id)?.answered;
  }

  /** Looks at those whose time has come. One that hangs delays none of the others. */
  async look(members: readonly { member: Member; worker: MemberWorker }[], now = performance.now()): Promise<void> {
    const disabled = members.filter(
      ({ worker }) => worker.health.state === 'disabled' && worker.health.byThreshold === true,
    );
    const ids = new Set(disabled.map(({ member }) => member.id));
    for (const id of this.#of.keys()) if (!ids.has(id)) this.#of.delete(id);
    await Promise.all(disabled.map(({ member, worker }) => this.#lookAt(member, worker, now)));
  }

  async #lookAt({ id }: Member, worker: MemberWorker, now: number): Promise<void> {
    const before = this.#of.get(id) ?? newRecovery(now);
    this.#of.set(id, before);
    if (now < before.nextLook) return;
    const hasAnswered = await worker.look().then(
      () => true,
      () => false,
    );
    const after = nextRecovery(before, hasAnswered, now);
    // An administrator may have been quicker.
    if (worker.health.state !== 'disabled' || !this.#of.has(id)) return;
    this.#of.set(id, after);
    if (!hasRecovered(after)) return;
    this.#of.delete(id);
    worker.note({ kind: 'enable' });
  }
}
