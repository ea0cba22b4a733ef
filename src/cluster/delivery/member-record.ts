import { sentenceOf } from '../../errors.js';
import type { Failure, MemberChange } from '../../members/member-backend.js';
import type { Log } from '../../operations/log.js';
import type { JsonState } from '../../state/json-state.js';
import { type Health, HEALTHY } from '../health/failure-threshold.js';
import type { ClusterEvents } from '../model/cluster-events.js';
import type { ClusterState } from '../model/cluster-state.js';
import { ROLES, serves, type Member } from '../model/member.js';

/** The other rows to the same server (SameServer). */
interface OtherRows {
  hasDone(change: MemberChange): boolean;
  tell(change: MemberChange): void;
}

/**
 * One member as the state file has it: what is set for it now, and whether it is disabled, and why, which alone
 * outlives a restart.
 */
export class MemberRecord {
  readonly member: Member;
  readonly sameServer: OtherRows;
  readonly #state: JsonState<ClusterState>;
  readonly #events: ClusterEvents;
  readonly #log: Log;
  #written: Promise<void> = Promise.resolve();

  constructor(
    member: Member,
    options: { state: JsonState<ClusterState>; events: ClusterEvents; log: Log; sameServer: OtherRows },
  ) {
    const { state, events, log, sameServer } = options;
    this.member = member;
    this.sameServer = sameServer;
    this.#state = state;
    this.#events = events;
    this.#log = log;
  }

  /** Does it hold this account's zones? */
  serves(owner: string): boolean {
    return serves(this.member, owner);
  }

  /** Does it get our changes now: is clustering on, and is its role one that writes? */
  get writes(): boolean {
    const { clustering, members } = this.#state.data;
    const role = members.find(({ id }) => id === this.member.id)?.role ?? 'standalone';
    return clustering && ROLES[role].writes;
  }

  /** Failed commands in a row that disable it. */
  get threshold(): number {
    return this.#state.data.failureThreshold;
  }

  /** The last change of its health is on disk. */
  get written(): Promise<void> {
    return this.#written;
  }

  /** Keeps that it was disabled, or is back, and tells it then. */
  recordHealth(health: Health, before: Health): void {
    const { state, failures, lastFailure } = health;
    if (state === before.state) return;
    this.#log.warn({ state, failures, reason: lastFailure?.sentence }, 'member is %s', state);
    if (state !== 'disabled' && before.state !== 'disabled') return;
    this.#written = this.#keep(health);
    const told = (): void => void this.#events.emit('changed');
    this.#written.then(told, (error: unknown) => {
      this.#log.error({ error: sentenceOf(error) }, 'the state of a member could not be written');
    });
  }

  #keep({ state, lastFailure, byThreshold }: Health): Promise<void> {
    return this.#state.update((draft) => {
      const member = draft.members.find(({ id }) => id === this.member.id);
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
