import type { Applied, Nameserver, ZoneChange } from '../../src/nameservers/nameserver.js';

/**
 * A nameserver as the cluster drives it: what was applied is remembered as the store would, and given again when the server is
 * back or was started anew.
 */
export class KeptNameserver {
  readonly #zones = new Map<string, ZoneChange>();
  #again: Promise<unknown> = Promise.resolve();

  constructor(readonly nameserver: Nameserver) {}

  start(): Promise<void> {
    return this.nameserver.start(() => {
      this.#again = this.#again.then(() => this.nameserver.synchronize([...this.#zones.values()]));
    });
  }

  async stop(): Promise<void> {
    await this.nameserver.stop();
    await this.#again;
  }

  /** The whole of what is to be served, whether it is by now or not. */
  get zones(): readonly ZoneChange[] {
    return [...this.#zones.values()];
  }

  /** What is refused is taken back, as the store does. */
  async apply(changes: readonly ZoneChange[]): Promise<Applied[]> {
    const before = new Map(changes.map(({ name }) => [name, this.#zones.get(name)]));
    for (const change of changes) this.#set(change.name, change.kind === 'upsert' ? change : undefined);
    const applied = await this.nameserver.apply(changes);
    for (const { name, outcome } of applied) if (outcome === 'refused') this.#set(name, before.get(name));
    return applied;
  }

  synchronize(zones: readonly ZoneChange[]): Promise<Applied[]> {
    this.#zones.clear();
    for (const zone of zones) this.#zones.set(zone.name, zone);
    return this.nameserver.synchronize(zones);
  }

  #set(name: string, zone: ZoneChange | undefined): void {
    if (zone === undefined) this.#zones.delete(name);
    else this.#zones.set(name, zone);
  }
}
