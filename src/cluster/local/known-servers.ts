import { randomUUID } from 'node:crypto';
import { sentenceOf } from '../../errors.js';
import type { Log } from '../../operations/log.js';
import type { JsonState } from '../../state/json-state.js';
import { isSameServer, type ZoneHome } from '../../zones/home.js';
import type { ZoneStore } from '../../zones/zone-store.js';
import type { ClusterState } from '../model/cluster-state.js';

/** A server by its lasting id, with its names: the present one first, then those that it had. */
export interface KnownServer {
  id: string;
  names: string[];
}

const MOST_SERVERS = 1_000;
const MOST_NAMES = 20;

/**
 * Which server is meant by a home, as far as names are known: by its id, or by a name that it has, or that it had if
 * nobody else has it now. The same home where nothing else is known.
 */
export function presentHome(home: ZoneHome, servers: readonly KnownServer[]): ZoneHome {
  const server = serverOf(home, servers);
  const [name] = server?.names ?? [];
  if (server === undefined || name === undefined) return home;
  return name === home.server && server.id === home.id ? home : { ...home, server: name, id: server.id };
}

function serverOf({ id, server: name }: ZoneHome, servers: readonly KnownServer[]): KnownServer | undefined {
  const known = id === undefined ? undefined : servers.find((one) => one.id === id);
  if (known !== undefined) return known;
  const now = servers.filter(({ names }) => names[0] === name);
  // An id that nobody knows any more, with a name that a server has now: that one was set up anew.
  if (id !== undefined) return now.length === 1 ? now[0] : undefined;
  const had = now.length > 0 ? now : servers.filter(({ names }) => names.includes(name));
  return had.length === 1 ? had[0] : undefined;
}

/** The servers with what one of them says of itself now. The same list where nothing is new. */
export function withServer(
  servers: readonly KnownServer[],
  { id, name, was }: { id: string; name: string; was: readonly string[] },
): readonly KnownServer[] {
  const before = servers.find((one) => one.id === id);
  const names = [...new Set([name, ...was, ...(before?.names ?? [])])].slice(0, MOST_NAMES);
  // Another one of this name was set up anew as this one.
  const others = servers.filter((one) => one !== before && one.names[0] !== name);
  const isKnown = before?.names.length === names.length && before.names[0] === name;
  if (isKnown && others.length === servers.length - 1) return servers;
  return others.length >= MOST_SERVERS ? servers : [...others, { id, names }];
}

/** This server and those that root's peers said to be, by lasting ids: a zone stays with a server that is renamed. */
export class KnownServers {
  readonly #state: JsonState<ClusterState>;
  readonly #store: ZoneStore;
  readonly #log: Log;
  /** This server, as the home of a zone that is made here. */
  readonly here: Readonly<ZoneHome & { id: string }>;

  private constructor(state: JsonState<ClusterState>, store: ZoneStore, log: Log, here: KnownServers['here']) {
    this.#state = state;
    this.#store = store;
    this.#log = log;
    this.here = here;
  }

  /** Gives this server its id when it first starts, and takes its zones along where it has another name. */
  static async open(
    state: JsonState<ClusterState>,
    { store, hostname, log }: { store: ZoneStore; hostname: string; log: Log },
  ): Promise<KnownServers> {
    const name = hostname.toLowerCase();
    const id = state.data.serverId ?? randomUUID();
    const known = new KnownServers(state, store, log, { server: name, id, epoch: 0 });
    // Which server this was is not known then: its zones stay with the id that they have.
    if (state.loss?.lost === true) return known;
    const before = known.#own?.names[0] ?? name;
    await known.#note({ id, name, was: [] });
    const zones = await known.#rehome();
    if (before !== name) log.warn({ before, now: name, zones }, 'this server has another name: its zones go with it');
    return known;
  }

  /** Names that this server had, the last one first. */
  get formerNames(): readonly string[] {
    return this.#own?.names.filter((name) => name !== this.here.server) ?? [];
  }

  /** The present name of the server that is meant by a home, and its id. */
  present(home: ZoneHome): ZoneHome {
    return presentHome(home, this.#servers);
  }

  /** Is a home this server? */
  isHere(home: ZoneHome | undefined): boolean {
    return home !== undefined && isSameServer(home, this.here);
  }

  /** Is a server of this name known, by what it said itself or by a zone that it has? */
  isKnown(name: string): boolean {
    const isNamed = this.#servers.some(({ names }) => names[0] === name);
    return isNamed || [...this.#store.entries()].some(({ home }) => home?.server === name);
  }

  /** A peer that root trusts says who it is. Never rejects. */
  async learn(said: { id: string; name: string; was: readonly string[] }): Promise<void> {
    const isOwn = said.id === this.here.id || said.name === this.here.server;
    if (isOwn || withServer(this.#servers, said) === this.#servers) return;
    const [before] = this.#servers.find(({ id }) => id === said.id)?.names ?? [];
    try {
      await this.#note(said);
      const zones = await this.#rehome();
      if (before !== undefined && before !== said.name)
        this.#log.warn({ before, now: said.name, zones }, 'a server has another name: its zones go with it');
    } catch (error) {
      this.#log.error({ server: said.name, error: sentenceOf(error) }, 'the name of a server could not be noted');
    }
  }

  get #servers(): readonly KnownServer[] {
    return this.#state.data.servers;
  }

  get #own(): KnownServer | undefined {
    return this.#servers.find(({ id }) => id === this.here.id);
  }

  async #note(said: { id: string; name: string; was: readonly string[] }): Promise<void> {
    if (this.#state.data.serverId === this.here.id && withServer(this.#servers, said) === this.#servers) return;
    await this.#state.update((draft) => {
      draft.serverId = this.here.id;
      draft.servers = withServer(draft.servers, said).map(({ id, names }) => ({ id, names: [...names] }));
    });
  }

  #rehome(): Promise<number> {
    const servers = this.#servers;
    return this.#store.rehome((home) => presentHome(home, servers));
  }
}
