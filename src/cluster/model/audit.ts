import { actorOf, type Principal, hasPrivilege } from '../../access/principal.js';
import { asClusterError, ClusterError } from '../../errors.js';
import type { AuditLog } from '../../operations/audit-log.js';
import { defined } from '../../operations/defined.js';

/** Zones of a batch that are named in its entry. */
const NAMED = 5;
const LONGEST_TARGET = 500;

/** Commands that change something, as the audit log names them. */
export type AuditAction =
  | 'saveZone'
  | 'addZone'
  | 'createZone'
  | 'removeZone'
  | 'saveZones'
  | 'removeZones'
  | 'reloadZones'
  | 'rescanZones'
  | 'restoreZone'
  | 'restoreFile'
  | 'restoreFiles'
  | 'setOwner'
  | 'takeOverZone'
  | 'handOverZones'
  | 'freeZones'
  | 'forgetConflict'
  | 'synchronize'
  | 'startSynchronize'
  | 'checkDrift'
  | 'settleDrift'
  | 'setClustering'
  | 'configure'
  | 'allowNames'
  | 'addMember'
  | 'trustMember'
  | 'editMember'
  | 'setMemberRole'
  | 'enableMember'
  | 'disableMember'
  | 'allowRemovals'
  | 'acceptKey'
  | 'takeBackKey'
  | 'removeMember';

/** Where commands are recorded. */
export type AuditTrail = Pick<AuditLog, 'record'>;

/** Every command that changes something passes here: it is authorised, and recorded with who, how, and any refusal. */
export class Audit {
  readonly #trail: AuditTrail;
  readonly #needed: readonly { refuseIfLost(): void }[];

  /** `needed`: without these state files this server changes nothing. */
  constructor(trail: AuditTrail, needed: readonly { refuseIfLost(): void }[] = []) {
    this.#trail = trail;
    this.#needed = needed;
  }

  /**
   * Runs a command for `by`; its entry is written before this settles. Rejects with privilege_missing, with
   * state_lost where this server does not know its members any more, and as `run` does.
   */
  async command<T>(by: Principal, action: AuditAction, target: string, run: () => T | Promise<T>): Promise<T> {
    const record = (refused?: string): Promise<void> =>
      this.#trail.record({
        time: new Date().toISOString(),
        action,
        target: target.slice(0, LONGEST_TARGET),
        ...actorOf(by),
        ...defined({ refused }),
      });
    try {
      authorize(by);
      for (const state of this.#needed) state.refuseIfLost();
      const answer = await run();
      await record();
      return answer;
    } catch (error) {
      await record(asClusterError(error).code);
      throw error;
    }
  }
}

/** The names of a batch as its entry has them. */
export function batchTarget(names: readonly string[]): string {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return `${names.slice(0, NAMED).join(', ')}${more}`;
}

/** Throws privilege_missing where `by` may not use the cluster. */
export function authorize(by: Principal): void {
  if (!hasPrivilege(by, 'clustering')) throw new ClusterError('privilege_missing', { privilege: 'clustering' });
}

/** Throws privilege_missing where `by` may not change what is everybody's. */
export function authorizeRoot(by: Principal): void {
  authorize(by);
  if (by.kind !== 'root') throw new ClusterError('privilege_missing', { privilege: 'root' });
}
