import type {
  Applied,
  ApplyProgress,
  DnsAddress,
  Nameserver,
  NameserverStatus,
  ZoneChange,
} from '../../src/nameservers/nameserver.js';

/** A real nameserver that fails where a test says so, in the ways that real ones fail. */
export class FaultyNameserver implements Nameserver {
  /** Says no to these changes. */
  refuses: (change: ZoneChange) => boolean = () => false;
  /** Cannot be asked. */
  down = false;
  /** Every batch that it was asked to apply, whatever came of it. */
  readonly batches: (readonly ZoneChange[])[] = [];
  readonly #inner: Nameserver;
  #gate: Promise<void> = Promise.resolve();
  #isLate: (change: ZoneChange) => boolean = () => false;
  #come: Promise<void> = Promise.resolve();
  #returned: () => void = () => undefined;

  constructor(inner: Nameserver) {
    this.#inner = inner;
  }

  get dns(): DnsAddress {
    return this.#inner.dns;
  }

  /** Keeps batches waiting until the returned function is called. */
  hold(): () => void {
    let release = (): void => undefined;
    this.#gate = new Promise((resolve) => (release = resolve));
    return release;
  }

  /**
   * Is told of these changes, and looks at none of them before the returned function is called; the others it serves
   * meanwhile.
   */
  holdLate(isLate: (change: ZoneChange) => boolean): () => void {
    let release = (): void => undefined;
    this.#isLate = isLate;
    this.#come = new Promise((resolve) => {
      release = () => {
        this.#isLate = () => false;
        resolve();
      };
    });
    return release;
  }

  start(returned: () => void = () => undefined): Promise<void> {
    this.#returned = returned;
    return this.#inner.start(returned);
  }

  /** Starts anew with nothing left of what it served. */
  async forget(): Promise<void> {
    await this.#inner.synchronize([]);
    this.#returned();
  }

  stop(): Promise<void> {
    return this.#inner.stop();
  }

  async apply(changes: readonly ZoneChange[], progress?: ApplyProgress): Promise<Applied[]> {
    this.batches.push(changes);
    const through = (some: readonly ZoneChange[]): Promise<Applied[]> =>
      this.#through(some, (passed) => this.#inner.apply(passed));
    const late = changes.filter((change) => this.#isLate(change));
    if (late.length === 0) return through(changes);
    const soon = await through(changes.filter((change) => !late.includes(change)));
    progress?.given();
    for (const applied of soon) if (applied.outcome === 'served') progress?.served(applied);
    await this.#come;
    const outcomes = new Map([...soon, ...(await through(late))].map((applied) => [applied.name, applied]));
    return changes.map(({ name }) => outcomes.get(name) ?? { name, outcome: 'unavailable' });
  }

  synchronize(zones: readonly ZoneChange[]): Promise<Applied[]> {
    return this.#through(zones, (passed) => this.#inner.synchronize(passed));
  }

  status(): Promise<NameserverStatus> {
    return this.#inner.status();
  }

  async #through(
    changes: readonly ZoneChange[],
    pass: (changes: readonly ZoneChange[]) => Promise<Applied[]>,
  ): Promise<Applied[]> {
    await this.#gate;
    if (this.down) return changes.map(({ name }) => ({ name, outcome: 'unavailable', reason: 'It is down.' }));
    const passed = await pass(changes.filter((change) => !this.refuses(change)));
    const outcomes = new Map(passed.map((outcome) => [outcome.name, outcome]));
    return changes.map(
      ({ name }) => outcomes.get(name) ?? { name, outcome: 'refused', reason: 'It does not like it.' },
    );
  }
}
