import type { LimitFunction } from 'p-limit';
import type { DnsClient } from '../../dns/messages/query.js';
import { sentenceOf } from '../../errors.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { ControlledServer } from './controlled-server.js';
import type { Applied, ApplyProgress, ZoneChange } from '../nameserver.js';
import { queryAll, readBack } from './read-back.js';
import { PlainFiles } from './plain-files.js';
import type { Refusals, Upsert, ZoneCommands } from './zone-commands.js';

/** Makes one running server follow changes by its commands, and reads each back over DNS. */
export class ZoneLoader {
  readonly #software: string;
  readonly #rendered: PlainFiles;
  readonly #commands: ZoneCommands;
  readonly #client: DnsClient;
  readonly #turn: LimitFunction;

  /**
   * `turn`: for commands; what is read back or inspected needs none, so that one zone that does not come delays
   * no other.
   */
  constructor(
    { software, renderedFolder }: Pick<ControlledServer, 'software' | 'renderedFolder'>,
    commands: ZoneCommands,
    client: DnsClient,
    turn: LimitFunction,
  ) {
    this.#software = software;
    this.#rendered = new PlainFiles(renderedFolder);
    this.#commands = commands;
    this.#client = client;
    this.#turn = turn;
  }

  /**
   * One outcome for each change, in their order; of several changes of one zone the last counts. Rejects where the
   * server could not be asked.
   */
  async apply(changes: readonly ZoneChange[], progress?: ApplyProgress): Promise<Applied[]> {
    const last = [...new Map(changes.map((change) => [change.name, change])).values()];
    const broken = new Map<ZoneName, Applied>();
    const read = await Promise.all(last.map((change) => this.#asItIsRead(change, broken)));
    const outcomes = await this.#applyEach(
      read.filter(({ name }) => !broken.has(name)),
      progress,
    );
    for (const [name, outcome] of broken) outcomes.set(name, outcome);
    if (this.#commands.faultOf !== undefined) await this.#renderRefused(last, outcomes);
    return changes.map(({ name }) => outcomes.get(name) ?? { name, outcome: 'unavailable' });
  }

  /** Makes the server serve these zones and no others of ours. Only what it does not serve as it should is touched. */
  async synchronize(zones: readonly ZoneChange[]): Promise<Applied[]> {
    const wanted = new Set(zones.map((change) => change.name));
    const strangers = this.#commands.list().flatMap(({ name }) => (wanted.has(name) ? [] : [name]));
    await this.#turn(() => this.#remove(strangers));
    await readBack(
      this.#client,
      strangers.map((name) => ({ kind: 'remove', name })),
    );
    const seen = await queryAll(this.#client, zones);
    const due = zones.filter(({ name }, i) => seen[i]?.outcome !== 'served' || this.#commands.get(name) === undefined);
    const applied = new Map((await this.apply(due)).map((outcome) => [outcome.name, outcome]));
    return seen.map((outcome) => applied.get(outcome.name) ?? outcome);
  }

  /**
   * A zone that was written out for the server stays so: its next text would be refused, too. What can't be is
   * `broken`.
   */
  async #asItIsRead(change: ZoneChange, broken: Map<ZoneName, Applied>): Promise<ZoneChange> {
    const { name } = change;
    if (change.kind === 'remove' || this.#commands.get(name)?.file !== this.#rendered.fileOf(name)) return change;
    try {
      return await this.#rendered.write(change);
    } catch (error) {
      broken.set(name, { name, outcome: 'refused', reason: sentenceOf(error) });
      return change;
    }
  }

  /**
   * Zones whose text the server refuses are tried once more in a plain form, where its own checker has nothing against
   * that. One that is served in its old form is out of service for the moment between.
   */
  async #renderRefused(changes: readonly ZoneChange[], outcomes: Map<ZoneName, Applied>): Promise<void> {
    const plain: Upsert[] = [];
    for (const change of changes) {
      const { name } = change;
      const isPlain = this.#commands.get(name)?.file === this.#rendered.fileOf(name);
      if (change.kind === 'remove' || outcomes.get(name)?.outcome !== 'refused' || isPlain) continue;
      const rendered = await this.#rendered.write(change).catch(() => undefined);
      if (rendered === undefined) continue;
      if ((await this.#commands.faultOf?.(rendered)) === undefined) plain.push(rendered);
      else await this.#rendered.drop(name);
    }
    if (plain.length === 0) return;
    for (const [name, outcome] of await this.#applyEach(plain)) {
      if (outcome.outcome === 'refused') await this.#dropRendered(name);
      else outcomes.set(name, outcome);
    }
  }

  /** Where the server is not to read it any more. */
  async #dropRendered(name: ZoneName): Promise<void> {
    if (this.#commands.get(name)?.file !== this.#rendered.fileOf(name)) await this.#rendered.drop(name);
  }

  async #applyEach(changes: readonly ZoneChange[], progress?: ApplyProgress): Promise<Map<ZoneName, Applied>> {
    const refusals: Refusals = new Map();
    const added = await this.#turn(() => this.#give(changes, refusals));
    progress?.given();
    const taken = changes.filter(({ name }) => !refusals.has(name));
    const seen = await readBack(this.#client, taken, {
      inspect: (change, as) => this.#commands.inspect(change, as),
      served: progress?.served,
    });
    const outcomes = new Map(seen.map((outcome) => [outcome.name, outcome]));
    for (const [name, reason] of refusals) outcomes.set(name, { name, outcome: 'refused', reason });
    // What was new and is not served must not stay in the server's configuration.
    const strange = added.map(({ name }) => name).filter((name) => outcomes.get(name)?.outcome === 'refused');
    if (strange.length > 0) await this.#turn(() => this.#remove(strange));
    return outcomes;
  }

  /** Tells the server of all changes. Resolves with those that are new to it. */
  async #give(changes: readonly ZoneChange[], refusals: Refusals): Promise<Upsert[]> {
    const removals = changes.filter(({ kind }) => kind === 'remove');
    await this.#refuseStrange(removals, refusals);
    await this.#remove(removals.map(({ name }) => name));
    const added = await this.#replace(
      changes.filter((change) => change.kind === 'upsert'),
      refusals,
    );
    if (added.length > 0) await this.#commands.add(added, refusals);
    return added;
  }

  /**
   * Zones that are to be gone and that we never gave to the server: where it answers for them, they are the operator's
   * own.
   */
  async #refuseStrange(removals: readonly ZoneChange[], refusals: Refusals): Promise<void> {
    const strange = removals.filter(({ name }) => this.#commands.get(name) === undefined);
    const seen = await queryAll(this.#client, strange);
    for (const { name, outcome } of seen) if (outcome === 'refused') refusals.set(name, notOurs(this.#software, name));
  }

  /**
   * Has known zones read again. Resolves with those that are to be added, because the server lacks them or has another
   * file.
   */
  async #replace(upserts: readonly Upsert[], refusals: Refusals): Promise<Upsert[]> {
    const known: Upsert[] = [];
    const fresh: Upsert[] = [];
    const moved: Upsert[] = [];
    for (const change of upserts) {
      const file = this.#commands.get(change.name)?.file;
      if (file === undefined) fresh.push(change);
      else if (file === change.file) known.push(change);
      else moved.push(change);
    }
    await this.#remove(moved.map(({ name }) => name));
    const lost = known.length > 0 ? await this.#commands.reload(known, refusals) : [];
    return [...fresh, ...moved, ...lost];
  }

  async #remove(names: readonly ZoneName[]): Promise<void> {
    const known = names.flatMap((name) => this.#commands.get(name) ?? []);
    if (known.length === 0) return;
    await this.#commands.remove(known.map(({ name }) => name));
    for (const { name, file } of known) if (file === this.#rendered.fileOf(name)) await this.#rendered.drop(name);
  }
}

/** The sentence for a zone that the server has from elsewhere; for the commands, too. */
export function notOurs(software: string, name: ZoneName): string {
  return `${software} has ${name} from a configuration that is not ours. Remove it there first.`;
}
