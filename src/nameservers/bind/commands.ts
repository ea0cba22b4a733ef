import { utimes } from 'node:fs/promises';
import type { DnsClient } from '../../dns/messages/query.js';
import { ClusterError } from '../../errors.js';
import type { Log } from '../../operations/log.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { Applied, ZoneChange } from '../nameserver.js';
import { querySerial } from '../controlled/read-back.js';
import type { Refusals, Upsert, ZoneCommands, ZoneFile } from '../controlled/zone-commands.js';
import { notOurs } from '../controlled/zone-loader.js';
import { inspectZone } from './check-zone.js';
import { fileClause, zoneBody } from './configuration.js';
import type { RndcChannel } from './control.js';
import type { LoadedZones } from './loaded-zones.js';
import type { RndcReply } from './rndc-connection.js';

/**
 * When are new zones given to named all at once? `reconfig` loads them 8 times as fast as `addzone`, but named answers
 * nothing while it reads its configuration: 0.7 s at 10,000 zones. So only when they are many, also beside those that
 * it serves.
 */
const BULK = { above: 500, share: 0.2 };
/** Milliseconds; named reads some 15,000 zone statements a second. */
const RECONFIG_TIMEOUT = 300_000;
const ALREADY_EXISTS = 'already exists';
const NOT_FOUND = 'not found';

/** Gives zones to one running named, over its control channel. */
export class BindCommands implements ZoneCommands {
  readonly #channel: RndcChannel;
  readonly #zones: LoadedZones;
  readonly #client: DnsClient;
  readonly #log: Log;

  /** `client` asks this named over DNS. */
  constructor(channel: RndcChannel, zones: LoadedZones, client: DnsClient, log: Log) {
    this.#channel = channel;
    this.#zones = zones;
    this.#client = client;
    this.#log = log;
  }

  get size(): number {
    return this.#zones.size;
  }

  get(name: ZoneName): ZoneFile | undefined {
    return this.#zones.get(name);
  }

  list(): ZoneFile[] {
    return this.#zones.list();
  }

  async reload(zones: readonly Upsert[], refusals: Refusals): Promise<Upsert[]> {
    const known = await Promise.all(zones.map((change) => this.#reloadOne(change, refusals)));
    return zones.filter((_, i) => !known[i]);
  }

  async add(zones: readonly Upsert[], refusals: Refusals): Promise<void> {
    // By one `reconfig` a zone's statement of the operator's goes and ours comes; `modzone` of such a zone changes
    // nothing (9.18.49).
    const together =
      zones.some(({ switched }) => switched === true) ||
      (zones.length > BULK.above && zones.length >= BULK.share * this.#zones.size);
    if (together) await this.#addTogether(zones, refusals);
    else await this.#addEach(zones, refusals);
  }

  async remove(names: readonly ZoneName[]): Promise<void> {
    // What it answers is of no matter: read-back tells whether the zone is gone. Without -clean, the files are ours.
    await Promise.all(names.map((name) => this.#channel.command(`delzone "${name}"`)));
    await this.#zones.removed(names);
  }

  inspect(change: ZoneChange, seen: Applied): Promise<Applied | undefined> {
    return inspectZone(change, seen);
  }

  /** Whether named knows the zone and took the command (or refuses it for good); else it is to be added. */
  async #reloadOne(change: Upsert, refusals: Refusals): Promise<boolean> {
    let reply = await this.#channel.command(`reload "${change.name}"`);
    if (reply.error === NOT_FOUND) return false;
    // named goes by the file's time, which a put back version has not, nor one that was written in the same tick of the
    // clock.
    if (reply.text.includes('up-to-date') && (await querySerial(this.#client, change)).outcome !== 'served') {
      const now = new Date();
      await utimes(change.file, now, now);
      reply = await this.#channel.command(`reload "${change.name}"`);
    }
    if (reply.result !== 0) refusals.set(change.name, why(reply));
    return true;
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
    // One zone that named has from elsewhere spoils the whole configuration; one by one, only that zone is refused.
    // First named must read a sound configuration again: after a failed one, 9.18 ends with an assertion at the next
    // delzone.
    this.#log.warn({ why: said(reply), count: zones.length }, 'named refused the include file; adding zones singly');
    await this.#zones.removed(zones.map(({ name }) => name));
    const again = await this.#channel.command('reconfig', RECONFIG_TIMEOUT);
    if (again.result !== 0) {
      const facts = { software: 'BIND', why: said(again), checker: 'named-checkconf' };
      throw new ClusterError('nameserver_configuration_refused', facts);
    }
    await this.#addEach(zones, refusals);
  }

  /** A zone that named has, and we did not know of: ours, from before our state was lost, or the operator's own. */
  async #adopt(name: ZoneName, file: string, refusals: Refusals): Promise<void> {
    const { text: statement } = await this.#channel.command(`showzone "${name}"`);
    if (!statement.includes(fileClause(file))) {
      await this.#zones.removed([name]);
      refusals.set(name, notOurs('BIND', name));
      return;
    }
    // A zone that is not loaded has no status. It is none of those that our include file holds, or we had known it.
    const { text: status } = await this.#channel.command(`zonestatus "${name}"`);
    if (status.includes('reconfigurable via modzone: no')) await this.#zones.included([{ name, file }]);
    await this.#channel.command(`reload "${name}"`);
  }
}

function why(reply: RndcReply): string {
  return `BIND refuses it: ${said(reply)}`;
}

function said({ error, text }: RndcReply): string {
  return (text === '' ? error : text).trim().replaceAll('\n', '; ');
}
