import type { DnsServer } from '../../dns/messages/query.js';
import type { KeptVersion } from '../../wire-format/outcome-lines.js';
import type { CallOptions, MemberBackend } from '../../members/member-backend.js';
import type { Log } from '../../operations/log.js';
import type { AppendTable } from '../../state/append-table.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { ZoneStore } from '../../zones/zone-store.js';
import type { Health } from '../health/failure-threshold.js';
import type { LedgerEntry } from './ledger.js';

/** A call to a member. */
export type Question<T> = (backend: MemberBackend, options: CallOptions) => Promise<T>;

/** What the worker of one member works with, and whom it tells. */
export interface MemberWorkerOptions {
  backend: MemberBackend;
  dns: DnsServer | undefined;
  ledger: AppendTable<LedgerEntry>;
  store: ZoneStore;
  log: Log;
  health: Health;
  /** Does this member hold this account's zones? */
  serves: (owner: string) => boolean;
  /** Does it get our changes now (clustering on, a role that writes)? */
  writes: () => boolean;
  threshold: () => number;
  /** The health after each call, for the state file and notifications. */
  healthChanged: (health: Health, before: Health) => void;
  /** It serves a later serial than ours: ours must rise past it. Resolves when that is done, or can't be. */
  ahead: (name: ZoneName, serial: number) => Promise<void>;
  /** Servers by which this version of a zone came, or its removal. */
  hostsSeen: (name: ZoneName, digest: string | undefined) => readonly string[];
  /** Removals are held until somebody has looked at them. */
  removalsHeld: () => void;
  /** It says that another server has this zone, too, and whether ours is kept. */
  conflict: (name: ZoneName, other: string, isOursKept: boolean) => void;
  /** This server, lower case. */
  here: string;
  /** Was this a version of the zone here? */
  wasOurs: (name: ZoneName, version: KeptVersion) => Promise<boolean>;
  /** It keeps a version that it has from this server, and that this server does not know. */
  setBack: (name: ZoneName, kept: KeptVersion, reason: string) => void;
  /** Of the member. */
  hostname: string;
}
