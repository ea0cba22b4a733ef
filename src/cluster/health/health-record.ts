import { sentenceOf } from '../../errors.js';
import type { Failure } from '../../members/member-backend.js';
import type { Log } from '../../operations/log.js';
import type { JsonState } from '../../state/json-state.js';
import type { ClusterState } from '../model/cluster-state.js';
import type { Member } from '../model/member.js';
import { type Health, HEALTHY } from './failure-threshold.js';

/** Keeps in the state file which members are disabled, and why: only that outlives a restart. */
export class HealthRecord {
  readonly #state: JsonState<ClusterState>;
  readonly #changed: () => void;
  #written: Promise<void> = Promise.resolve();

  /** `changed` is told, when it is kept, that a member was disabled or is back. */
  constructor(state: JsonState<ClusterState>, changed: () => void) {
    this.#state = state;
    this.#changed = changed;
  }

  /** The last change is on disk. */
  get written(): Promise<void> {
    return this.#written;
  }

  note({ id }: Pick<Member, 'id'>, health: Health, before: Health, log: Log): void {
    const { state, failures, lastFailure } = health;
    if (state === before.state) return;
    log.warn({ state, failures, reason: lastFailure?.sentence }, 'member is %s', state);
    if (state !== 'disabled' && before.state !== 'disabled') return;
    this.#written = this.#keep(id, health);
    this.#written.then(this.#changed, (error: unknown) => {
      log.error({ error: sentenceOf(error) }, 'the state of a member could not be written');
    });
  }

  #keep(id: string, { state, lastFailure, byThreshold }: Health): Promise<void> {
    return this.#state.update((draft) => {
      const member = draft.members.find((candidate) => candidate.id === id);
      if (member === undefined) return;
      delete member.disabledAt;
      delete member.disabledReason;
      delete member.disabledFailure;
      delete member.disabledByThreshold;
      if (state !== 'disabled') return;
      member.disabledAt = new Date().toISOString();
      if (lastFailure !== undefined) member.disabledReason = lastFailure.sentence;
      if (lastFailure?.kind !== undefined) member.disabledFailure = lastFailure.kind;
      if (byThreshold === true) member.disabledByThreshold = true;
    });
  }
}

/** Its health when this server starts. */
export function healthOf(member: Member): Health {
  const {
    disabledAt,
    disabledReason: sentence,
    disabledFailure: kind,
    disabledByThreshold: byThreshold = false,
  } = member;
  if (disabledAt === undefined) return HEALTHY;
  const lastFailure: Failure | undefined = sentence === undefined ? sentence : { sentence, ...(kind && { kind }) };
  return { ...HEALTHY, state: 'disabled', byThreshold, ...(lastFailure && { lastFailure }) };
}
