import { z } from 'zod';
import { ownsOrIsRoot, type Principal } from '../../access/principal.js';
import type { Log } from '../../operations/log.js';
import { AppendTable } from '../../state/append-table.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { ZoneStore } from '../../zones/zone-store.js';
import type { ClusterEvents } from '../model/cluster-events.js';
import { ROOT } from '../model/member.js';

/** Of root's zones; of those of all accounts together; and of one account's. */
const MOST = 10_000;
const MOST_OF_ACCOUNT = 200;

const schema = z.object({
  /** The two servers that have the zone. */
  servers: z.tuple([z.string(), z.string()]),
  /** Where they met: this server, or the member that said so. */
  metAt: z.string(),
  /** The one whose version is kept there. */
  kept: z.string(),
  /** ISO times. */
  since: z.string(),
  last: z.string(),
});

/** A zone that two servers write with different content. */
export interface Conflict extends z.infer<typeof schema> {
  zone: ZoneName;
}

interface ConflictsOptions {
  store: ZoneStore;
  /** Of this server. */
  hostname: string;
  events: ClusterEvents;
  log: Log;
}

/**
 * The zones that two servers write, until somebody settles it. Kept over restarts: the one who should know may sleep.
 */
export class Conflicts {
  readonly #table: AppendTable<z.infer<typeof schema>>;
  readonly #options: ConflictsOptions;

  private constructor(table: AppendTable<z.infer<typeof schema>>, options: ConflictsOptions) {
    this.#table = table;
    this.#options = options;
    options.events.on('conflict', (member, zone, other, isOursKept) => {
      const mine = options.store.get(zone)?.home?.server ?? options.hostname;
      const [kept, lost] = isOursKept ? [mine, other] : [other, mine];
      this.record(zone, { kept, other: lost, metAt: member.hostname });
    });
  }

  /** Notes also the conflicts that members meet. */
  static async open(file: string, options: ConflictsOptions): Promise<Conflicts> {
    const parse = (value: unknown): z.infer<typeof schema> => schema.parse(value);
    return new Conflicts(await AppendTable.open(file, { parse, log: options.log }), options);
  }

  /** The newest first. */
  list(by: Principal): Conflict[] {
    const theirs = [...this.#table.entries()].flatMap(([name, conflict]) => {
      const zone = name as ZoneName;
      const entry = this.#options.store.get(zone);
      const isTheirs = by.kind === 'root' || (entry !== undefined && ownsOrIsRoot(by, entry.owner));
      return isTheirs ? [{ zone, ...conflict }] : [];
    });
    return theirs.sort((a, b) => (a.last < b.last ? 1 : -1));
  }

  record(zone: ZoneName, { kept, other, metAt }: { kept: string; other: string; metAt: string }): void {
    const before = this.#table.get(zone);
    if (before === undefined && !this.#hasRoom(zone)) return;
    const last = new Date().toISOString();
    const conflict = { servers: [kept, other] as [string, string], metAt, kept, since: before?.since ?? last, last };
    this.#table.set(zone, conflict);
    // Once for each zone, until it is resolved.
    if (before === undefined) this.#options.events.emit('changed');
  }

  /** An account fills no more than its share; what is not noted is in the log. */
  #hasRoom(zone: ZoneName): boolean {
    const { store, log } = this.#options;
    const ownerOf = (name: string): string => store.get(name as ZoneName)?.owner ?? ROOT;
    const owner = ownerOf(zone);
    let [alike, own] = [0, 0];
    for (const [name] of this.#table.entries()) {
      const other = ownerOf(name);
      if (other === owner) own++;
      if ((other === ROOT) === (owner === ROOT)) alike++;
    }
    const hasRoom = alike < MOST && (owner === ROOT || own < MOST_OF_ACCOUNT);
    if (!hasRoom)
      log.warn({ zone, owner }, 'a conflict is not listed: there are too many of this account; settle some');
    return hasRoom;
  }

  /** It was resolved: taken over, removed, or dismissed. */
  forget(zone: ZoneName): void {
    this.#table.delete(zone);
  }

  close(): Promise<void> {
    return this.#table.close();
  }
}
