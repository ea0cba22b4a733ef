import type { Principal } from '../../access/principal.js';
import type { Cluster } from '../../cluster/cluster.js';
import { sentenceOf } from '../../errors.js';
import type { Pair } from '../../wire-format/form-pairs.js';
import { formatOutcomes, type ZoneOutcome } from '../../wire-format/outcome-lines.js';
import { zoneOf } from '../../wire-format/wire-form.js';
import { lastGivenOf, zoneOfKey } from '../../wire-format/zone-bundle.js';
import { zoneName } from '../../zones/zone-name.js';
import type { ApiRequest } from '../requests/api-request.js';
import {
  conflictLines,
  conversionLines,
  keptLines,
  refusedAs,
  savedAs,
  unnamedAs,
  UNPROCESSABLE,
} from './zone-outcomes.js';
import type { ChangeOptions, ZoneToSave } from '../../cluster/model/results.js';

/** So many zones of a bundle, or octets of them, are parsed and written together, while the next ones arrive. */
const BATCH = 128;
const BATCH_OCTETS = 1024 * 1024;
/** Together at least what a member of our kind gets in one call: nameservers like large loads. */
const BATCHES_AT_ONCE = 20;

/** Saves the zones of one bundle while it arrives, and records each outcome. */
export class BundleIntake {
  readonly #cluster: Cluster;
  readonly #peer: Principal;
  readonly #options: ChangeOptions;
  readonly #cameByUs: boolean;
  readonly #outcomes: ZoneOutcome[] = [];
  readonly #conversions: string[] = [];
  /** Lines beside the outcomes. */
  readonly #beside: string[] = [];
  readonly #running = new Set<Promise<void>>();
  #batch: ZoneToSave[] = [];
  /** What was said before the zone that comes next. */
  #given: { name: string; serial: number | null } | undefined;
  #octets = 0;
  #failure: Error | undefined;

  constructor({ cluster, peer, sender, cameByUs }: ApiRequest) {
    this.#cluster = cluster;
    this.#peer = peer;
    this.#options = { wait: 'local', sender };
    this.#cameByUs = cameByUs;
  }

  /**
   * Takes one pair. Resolves when the next may come: the sender waits, so a bundle of any size takes the same memory.
   */
  async take(pair: Pair): Promise<void> {
    const { key, value } = pair;
    if (key === 'free_zones') {
      await this.#free(value.toString('latin1'));
      return;
    }
    const given = zoneOfKey(key);
    if (given === undefined) this.#given = lastGivenOf(pair);
    // A consumer ignores items with an empty value.
    if (given === undefined || value.length === 0) return;
    try {
      const name = zoneName(given);
      if (this.#cameByUs) {
        this.#outcomes.push({ name, outcome: 'passed' });
        return;
      }
      this.#conversions.push(...conversionLines(given, name));
      const lastGiven = this.#given?.name === given ? { lastGiven: this.#given.serial } : {};
      this.#batch.push({ name, text: value, ...lastGiven });
      this.#octets += value.length;
    } catch (error) {
      this.#outcomes.push(unnamedAs(given, sentenceOf(error)));
    }
    if (this.#batch.length >= BATCH || this.#octets >= BATCH_OCTETS) this.#begin();
    if (this.#running.size >= BATCHES_AT_ONCE) await Promise.race(this.#running);
  }

  /** Waits for all, and answers with a line for each zone; 422 where not one was saved. */
  async finish(): Promise<{ body: string; status?: number }> {
    if (this.#batch.length > 0) this.#begin();
    await Promise.all(this.#running);
    if (this.#failure !== undefined) throw this.#failure;
    const body = [formatOutcomes(this.#outcomes, this.#cluster.hostname), ...this.#beside, ...this.#conversions].join(
      '',
    );
    const nothing = this.#outcomes.length > 0 && this.#outcomes.every(({ outcome }) => outcome === 'refused');
    return nothing ? { body, status: UNPROCESSABLE } : { body };
  }

  /** What is not here, or is no zone's name, is as free as it can be. */
  async #free(list: string): Promise<void> {
    const names = list.split(',').flatMap((name) => zoneOf(name) ?? []);
    if (names.length > 0 && !this.#cameByUs) await this.#cluster.zones.free(names, this.#peer, this.#options);
  }

  #begin(): void {
    const saving = this.#save(this.#batch).finally(() => this.#running.delete(saving));
    this.#running.add(saving);
    this.#batch = [];
    this.#octets = 0;
  }

  /** Never rejects: others run beside it, and `finish` says what went wrong. */
  async #save(batch: readonly ZoneToSave[]): Promise<void> {
    try {
      for (const result of await this.#cluster.zones.saveMany(batch, this.#peer, this.#options)) {
        this.#outcomes.push('error' in result ? refusedAs(result) : savedAs(result.result));
        this.#beside.push(...conflictLines(result), ...keptLines(result));
      }
    } catch (error) {
      this.#failure ??= error as Error;
    }
  }
}
