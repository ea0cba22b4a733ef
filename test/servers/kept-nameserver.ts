import type { Applied, Nameserver, ZoneChange } from '../../src/nameservers/nameserver.js';

/**
 * A nameserver as the cluster drives it: what was applied is remembered as the store would, and given again when the
 * driver starts, and when the server is back or was started anew.
 */
export class KeptNameserver {
  readonly #zones = new Map<string, ZoneChange>();
  #nameserver: Nameserver;
  #again: Promise<unknown> = Promise.resolve();

  constructor(nameserver: Nameserver) {
    this.#nameserver = nameserver;
  }

  get nameserver(): Nameserver {
    return this.#nameserver;
  }

  async start(): Promise<void> {
    await this.#nameserver.start(() => this.#giveAgain());
    if (this.#zones.size > 0) this.#giveAgain();
    await this.#again;
  }

  async stop(): Promise<void> {
    await this.#nameserver.stop();
    await this.#again;
  }

  /** Goes on with another driver, which is not started; the one before is stopped. */
  async replace(nameserver: Nameserver): Promise<void> {
    await this.stop();
    this.#nameserver = nameserver;
  }

  /** All that is to be served, whether it is by now or not. */
  get zones(): readonly ZoneChange[] {
    return [...this.#zones.values()];
  }

  /** What is refused is as it was before, in the store's eyes. */
  async apply(changes: readonly ZoneChange[]): Promise<Applied[]> {
    const before = new Map(changes.map(({ name }) => [name, this.#zones.get(name)]));
    for (const change of changes) this.#set(change.name, change.kind === 'upsert' ? change : undefined);
    const applied = await this.#nameserver.apply(changes);
    for (const { name, outcome } of applied) if (outcome === 'refused') this.#set(name, before.get(name));
    return applied;
  }

  synchronize(zones: readonly ZoneChange[]): Promise<Applied[]> {
    this.#zones.clear();
    for (const zone of zones) this.#zones.set(zone.name, zone);
    return this.#nameserver.synchronize(zones);
  }

  #giveAgain(): void {
    this.#again = this.#again.then(() => this.#nameserver.synchronize(this.zones));
  }

  #set(name: string, zone: ZoneChange | undefined): void {
    if (zone === undefined) this.#zones.delete(name);
    else this.#zones.set(name, zone);
  }
}
