import { z } from 'zod';
import { defined } from '../operations/defined.js';

/**
 * The server that a zone belongs to. Whoever takes it over gets the next epoch, and what claims an older one is
 * refused.
 */
export interface ZoneHome {
  /** Its host name, which is only its label: it may get another one. */
  server: string;
  /** Its lasting id; absent where it never said one. */
  id?: string;
  epoch: number;
  /**
   * On another server: the last serial that this one gave it itself. Who does not know of it was set back to an older
   * state.
   */
  given?: number;
  /**
   * `assumed`: it was nobody's when it was changed here, and whoever knows better is right. `free`: that server let it
   * go, and who sends it next has it. `left`: this server handed it over to that one.
   */
  mark?: HomeMark;
}

type Server = Pick<ZoneHome, 'server' | 'id'>;
type HomeMark = z.infer<typeof markValue>;
const markValue = z.enum(['assumed', 'free', 'left']);

/** As the index keeps it: `[server, epoch, given, id, mark]`, without what is absent at the end. */
export const homeValues = z.tuple([
  z.string(),
  z.number(),
  z.number().nullable().optional(),
  z.string().nullable().optional(),
  markValue.optional(),
]);
type HomeValues = z.infer<typeof homeValues>;

/** Zones of one server share the text of its id: there may be 100,000 of them. */
const ids = new Map<string, string>();

export function valuesOfHome({ server, epoch, given, id, mark }: ZoneHome): HomeValues {
  if (mark !== undefined) return [server, epoch, given ?? null, id ?? null, mark];
  if (id !== undefined) return [server, epoch, given ?? null, id];
  return given === undefined ? [server, epoch] : [server, epoch, given];
}

export function homeOf(values: HomeValues | undefined): { home?: ZoneHome } {
  if (values === undefined) return {};
  const [server, epoch, given, id, mark] = values;
  return { home: { server, epoch, ...defined({ given: given ?? undefined, id: shared(id), mark }) } };
}

/** Are these homes of one server? By its id; where one of them has none, or the server was set up anew, by its name. */
export function isSameServer(one: Server | undefined, other: Server | undefined): boolean {
  if (one?.id !== undefined && one.id === other?.id) return true;
  return one?.server === other?.server;
}

function shared(id: string | null | undefined): string | undefined {
  if (id === null || id === undefined) return undefined;
  const known = ids.get(id) ?? id;
  ids.set(id, known);
  return known;
}
