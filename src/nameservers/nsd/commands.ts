import { stat, utimes } from 'node:fs/promises';
import pLimit from 'p-limit';
import { ClusterError } from '../../errors.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { Applied, ZoneChange } from '../nameserver.js';
import type { Refusals, Upsert, ZoneCommands, ZoneFile } from '../controlled/zone-commands.js';
import { notOurs } from '../controlled/zone-loader.js';
import { faultOf } from './check-zone.js';
import type { NsdControl } from './control.js';
import type { Patterns } from './patterns.js';

/** Zones of one addzones or delzones. */
const CHUNK = 2_000;
const FILES_AT_ONCE = 16;
/**
 * When are new zones made before they are loaded? NSD writes an octet into each of its zones at every reload, in a
 * process that it has just forked, and the kernel copies the page: 2 µs a zone. NSD puts a zone's records behind it, so
 * each zone has a page of its own, and a reload takes 30 ms with 10,000 zones; zones that are made while their files
 * can't be found lie side by side, and it takes 11 ms. That costs a reconfig more and a command for each zone, so only
 * when they are many, also beside those there.
 */
const BULK = { above: 500, share: 0.2 };

/** Gives zones to one running NSD. What it was given is known from NSD itself: it keeps added zones over restarts. */
export class NsdCommands implements ZoneCommands {
  readonly #control: NsdControl;
  readonly #patterns: Patterns;
  readonly #zones: Map<ZoneName, ZoneFile>;
  /** When the file that NSD read last was changed, milliseconds: NSD passes over a file of the same time. */
  readonly #readAt = new Map<ZoneName, number>();

  private constructor(control: NsdControl, patterns: Patterns, zones: Map<ZoneName, ZoneFile>) {
    this.#control = control;
    this.#patterns = patterns;
    this.#zones = zones;
  }

  /** Asks NSD which zones it has of ours. */
  static async from(control: NsdControl, patterns: Patterns): Promise<NsdCommands> {
    const zones = new Map<ZoneName, ZoneFile>();
    for (const [zone, pattern] of statusLines(await control.command('zonestatus'))) {
      const file = patterns.fileOf(zone, pattern);
      if (file !== undefined) zones.set(zone as ZoneName, { name: zone as ZoneName, file });
    }
    return new NsdCommands(control, patterns, zones);
  }

  get size(): number {
    return this.#zones.size;
  }

  get(name: ZoneName): ZoneFile | undefined {
    return this.#zones.get(name);
  }

  list(): ZoneFile[] {
    return [...this.#zones.values()];
  }

  /** Files are checked first: NSD drops a zone whose new file is broken, and answers SERVFAIL. */
  async reload(zones: readonly Upsert[], refusals: Refusals): Promise<Upsert[]> {
    const unknown = await Promise.all(zones.map((change) => this.#reloadOne(change, refusals)));
    return zones.filter((_, i) => unknown[i]);
  }

  async add(zones: readonly Upsert[], refusals: Refusals): Promise<void> {
    // Their statements are gone from its configuration; it adds none that it still has.
    if (zones.some(({ switched }) => switched === true)) await reconfigure(this.#control);
    await eachOf(FILES_AT_ONCE, zones, (zone) => this.#recordTime(zone));
    const together = zones.length > BULK.above && zones.length >= BULK.share * this.#zones.size;
    if (together) await this.#addTogether(zones, refusals);
    else await this.#addBy(await this.#patternsOf(zones), zones, refusals);
  }

  async #addTogether(zones: readonly ZoneFile[], refusals: Refusals): Promise<void> {
    try {
      const names = await this.#patterns.ofHeld(zones, () => reconfigure(this.#control));
      await this.#addBy(names, zones, refusals);
    } finally {
      await this.#patterns.release(() => reconfigure(this.#control));
    }
    const taken = zones.filter(({ name }) => !refusals.has(name));
    // One by one: a reload of all would have NSD read files of the operator's, and of ours that were not checked.
    await eachOf(FILES_AT_ONCE, taken, async ({ name }) => {
      await this.#control.command(`reload ${name}`);
    });
  }

  async #addBy(names: readonly string[], zones: readonly ZoneFile[], refusals: Refusals): Promise<void> {
    for (let at = 0; at < zones.length; at += CHUNK) {
      const chunk = zones.slice(at, at + CHUNK);
      const lines = chunk.map(({ name }, i) => `${name} ${names[at + i] ?? ''}`);
      const reply = await this.#control.command('addzones', lines);
      // One that it has already is said to be added, too.
      const added = namesIn(reply, /^added: (\S+)$/gm);
      const there = namesIn(reply, /^zone (\S+) already exists$/gm);
      for (const zone of chunk) {
        if (added.has(zone.name) && !there.has(zone.name)) this.#zones.set(zone.name, zone);
        else await this.#adopt(zone, reply, refusals);
      }
    }
  }

  async remove(names: readonly ZoneName[]): Promise<void> {
    for (let at = 0; at < names.length; at += CHUNK) {
      const chunk = names.slice(at, at + CHUNK);
      // What it answers is of no matter: read-back tells whether the zones are gone.
      await this.#control.command('delzones', chunk);
      for (const name of chunk) {
        this.#zones.delete(name);
        this.#readAt.delete(name);
      }
    }
  }

  faultOf(zone: ZoneFile): Promise<string | undefined> {
    return faultOf(zone);
  }

  async inspect(change: ZoneChange, seen: Applied): Promise<Applied | undefined> {
    const reason = change.kind === 'remove' ? undefined : await faultOf(change);
    return reason === undefined ? undefined : { ...seen, outcome: 'refused', reason };
  }

  /** Whether NSD does not know the zone. */
  async #reloadOne(change: Upsert, refusals: Refusals): Promise<boolean> {
    const fault = await faultOf(change);
    if (fault !== undefined) {
      refusals.set(change.name, fault);
      return false;
    }
    await this.#makeNewer(change);
    const reply = await this.#control.command(`reload ${change.name}`);
    if (reply.startsWith('ok')) return false;
    this.#zones.delete(change.name);
    return true;
  }

  /** A version that is put back, or one that was written in the same tick of the clock, has no new time by itself. */
  async #makeNewer(zone: ZoneFile): Promise<void> {
    const before = this.#readAt.get(zone.name);
    const { mtimeMs } = await stat(zone.file);
    if (before === undefined || mtimeMs <= before) {
      const now = Math.max(Date.now(), (before ?? 0) + 1) / 1000;
      await utimes(zone.file, now, now);
    }
    await this.#recordTime(zone);
  }

  async #recordTime({ name, file }: ZoneFile): Promise<void> {
    const found = await stat(file).catch(() => undefined);
    if (found !== undefined) this.#readAt.set(name, found.mtimeMs);
  }

  #patternsOf(zones: readonly ZoneFile[]): Promise<string[]> {
    return this.#patterns.of(zones, () => reconfigure(this.#control));
  }

  /** A zone that NSD did not add: it has it already, from us or from the operator, or it says why. */
  async #adopt(zone: ZoneFile, reply: string, refusals: Refusals): Promise<void> {
    const [found] = statusLines(await this.#control.command(`zonestatus ${zone.name}`));
    if (found === undefined) {
      refusals.set(zone.name, `NSD refuses it: ${errorsIn(reply)}`);
      return;
    }
    const file = this.#patterns.fileOf(zone.name, found[1]);
    if (file === undefined) {
      refusals.set(zone.name, notOurs('NSD', zone.name));
      return;
    }
    if (file !== zone.file) {
      await this.#control.command('delzones', [zone.name]);
      await this.#control.command('addzones', [`${zone.name} ${(await this.#patternsOf([zone]))[0] ?? ''}`]);
    } else await this.#control.command(`reload ${zone.name}`);
    this.#zones.set(zone.name, zone);
  }
}

/** Has NSD read its configuration again, for our patterns in it. */
export async function reconfigure(control: NsdControl): Promise<void> {
  const reply = await control.command('reconfig');
  if (/^(ok|reconfig start)/.test(reply)) return;
  const facts = { software: 'NSD', why: reply.trim(), checker: 'nsd-checkconf' };
  throw new ClusterError('nameserver_configuration_refused', facts);
}

/** Zones and their patterns in the answer to zonestatus. */
function* statusLines(text: string): Generator<[zone: string, pattern: string]> {
  for (const [, zone = '', pattern = ''] of text.matchAll(/^zone:\t(\S+)(?:\n\tpattern: (\S+))?/gm))
    yield [zone, pattern];
}

function namesIn(reply: string, pattern: RegExp): ReadonlySet<string> {
  return new Set(Array.from(reply.matchAll(pattern), ([, name = '']) => name));
}

function errorsIn(reply: string): string {
  const lines = reply.split('\n').filter((line) => line.startsWith('error'));
  return [...new Set(lines)].slice(0, 3).join('; ') || 'it does not say why';
}

async function eachOf<T>(atOnce: number, items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const limit = pLimit(atOnce);
  await Promise.all(items.map((item) => limit(() => work(item))));
}
