import { z } from 'zod';
import { ownsOrIsRoot, type Principal } from '../../access/principal.js';
import type { Log } from '../../operations/log.js';
import { AppendTable } from '../../state/append-table.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { ZoneStore } from '../../zones/zone-store.js';

const MOST = 10_000;

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

/** The zones that two servers write, until somebody settles it. Kept over restarts: the one who should know may sleep. */
export class Conflicts {
  readonly #table: AppendTable<z.infer<typeof schema>>;
  readonly #store: ZoneStore;
  readonly #isNew: (conflict: Conflict) => void;

  private constructor(
    table: AppendTable<z.infer<typeof schema>>,
    store: ZoneStore,
    isNew: (conflict: Conflict) => void,
  ) {
    this.#table = table;
    this.#store = store;
    this.#isNew = isNew;
  }

  /** `isNew` is told of each zone once, until it is settled. */
  static async open(
    file: string,
    { store, isNew, log }: { store: ZoneStore; isNew: (conflict: Conflict) => void; log: Log },
  ): Promise<Conflicts> {
    const parse = (value: unknown): z.infer<typeof schema> => schema.parse(value);
    return new Conflicts(await AppendTable.open(file, { parse, log }), store, isNew);
  }

  /** The newest first. */
  list(by: Principal): Conflict[] {
    const theirs = [...this.#table.entries()].flatMap(([name, conflict]) => {
      const zone = name as ZoneName;
      const entry = this.#store.get(zone);
      const isTheirs = by.kind === 'root' || (entry !== undefined && ownsOrIsRoot(by, entry.owner));
      return isTheirs ? [{ zone, ...conflict }] : [];
    });
    return theirs.sort((a, b) => (a.last < b.last ? 1 : -1));
  }

  note(zone: ZoneName, { kept, other, metAt }: { kept: string; other: string; metAt: string }): void {
    const before = this.#table.get(zone);
    if (before === undefined && this.#table.size >= MOST) return;
    const last = new Date().toISOString();
    const conflict = { servers: [kept, other] as [string, string], metAt, kept, since: before?.since ?? last, last };
    this.#table.set(zone, conflict);
    if (before === undefined) this.#isNew({ zone, ...conflict });
  }

  /** It was settled: taken over, removed, or put away. */
  forget(zone: ZoneName): void {
    this.#table.delete(zone);
  }

  close(): Promise<void> {
    return this.#table.close();
  }
}
