import type { EventEmitter } from 'node:events';
import type { KeptVersion } from '../../wire-format/outcome-lines.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { Member } from './member.js';

/** What the parts of a cluster tell whom it concerns. */
export type ClusterEvents = EventEmitter<{
  /** Something went wrong or right, so that the problems are others now. */
  changed: [];
  /** A member says that another server has this zone, too, and whether ours is kept there. */
  conflict: [member: Member, zone: ZoneName, other: string, isOursKept: boolean];
  /** A member keeps a version that it has from this server, and that this server does not know. */
  setBack: [member: Member, zone: ZoneName, kept: KeptVersion, reason: string];
}>;
