import { readFile } from 'node:fs/promises';
import pLimit from 'p-limit';
import { formatName } from '../../dns/name.js';
import { parseZone } from '../../dns/zone-text/parser.js';
import type { DnsClient } from '../../dns/messages/query.js';
import type { ResourceRecord } from '../../dns/zone.js';
import { TYPE } from '../../dns/types.js';
import { sentenceOf } from '../../errors.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { IncludeFile } from '../controlled/include-file.js';
import type { Applied, ZoneChange } from '../nameserver.js';
import type { Refusals, Upsert, ZoneCommands, ZoneFile } from '../controlled/zone-commands.js';
import { soundRecords } from '../controlled/zone-file.js';
import { notOurs } from '../controlled/zone-loader.js';
import { rareRecords, wrongAnswer } from './answers-check.js';
import { LOAD_TIMEOUT, type PdnsControl } from './control.js';
import type { Presigned } from './presigned.js';

/** From so many zones on, all is dropped from the caches: dropping 10,000 names one by one takes 2 s. */
const MANY = 100;
/** Names in one command. */
const CHUNK = 200;
const FILES_AT_ONCE = 16;
/** Octets of an owner name that 4.7 loads and then never answers for: all that are not printable, but for the space. */
const UNANSWERED = /\\(?!032)\d{3}/;

/**
 * Gives zones to one running PowerDNS with the bind backend. The file with our zones is the record of what it was
 * given.
 */
export class PdnsCommands implements ZoneCommands {
  readonly #control: PdnsControl;
  readonly #zones: IncludeFile;
  readonly #presigned: Presigned;
  readonly #client: DnsClient;

  /** `client` asks this PowerDNS over DNS. */
  constructor(control: PdnsControl, zones: IncludeFile, presigned: Presigned, client: DnsClient) {
    this.#control = control;
    this.#zones = zones;
    this.#presigned = presigned;
    this.#client = client;
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
    const { sound, signed, rare } = await this.#soundOf(zones, refusals);
    await this.#presigned.mark(signed);
    const unknown = new Set<string>();
    for (const chunk of chunksOf(sound)) {
      const reply = await this.#control.command(`bind-reload-now ${namesOf(chunk)}`);
      for (const { name } of chunk) {
        const said = lineOf(reply, name);
        if (/no such domain/.test(said)) unknown.add(name);
        else if (/\[rejected\]/.test(said)) refusals.set(name, `PowerDNS refuses it: ${said}`);
      }
    }
    await this.#forget(sound);
    await this.#checkAnswers(sound, rare, refusals);
    return sound.filter(({ name }) => unknown.has(name));
  }

  async add(zones: readonly Upsert[], refusals: Refusals): Promise<void> {
    const { sound, signed, rare } = await this.#soundOf(zones, refusals);
    // By one `rediscover` a zone's statement of the operator's goes and ours comes.
    const switched = sound.filter((zone) => zone.switched === true);
    const others = sound.filter((zone) => zone.switched !== true);
    const fresh = [...switched, ...(await this.#withoutStrange(others, refusals))];
    for (const { name, file } of fresh) this.#zones.set(name, file);
    await this.#zones.write();
    await this.#presigned.mark(signed);
    // `bind-add-zone` is no choice: it numbers zones otherwise than `rediscover`, which then puts new zones in place of
    // those (README.md).
    if (fresh.length > 0) await this.#control.command('rediscover', LOAD_TIMEOUT);
    // "No such zone" was answered before, and may be remembered.
    await this.#forget(fresh);
    await this.#checkAnswers(fresh, rare, refusals);
  }

  async remove(names: readonly ZoneName[]): Promise<void> {
    await this.#zones.without(names, () => this.#control.command('rediscover', LOAD_TIMEOUT));
    await this.#forget(names.map((name) => ({ name })));
  }

  /** It has no checker: what is known of it. */
  async faultOf({ name, file }: ZoneFile): Promise<string | undefined> {
    return unanswered(parseZone(await readFile(file), name).records);
  }

  async inspect({ name }: ZoneChange, seen: Applied): Promise<Applied | undefined> {
    const said = lineOf(await this.#control.command('bind-list-rejects'), name);
    return said === '' ? undefined : { ...seen, outcome: 'refused', reason: `PowerDNS refuses it: ${said}` };
  }

  /**
   * PowerDNS takes records that make no sense, and finds out when it is asked for them: so files are checked by our own
   * rules before. Resolves with those that stand the check, whether each holds signatures, and its rare records.
   */
  async #soundOf(
    zones: readonly Upsert[],
    refusals: Refusals,
  ): Promise<{
    sound: Upsert[];
    signed: ReadonlyMap<ZoneName, boolean>;
    rare: ReadonlyMap<ZoneName, ResourceRecord[]>;
  }> {
    const limit = pLimit(FILES_AT_ONCE);
    const rare = new Map<ZoneName, ResourceRecord[]>();
    const signed = new Map<ZoneName, boolean>();
    await Promise.all(
      zones.map((zone) =>
        limit(async () => {
          try {
            const records = await soundRecords(zone);
            const odd = unanswered(records);
            if (odd !== undefined) refusals.set(zone.name, odd);
            else if (records.some(({ type }) => type === TYPE.RRSIG)) signed.set(zone.name, true);
            else signed.set(zone.name, false);
            rare.set(zone.name, rareRecords(records));
          } catch (error) {
            refusals.set(zone.name, sentenceOf(error));
          }
        }),
      ),
    );
    return { sound: zones.filter(({ name }) => signed.has(name)), signed, rare };
  }

  /** Refuses zones of which PowerDNS answers something else than their files say. */
  async #checkAnswers(
    zones: readonly Upsert[],
    rare: ReadonlyMap<ZoneName, ResourceRecord[]>,
    refusals: Refusals,
  ): Promise<void> {
    for (const { name } of zones) {
      const wrong = await wrongAnswer(this.#client, rare.get(name) ?? []);
      if (wrong !== undefined) refusals.set(name, wrong);
    }
  }

  /**
   * Without zones that PowerDNS has although we did not give them: a second statement would put our file in place of
   * theirs.
   */
  async #withoutStrange(zones: readonly Upsert[], refusals: Refusals): Promise<Upsert[]> {
    const strange = new Set<string>();
    for (const chunk of chunksOf(zones.filter(({ name }) => this.#zones.get(name) === undefined))) {
      const reply = await this.#control.command(`bind-domain-status ${namesOf(chunk)}`);
      for (const { name } of chunk) if (!/no such domain/.test(lineOf(reply, name))) strange.add(name);
    }
    for (const { name } of zones) if (strange.has(name)) refusals.set(name, notOurs('PowerDNS', name));
    return zones.filter(({ name }) => !strange.has(name));
  }

  /** Drops what its caches hold of these zones. */
  async #forget(zones: readonly { name: ZoneName }[]): Promise<void> {
    const names = zones.length < MANY ? zones.map(({ name }) => ` ${name}$`).join('') : '';
    if (zones.length > 0) await this.#control.command(`purge${names}`);
  }
}

/** What is against a zone with an owner name that PowerDNS never answers for. */
function unanswered(records: readonly ResourceRecord[]): string | undefined {
  const odd = records.map(({ owner }) => formatName(owner)).find((owner) => UNANSWERED.test(owner));
  if (odd === undefined) return undefined;
  return `PowerDNS never answers for ${odd}: its name holds octets that are no printable characters.`;
}

function chunksOf<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / CHUNK) }, (_, i) => items.slice(i * CHUNK, (i + 1) * CHUNK));
}

function namesOf(zones: readonly { name: ZoneName }[]): string {
  return zones.map(({ name }) => name).join(' ');
}

/** What a reply says of one zone, `NAME: TEXT` or `NAME TEXT`; empty where it says nothing of it. */
function lineOf(reply: string, name: ZoneName): string {
  const line = reply.split('\n').find((text) => text.startsWith(name) && /^[:\s]/.test(text.slice(name.length)));
  return line?.slice(name.length).replace(/^:?\s*/, '') ?? '';
}
