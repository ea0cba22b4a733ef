import { SELF } from '../access/principal.js';
import type { ChainEnd } from '../operations/audit-chain.js';
import type { AuditLog } from '../operations/audit-log.js';
import type { Log } from '../operations/log.js';
import type { Notifications } from '../notifications/notifications.js';
import type { Cluster } from './cluster.js';
import type { MemberTable } from './members/member-table.js';
import { Schedule } from './health/schedule.js';

const EACH_MORNING = '0 7 * * *';

/** Tells each morning how the cluster does, where somebody wants that. */
export class DailySummary {
  readonly #schedule: Schedule;

  /** `audit`: the log whose last entry it names, so that people have its hash elsewhere. */
  constructor(cluster: Cluster, notifications: Notifications, audit: Pick<AuditLog, 'end'>, log: Log) {
    this.#schedule = new Schedule(
      EACH_MORNING,
      'daily summary',
      () => {
        if (notifications.settings.dailySummary) notifications.tell(summaryOf(cluster, audit.end));
        return Promise.resolve();
      },
      log,
    );
  }

  start(): Promise<void> {
    return this.#schedule.start();
  }

  stop(): Promise<void> {
    return this.#schedule.stop();
  }
}

/** A line for each member, and what is wrong. */
export function summaryOf(
  cluster: Pick<Cluster, 'hostname' | 'problems'> & { members: Pick<MemberTable, 'list'> },
  audited: ChainEnd,
): { subject: string; text: string } {
  const problems = cluster.problems();
  const members = cluster.members.list(SELF).map(({ hostname, state, zonesInSync, zones, pending }) => {
    const waiting = pending === 0 ? '' : `, ${pending} waiting`;
    return `${hostname}: ${state}, ${zonesInSync} of ${zones} zones in sync${waiting}`;
  });
  const wrong = problems.length === 0 ? ['Nothing needs you.'] : problems.map(({ subject }) => `Needs you: ${subject}`);
  const last = `The audit log ends with entry ${audited.number}, hash ${audited.hash}.`;
  const count = problems.length === 0 ? 'all is well' : `${problems.length} things need you`;
  return {
    subject: `DNS cluster of ${cluster.hostname}: ${count}`,
    text: [...wrong, '', ...members, '', last].join('\n'),
  };
}
