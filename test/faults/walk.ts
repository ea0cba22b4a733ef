import { setTimeout as pause } from 'node:timers/promises';
import { FAULTS } from './faults.js';
import type { FaultyCluster } from './faulty-cluster.js';
import type { FaultyNode } from './faulty-node.js';
import { MEMBER_OPERATIONS } from './member-operations.js';
import { Random } from './random.js';
import { ZONE_OPERATIONS } from './zone-operations.js';

const OPERATIONS = { ...ZONE_OPERATIONS, ...MEMBER_OPERATIONS };
/** Faults at the same time. */
const MOST_FAULTS = 4;
const NEW_FAULT = 0.2;
/** How likely a fault comes in the middle of an operation, some milliseconds after its begin. */
const IN_THE_MIDDLE = 0.5;
const LONGEST_DELAY = 25;
const LONGEST_PAUSE = 15;

interface Going {
  name: string;
  node: FaultyNode;
  /** The operation after which it ends. */
  until: number;
  end: () => Promise<void> | void;
}

/**
 * A random walk: operations on a cluster to which something happens all the time. The same seed makes the same choices.
 */
export class Walk {
  /** How often what was done, and happened. */
  readonly counts = new Map<string, number>();
  readonly #cluster: FaultyCluster;
  readonly #random: Random;
  readonly #going = new Set<Going>();
  readonly #say: (line: string) => void;
  /** Nodes to which something happens, or that start again. */
  readonly #busy = new Set<string>();
  readonly #ends = new Set<Promise<void>>();
  readonly #failures: unknown[] = [];
  #step = 0;

  constructor(cluster: FaultyCluster, seed: number, say: (line: string) => void) {
    this.#cluster = cluster;
    this.#random = new Random(seed);
    this.#say = say;
  }

  /** Does so many operations, then ends all faults. Rejects where something failed that never may. */
  async run(operations: number): Promise<void> {
    for (this.#step = 1; this.#step <= operations; this.#step++) {
      for (const fault of this.#going) if (fault.until <= this.#step) this.#end(fault);
      const fault = this.#random.chance(NEW_FAULT) ? this.#newFault() : undefined;
      const isAfter = this.#random.chance(IN_THE_MIDDLE);
      if (!isAfter) await fault?.();
      await Promise.all([this.#operate(), isAfter ? fault?.() : undefined]);
      await pause(this.#random.between(0, LONGEST_PAUSE));
      if (this.#failures.length > 0) break;
    }
    for (const fault of this.#going) this.#end(fault);
    await Promise.all(this.#ends);
    if (this.#failures.length > 0) throw this.#failures[0];
  }

  async #operate(): Promise<void> {
    const { webs } = this.#cluster;
    const name = this.#random.weighted(OPERATIONS);
    const web = await this.#untilOneAnswers(webs);
    this.#note(`${web.name} ${name}`, name);
    try {
      await OPERATIONS[name]?.run({ cluster: this.#cluster, web, random: this.#random });
    } catch (error) {
      this.#failures.push(error);
    }
  }

  async #untilOneAnswers(webs: readonly FaultyNode[]): Promise<FaultyNode> {
    for (;;) {
      const web = this.#random.pick(webs.filter((one) => one.answers && !this.#cluster.isStarting(one)));
      if (web !== undefined) return web;
      // Both are away: the first of the faults is over now.
      for (const fault of this.#going) if (webs.includes(fault.node)) this.#end(fault);
      await pause(20);
    }
  }

  /** A fault that can happen now, to be begun when its time has come. */
  #newFault(): (() => Promise<void>) | undefined {
    const { nodes, nameservers, webs } = this.#cluster;
    const name = this.#random.weighted(FAULTS);
    const fault = FAULTS[name];
    const delay = this.#random.between(0, LONGEST_DELAY);
    const among = fault?.to === undefined ? nodes : nameservers;
    const node = this.#random.pick(among.filter((one) => !this.#busy.has(one.name) && one.answers));
    const peer = this.#random.pick(node !== undefined && webs.includes(node) ? nameservers : webs);
    const until = this.#step + this.#random.between(3, 40);
    if (fault === undefined || node === undefined || peer === undefined || this.#going.size >= MOST_FAULTS)
      return undefined;
    const lasts = fault.lasts?.(this.#random);
    this.#busy.add(node.name);
    return async () => {
      await pause(delay);
      this.#note(`--- ${name} ${node.name} (${peer.name})`, name);
      try {
        const end = await fault.begin({ cluster: this.#cluster, random: this.#random, node, peer });
        const going = { name, node, until, end };
        this.#going.add(going);
        if (lasts !== undefined) setTimeout(() => this.#end(going), lasts);
      } catch (error) {
        this.#failures.push(error);
      }
    };
  }

  #end(fault: Going): void {
    if (!this.#going.delete(fault)) return;
    this.#say(`${this.#step} +++ ${fault.name} ${fault.node.name} ends`);
    const ended = Promise.resolve()
      .then(fault.end)
      .catch((error: unknown) => void this.#failures.push(error))
      .finally(() => {
        this.#busy.delete(fault.node.name);
        this.#ends.delete(ended);
      });
    this.#ends.add(ended);
  }

  #note(line: string, what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
    this.#say(`${this.#step} ${line}`);
  }
}
