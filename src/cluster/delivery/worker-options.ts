import type { DnsServer } from '../../dns/messages/query.js';
import type { CallOptions, MemberBackend } from '../../members/member-backend.js';
import type { Log } from '../../operations/log.js';
import type { AppendTable } from '../../state/append-table.js';
import type { ZoneStore } from '../../zones/zone-store.js';
import type { ZoneVersions } from '../local/zone-versions.js';
import type { ClusterEvents } from '../model/cluster-events.js';
import type { LedgerEntry } from './ledger.js';
import type { MemberRecord } from './member-record.js';

/** A call to a member. */
export type Question<T> = (backend: MemberBackend, options: CallOptions) => Promise<T>;

/** What the worker of one member works with. */
export interface MemberWorkerOptions {
  record: MemberRecord;
  backend: MemberBackend;
  /** Where its nameserver answers; undefined where that is not known. */
  dns: DnsServer | undefined;
  ledger: AppendTable<LedgerEntry>;
  store: ZoneStore;
  versions: ZoneVersions;
  events: ClusterEvents;
  log: Log;
}
