import { sentenceOf } from '../errors.js';
import type { Log } from '../operations/log.js';
import type { JsonState } from '../state/json-state.js';
import type { ClusterState } from './cluster-state.js';
import type { Health } from './failure-threshold.js';

/** Keeps in the state file which members are disabled, and why: only that outlives a restart. */
export class HealthRecord {
  readonly #state: JsonState<ClusterState>;
  #written: Promise<void> = Promise.resolve();

  constructor(state: JsonState<ClusterState>) {
    this.#state = state;
  }

  /** The last change is on disk. */
  get written(): Promise<void> {
    return this.#written;
  }

  note(id: string, health: Health, before: Health, log: Log): void {
    const { state, failures, lastFailure: reason } = health;
    if (state === before.state) return;
    log.warn({ state, failures, reason }, 'member is %s', state);
    if (state !== 'disabled' && before.state !== 'disabled') return;
    this.#written = this.#keep(id, health);
    this.#written.catch((error: unknown) => {
      log.error({ error: sentenceOf(error) }, 'the state of a member could not be written');
    });
  }

  #keep(id: string, { state, lastFailure }: Health): Promise<void> {
    return this.#state.update((draft) => {
      const member = draft.members.find((candidate) => candidate.id === id);
      if (member === undefined) return;
      delete member.disabledAt;
      delete member.disabledReason;
      if (state !== 'disabled') return;
      member.disabledAt = new Date().toISOString();
      if (lastFailure !== undefined) member.disabledReason = lastFailure;
    });
  }
}
