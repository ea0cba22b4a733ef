import { utimes } from 'node:fs/promises';
import type { DnsClient } from '../../dns/query.js';
import { ClusterError } from '../../errors.js';
import type { Log } from '../../operations/log.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { Applied, ZoneChange } from '../nameserver.js';
import { look, lookAtAll, readBack } from '../read-back.js';
import { fileClause, zoneBody } from './bind-config.js';
import { inspectZone } from './check-zone.js';
import type { LoadedZones, ZoneFile } from './loaded-zones.js';
import type { RndcChannel } from './rndc-channel.js';
import type { RndcReply } from './rndc-connection.js';

type Upsert = Extract<ZoneChange, { kind: 'upsert' }>;
type Refusals = Map<ZoneName, string>;

/**
 * When are new zones given to named all at once? `reconfig` loads them 8 times as fast as `addzone`, but named answers nothing
 * while it reads its configuration: 0.7 s at 10,000 zones. So only when they are many, also beside those that it serves.
 */
const BULK = { above: 500, share: 0.2 };
/** Milliseconds; named reads some 15,000 zone statements a second. */
const RECONFIG_TIMEOUT = 300_000;
const ALREADY_EXISTS = 'already exists';
const NOT_FOUND = 'not found';

/** Makes one running named follow changes, over its control channel, and reads each back over DNS. */
export class ZoneLoader {
  readonly #channel: RndcChannel;
  readonly #zones: LoadedZones;
  readonly #client: DnsClient;
  readonly #log: Log;

  constructor(channel: RndcChannel, zones: LoadedZones, client: DnsClient, log: Log) {
    this.#channel = channel;
    this.#zones = zones;
    this.#client = client;
    this.#log = log;
  }

  /** One outcome for each change, in their order; of several changes of one zone the last counts. Rejects with rndc_unavailable. */
  async apply(changes: readonly ZoneChange[]): Promise<Applied[]> {
    const last = new Map(changes.map((change) => [change.name, change]));
    const outcomes = await this.#applyEach([...last.values()]);
    return changes.map(({ name }) => outcomes.get(name) ?? { name, outcome: 'unavailable' });
  }

  /** Makes named serve these zones and no others of ours. Only what it does not serve as it should is touched. */
  async synchronize(zones: readonly ZoneChange[]): Promise<Applied[]> {
    const wanted = new Set(zones.map((change) => change.name));
    await this.#remove(this.#zones.list().flatMap(({ name }) => (wanted.has(name) ? [] : [name])));
    const seen = await lookAtAll(this.#client, zones);
    const due = zones.filter(({ name }, i) => seen[i]?.outcome !== 'served' || this.#zones.get(name) === undefined);
    const applied = new Map((await this.apply(due)).map((outcome) => [outcome.name, outcome]));
    return seen.map((outcome) => applied.get(outcome.name) ?? outcome);
  }

  /** Gives named again what it lost over a restart: its database of added zones, or our include file, were not what they were. */
  async restore(): Promise<void> {
    await this.#zones.repair();
    const zones = this.#zones.list();
    const gone = await lookAtAll(
      this.#client,
      zones.map(({ name }) => ({ kind: 'remove', name })),
    );
    const silent = zones.filter((_, i) => gone[i]?.outcome === 'served');
    // A zone that named knows and does not answer is still being loaded, or broken: it is not to be added a second time.
    const known = await Promise.all(silent.map(({ name }) => this.#channel.command(`zonestatus "${name}"`)));
    const lost = silent.filter((_, i) => known[i]?.error === NOT_FOUND);
    if (lost.length === 0) return;
    this.#log.warn(
      { zones: lost.slice(0, 20), count: lost.length },
      'named lost zones over a restart; giving them again',
    );
    const refusals: Refusals = new Map();
    await this.#add(lost, refusals);
    for (const [zone, why] of refusals) this.#log.error({ zone, why }, 'named refuses a zone that it served');
  }

  async #applyEach(changes: readonly ZoneChange[]): Promise<Map<ZoneName, Applied>> {
    const refusals: Refusals = new Map();
    const removals = changes.filter(({ kind }) => kind === 'remove');
    const strange = removals.filter(({ name }) => this.#zones.get(name) === undefined);
    await this.#refuseServed(strange, refusals);
    await this.#remove(removals.map(({ name }) => name));
    const upserts = changes.filter((change) => change.kind === 'upsert');
    const reloaded = await Promise.all(upserts.map((change) => this.#reload(change, refusals)));
    const added = upserts.filter((_, i) => !reloaded[i]);
    await this.#add(added, refusals);
    const taken = changes.filter(({ name }) => !refusals.has(name));
    const seen = await readBack(this.#client, taken, { inspect: inspectZone });
    const outcomes = new Map(seen.map((outcome) => [outcome.name, outcome]));
    for (const [name, reason] of refusals) outcomes.set(name, { name, outcome: 'refused', reason });
    // What was new and is not served must not stay in named's configuration.
    await this.#remove(added.map(({ name }) => name).filter((name) => outcomes.get(name)?.outcome === 'refused'));
    return outcomes;
  }

  /** Whether named knows the zone and took the command (or refuses it for good); else it is to be added. */
  async #reload(change: Upsert, refusals: Refusals): Promise<boolean> {
    const known = this.#zones.get(change.name);
    if (known === undefined) return false;
    if (known.file !== change.file) {
      await this.#remove([change.name]);
      return false;
    }
    let reply = await this.#channel.command(`reload "${change.name}"`);
    if (reply.error === NOT_FOUND) return false;
    // named goes by the file's time, which a put back version has not, nor one that was written in the same tick of the clock.
    if (reply.text.includes('up-to-date') && (await look(this.#client, change)).outcome !== 'served') {
      const now = new Date();
      await utimes(change.file, now, now);
      reply = await this.#channel.command(`reload "${change.name}"`);
    }
    if (reply.result !== 0) refusals.set(change.name, why(reply));
    return true;
  }

  async #add(zones: readonly ZoneFile[], refusals: Refusals): Promise<void> {
    if (zones.length === 0) return;
    const bulk = zones.length > BULK.above && zones.length >= BULK.share * this.#zones.size;
    if (bulk) await this.#addTogether(zones, refusals);
    else await this.#addEach(zones, refusals);
  }

  async #addEach(zones: readonly ZoneFile[], refusals: Refusals): Promise<void> {
    await this.#zones.added(zones);
    await Promise.all(
      zones.map(async ({ name, file }) => {
        const reply = await this.#channel.command(`addzone "${name}" ${zoneBody(file)}`);
        if (reply.error === ALREADY_EXISTS) await this.#adopt(name, file, refusals);
        else if (reply.result !== 0) refusals.set(name, why(reply));
      }),
    );
  }

  async #addTogether(zones: readonly ZoneFile[], refusals: Refusals): Promise<void> {
    await this.#zones.included(zones);
    const reply = await this.#channel.command('reconfig', RECONFIG_TIMEOUT);
    if (reply.result === 0) return;
    // One zone that named has from elsewhere spoils the whole configuration; one by one, only that zone is refused. First
    // named must read a sound configuration again: after a failed one, 9.18 ends with an assertion at the next delzone.
    this.#log.warn({ why: said(reply), count: zones.length }, 'named refused the include file; adding zones singly');
    await this.#zones.removed(zones.map(({ name }) => name));
    const again = await this.#channel.command('reconfig', RECONFIG_TIMEOUT);
    if (again.result !== 0) throw new ClusterError('named_configuration_refused', { why: said(again) });
    await this.#addEach(zones, refusals);
  }

  /** A zone that named has, and we did not know of: ours, from before our state was lost, or the operator's own. */
  async #adopt(name: ZoneName, file: string, refusals: Refusals): Promise<void> {
    const { text: statement } = await this.#channel.command(`showzone "${name}"`);
    if (!statement.includes(fileClause(file))) {
      await this.#zones.removed([name]);
      refusals.set(name, notOurs(name));
      return;
    }
    // A zone that is not loaded has no status. It is none of those that our include file holds, or we had known it.
    const { text: status } = await this.#channel.command(`zonestatus "${name}"`);
    if (status.includes('reconfigurable via modzone: no')) await this.#zones.included([{ name, file }]);
    await this.#channel.command(`reload "${name}"`);
  }

  /** Zones that are to be gone and that we never gave to named: where it answers for them, they are the operator's own. */
  async #refuseServed(removals: readonly ZoneChange[], refusals: Refusals): Promise<void> {
    const seen = await lookAtAll(this.#client, removals);
    for (const { name, outcome } of seen) if (outcome === 'refused') refusals.set(name, notOurs(name));
  }

  async #remove(names: readonly ZoneName[]): Promise<void> {
    const known = names.filter((name) => this.#zones.get(name) !== undefined);
    // What it answers is of no matter: read-back tells whether the zone is gone. Without -clean, the files are ours.
    await Promise.all(known.map((name) => this.#channel.command(`delzone "${name}"`)));
    if (known.length > 0) await this.#zones.removed(known);
  }
}

function notOurs(name: ZoneName): string {
  return `BIND has ${name} from a configuration that is not ours. Remove it there first.`;
}

function why(reply: RndcReply): string {
  return `BIND refuses it: ${said(reply)}`;
}

function said({ error, text }: RndcReply): string {
  return (text === '' ? error : text).trim().replaceAll('\n', '; ');
}
