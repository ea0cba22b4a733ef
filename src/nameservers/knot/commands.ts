import { rm, writeFile } from 'node:fs/promises';
import { ClusterError } from '../../errors.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { IncludeFile } from '../controlled/include-file.js';
import type { Applied, ZoneChange } from '../nameserver.js';
import type { Refusals, Upsert, ZoneCommands, ZoneFile } from '../controlled/zone-commands.js';
import { notOurs } from '../controlled/zone-loader.js';
import { faultOf } from './check-zone.js';
import { TEMPLATE, TEMPLATE_ITEMS } from './configuration.js';
import type { KnotCommand, KnotReply } from './control-message.js';
import type { KnotControl } from './control.js';

const UNKNOWN = 'no such zone found';
const EXISTS = 'duplicate identifier';

/**
 * Gives zones to one running Knot: in a transaction of its configuration, many as one. The file that its configuration
 * includes says the same for its next start, is written first, and is the record of what it was given.
 */
export class KnotCommands implements ZoneCommands {
  readonly #control: KnotControl;
  readonly #zones: IncludeFile;
  readonly #open: string;

  /** `open` is a file that is there while a transaction of ours is open. */
  constructor(control: KnotControl, zones: IncludeFile, open: string) {
    this.#control = control;
    this.#zones = zones;
    this.#open = open;
  }

  get size(): number {
    return this.#zones.size;
  }

  get(name: ZoneName): ZoneFile | undefined {
    const file = this.#zones.get(name);
    return file === undefined ? undefined : { name, file };
  }

  list(): ZoneFile[] {
    return this.#zones.list();
  }

  async reload(zones: readonly Upsert[], refusals: Refusals): Promise<Upsert[]> {
    const replies = await this.#control.run(zones.map(({ name }) => ({ command: 'zone-reload', zone: name })));
    const unknown: Upsert[] = [];
    for (const [i, zone] of zones.entries()) {
      const error = replies[i]?.error;
      if (error === UNKNOWN) unknown.push(zone);
      else if (error !== undefined) refusals.set(zone.name, `Knot DNS refuses it: ${error}`);
    }
    return unknown;
  }

  async add(zones: readonly Upsert[], refusals: Refusals): Promise<void> {
    for (const { name, file } of zones) this.#zones.set(name, file);
    await this.#zones.write();
    const there: Upsert[] = [];
    await this.#transaction(async (run) => {
      await run(TEMPLATE_COMMANDS, [EXISTS]);
      // In one transaction with what follows: Knot keeps what it serves until it has read our file.
      const switched = zones.filter((zone) => zone.switched === true).map(({ name }) => unsetOf(name));
      await run(switched, undefined);
      const named = await run(
        zones.map(({ name }) => setOf(name)),
        [EXISTS],
      );
      // What a zone has already is not touched: it may be the operator's.
      there.push(...zones.filter((_, i) => named[i]?.error !== undefined));
      const fresh = zones.filter((_, i) => named[i]?.error === undefined);
      await run(
        fresh.flatMap(({ name, file }) => [setOf(name, 'file', file), setOf(name, 'template', TEMPLATE)]),
        [],
      );
    });
    await this.#adopt(there, refusals);
  }

  async remove(names: readonly ZoneName[]): Promise<void> {
    // A zone that is gone already is no fault: read-back tells whether it is.
    await this.#zones.without(names, () => this.#transaction((run) => run(names.map(unsetOf), undefined)));
  }

  faultOf(zone: ZoneFile): Promise<string | undefined> {
    return faultOf(zone);
  }

  async inspect(change: ZoneChange, seen: Applied): Promise<Applied | undefined> {
    const reason = change.kind === 'remove' ? undefined : await faultOf(change);
    return reason === undefined ? undefined : { ...seen, outcome: 'refused', reason };
  }

  /**
   * Zones that Knot has, and that it was not to have: ours, from a file that it included before, or the operator's own.
   */
  async #adopt(zones: readonly Upsert[], refusals: Refusals): Promise<void> {
    const items = zones.map(({ name: id }) => ({ command: 'conf-read', section: 'zone', item: 'file', id }));
    const files = await this.#control.run(items);
    const ours: Upsert[] = [];
    for (const [i, zone] of zones.entries()) {
      if (files[i]?.rows[0]?.data === zone.file) ours.push(zone);
      else {
        this.#zones.delete(zone.name);
        refusals.set(zone.name, notOurs('Knot DNS', zone.name));
      }
    }
    if (ours.length < zones.length) await this.#zones.write();
    await this.#control.run(ours.map(({ name }) => ({ command: 'zone-reload', zone: name })));
  }

  /**
   * Changes the running configuration. `run` rejects at the first reply whose error is not allowed (all are where
   * `allowed` is undefined), and nothing is changed then. Rejects with nameserver_configuration_refused.
   */
  async #transaction(
    change: (
      run: (commands: readonly KnotCommand[], allowed: readonly string[] | undefined) => Promise<KnotReply[]>,
    ) => Promise<unknown>,
  ): Promise<void> {
    const run = async (commands: readonly KnotCommand[], allowed?: readonly string[]): Promise<KnotReply[]> => {
      const replies = await this.#control.run(commands);
      const error = replies.find(
        (reply) => reply.error !== undefined && allowed?.includes(reply.error) === false,
      )?.error;
      if (error !== undefined) throw configurationRefused(error);
      return replies;
    };
    // Another's transaction is not ours to end, and what we set would become part of it.
    const [begun] = await this.#control.run([{ command: 'conf-begin' }]);
    if (begun?.error !== undefined) {
      throw configurationRefused(`${begun.error}; end the one that is open with knotc conf-commit or conf-abort`);
    }
    try {
      await writeFile(this.#open, '', { mode: 0o600 });
      await change(run);
      await run([{ command: 'conf-commit' }], []);
      await rm(this.#open, { force: true });
    } catch (error) {
      await this.abort().catch(() => undefined);
      throw error;
    }
  }

  /** Ends a transaction with nothing changed. It must be ours. */
  async abort(): Promise<void> {
    await this.#control.run([{ command: 'conf-abort' }]);
    await rm(this.#open, { force: true });
  }
}

/** The template, where Knot was started before its configuration included our file. */
const TEMPLATE_COMMANDS: readonly KnotCommand[] = [
  { command: 'conf-set', section: 'template', id: TEMPLATE },
  ...TEMPLATE_ITEMS.map(([item, data]) => ({ command: 'conf-set', section: 'template', id: TEMPLATE, item, data })),
];

function setOf(id: ZoneName, item?: string, data?: string): KnotCommand {
  const zone = { command: 'conf-set', section: 'zone', id };
  return item === undefined || data === undefined ? zone : { ...zone, item, data };
}

function unsetOf(id: ZoneName): KnotCommand {
  return { command: 'conf-unset', section: 'zone', id };
}

function configurationRefused(why: string): ClusterError {
  const facts = { software: 'Knot DNS', why, checker: 'knotc conf-check' };
  return new ClusterError('nameserver_configuration_refused', facts);
}
