import { sentenceOf } from '../errors.js';
import type { Log } from '../operations/log.js';
import type { JsonState } from '../state/json-state.js';
import type { ClusterState } from './cluster-state.js';
import type { Health } from './failure-threshold.js';
import type { Member } from './member.js';

/** Keeps in the state file which members are disabled, and why: only that outlives a restart. */
export class HealthRecord {
  readonly #state: JsonState<ClusterState>;
  readonly #disabled: (hostname: string, reason: string) => void;
  #written: Promise<void> = Promise.resolve();

  /** `disabled` is told, once each time, that the failure threshold has taken a member out, where root wants to know. */
  constructor(state: JsonState<ClusterState>, disabled: (hostname: string, reason: string) => void) {
    this.#state = state;
    this.#disabled = disabled;
  }

  /** The last change is on disk. */
  get written(): Promise<void> {
    return this.#written;
  }

  note({ id, hostname }: Pick<Member, 'id' | 'hostname'>, health: Health, before: Health, log: Log): void {
    const { state, failures, lastFailure: reason } = health;
    if (state === before.state) return;
    log.warn({ state, failures, reason }, 'member is %s', state);
    if (state !== 'disabled' && before.state !== 'disabled') return;
    if (state === 'disabled' && health.byThreshold === true && this.#state.data.notifyDisabled)
      this.#disabled(hostname, reason ?? '');
    this.#written = this.#keep(id, health);
    this.#written.catch((error: unknown) => {
      log.error({ error: sentenceOf(error) }, 'the state of a member could not be written');
    });
  }

  #keep(id: string, { state, lastFailure, byThreshold }: Health): Promise<void> {
    return this.#state.update((draft) => {
      const member = draft.members.find((candidate) => candidate.id === id);
      if (member === undefined) return;
      delete member.disabledAt;
      delete member.disabledReason;
      delete member.disabledByThreshold;
      if (state !== 'disabled') return;
      member.disabledAt = new Date().toISOString();
      if (lastFailure !== undefined) member.disabledReason = lastFailure;
      if (byThreshold === true) member.disabledByThreshold = true;
    });
  }
}
