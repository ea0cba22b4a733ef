import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { ClusterError, ifMissing, sentenceOf } from '../errors.js';
import { appendLines } from '../operations/append-lines.js';
import { slices } from '../operations/in-slices.js';
import type { Log } from '../operations/log.js';
import { replaceFile } from '../state/durable-file.js';
import type { ZoneName } from './zone-name.js';

/** A zone's file is cut to its last versions when it has grown to this. */
const LARGEST = 4 * 1024 * 1024;
const KEPT_OCTETS = 2 * 1024 * 1024;
const MOST_VERSIONS = 50;
/** Changes that come faster than the disk takes them are kept up to here; what is beyond has no history. */
const MOST_WAITING = 5_000;
/** Of lines that a full disk did not take; what is beyond is lost. */
const MOST_HELD_OCTETS = 16 * 1024 * 1024;
const AGAIN = 30_000;
const MODE = 0o600;

const version = z.object({
  /** ISO time of the change that replaced or removed this version. */
  time: z.string(),
  /** Who made that change, and how they came. */
  user: z.string(),
  via: z.string(),
  change: z.enum(['saved', 'removed', 'given']),
  /** Whose the zone was. */
  owner: z.string().optional(),
  /** The account that it was given to. */
  newOwner: z.string().optional(),
  serial: z.number(),
  /** What took its place. */
  newSerial: z.number().optional(),
  /** Base64 of the octets. */
  text: z.string(),
});
type Kept = z.infer<typeof version>;

/** A version that a change replaced or removed. */
export interface PastVersion extends Omit<Kept, 'text'> {
  text: Buffer;
}

/**
 * Of `versions`, the newest first, those since the zone became this account's: also those of accounts that gave it on,
 * but none of somebody who had a zone of the name before it was removed.
 */
export function versionsOf(owner: string, versions: readonly PastVersion[]): PastVersion[] {
  let whose = owner;
  const end = versions.findIndex(({ change, owner: was, newOwner }) => {
    if (change === 'given' && newOwner === whose && was !== undefined) whose = was;
    // Before it was kept whose a zone was, none had another owner without being removed.
    return was === undefined ? change === 'removed' : was !== whose;
  });
  return versions.slice(0, end < 0 ? undefined : end);
}

/**
 * The versions before: of each zone the last ones, each with the change that ended it. Written beside the work, which
 * never waits for it.
 */
export class ZoneHistory {
  readonly #folder: string;
  readonly #log: Log;
  readonly #tails = new Map<ZoneName, Promise<void>>();
  #last = Promise.resolve();
  #turn = slices();
  /** Lines that wait for room on disk. */
  readonly #held = new Map<ZoneName, string>();
  #heldOctets = 0;
  #again: NodeJS.Timeout | undefined;

  constructor(folder: string, log: Log) {
    this.#folder = folder;
    this.#log = log;
  }

  /** Notes a version that is no more. Written when it resolves, as far as the disk takes it; never rejects. */
  async record(name: ZoneName, { text, ...rest }: Omit<PastVersion, 'time'>): Promise<void> {
    if (this.#tails.size >= MOST_WAITING) {
      this.#log.warn({ zone: name }, 'too much changes at once: this version is not kept in the history');
      return;
    }
    const kept: Kept = { time: new Date().toISOString(), ...rest, text: text.toString('base64') };
    await this.#inTurn(name, `${JSON.stringify(kept)}\n`);
  }

  /** The versions before the present one, the newest first; at most 50. Rejects with history_unreadable. */
  async of(name: ZoneName): Promise<PastVersion[]> {
    await this.#tails.get(name);
    const lines = (await this.#read(name)).reverse().slice(0, MOST_VERSIONS);
    return lines.flatMap((line) => {
      const read = parsed(line);
      return read === undefined ? [] : [{ ...read, text: Buffer.from(read.text, 'base64') }];
    });
  }

  /** Everything recorded is written, as far as the disk takes it. */
  async close(): Promise<void> {
    clearTimeout(this.#again);
    await Promise.all(this.#tails.values());
    this.#tryHeld();
    await Promise.all(this.#tails.values());
    clearTimeout(this.#again);
  }

  /** Lines go one after the other, in slices: each is written synchronously. */
  #inTurn(name: ZoneName, line: string): Promise<void> {
    if (this.#tails.size === 0) this.#turn = slices();
    const tail = this.#last.then(() => this.#turn()).then(() => this.#append(name, line));
    this.#tails.set(name, tail);
    this.#last = tail;
    void tail.then(() => {
      if (this.#tails.get(name) === tail) this.#tails.delete(name);
    });
    return tail;
  }

  #tryHeld(): void {
    for (const name of this.#held.keys()) void this.#inTurn(name, '');
  }

  async #append(name: ZoneName, added: string): Promise<void> {
    const file = this.#fileOf(name);
    const line = this.#release(name) + added;
    if (line === '') return;
    try {
      if (!existsSync(dirname(file))) await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      const octets = appendLines(file, line, MODE);
      if (octets > LARGEST) await this.#cut(name);
    } catch (error) {
      this.#hold(name, line, error);
    }
  }

  #hold(name: ZoneName, line: string, error: unknown): void {
    const isHeld = this.#heldOctets + line.length <= MOST_HELD_OCTETS;
    if (isHeld) {
      this.#held.set(name, line);
      this.#heldOctets += line.length;
      clearTimeout(this.#again);
      this.#again = setTimeout(() => this.#tryHeld(), AGAIN).unref();
    }
    this.#log.error({ zone: name, error: sentenceOf(error), isHeld }, 'a version cannot be kept in the history now');
  }

  #release(name: ZoneName): string {
    const line = this.#held.get(name) ?? '';
    this.#held.delete(name);
    this.#heldOctets -= line.length;
    return line;
  }

  /** To the last versions that fit; the newest stays, however large it is. */
  async #cut(name: ZoneName): Promise<void> {
    try {
      const lines = await this.#read(name);
      let octets = 0;
      const kept = lines.reverse().filter((line, index) => {
        octets += line.length;
        return index === 0 || (octets <= KEPT_OCTETS && index < MOST_VERSIONS);
      });
      await replaceFile(this.#fileOf(name), kept.reverse().join('\n') + '\n', MODE);
    } catch (error) {
      // It stays longer, and is cut after the next change.
      this.#log.warn({ zone: name, error: sentenceOf(error) }, 'the history of a zone could not be cut');
    }
  }

  async #read(name: ZoneName): Promise<string[]> {
    try {
      const text = await readFile(this.#fileOf(name), 'utf8').catch(ifMissing(''));
      return text.split('\n').filter((line) => line !== '');
    } catch (error) {
      throw new ClusterError('history_unreadable', { zone: name, why: sentenceOf(error) }, { cause: error });
    }
  }

  /** In folders by hash, and never outside: a name may hold `/`. */
  #fileOf(name: ZoneName): string {
    const hash = createHash('sha256').update(name).digest('hex');
    return join(this.#folder, hash.slice(0, 2), hash.slice(2));
  }
}

function parsed(line: string): Kept | undefined {
  try {
    return version.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}
