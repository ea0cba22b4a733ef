/** A version's number stands in the zone as an address. */
export function textOf(version: number, serial: number): string {
  const address = `10.${(version >> 16) & 255}.${(version >> 8) & 255}.${version & 255}`;
  return `$TTL 60
@ SOA ns1.example.net. host.example.net. ${serial} 3600 600 86400 60
@ NS ns1.example.net.
www A ${address}
`;
}

/** The version that a zone's text holds. */
function versionIn(text: string): number {
  const [, ...octets] = /\bA\s+10\.(\d+)\.(\d+)\.(\d+)/.exec(text) ?? [];
  if (octets.length !== 3) throw new Error(`no version in this zone:\n${text}`);
  return octets.reduce((sum, octet) => sum * 256 + Number(octet), 0);
}

const GONE = 0;

/** What one zone may be. */
interface Truth {
  /** The server that it was made on. */
  home: string;
  /** The version that was acknowledged last, and those whose answer never came; GONE: it is not there. */
  allowed: Set<number>;
  /** What it was when it was removed. */
  kept: Set<number>;
}

/** What the zones must be, from what was acknowledged: nothing else may be found, anywhere, in the end. */
export class ZoneTruth {
  readonly #zones = new Map<string, Truth>();
  #versions = 0;

  newVersion(): number {
    return ++this.#versions;
  }

  /** A change of a zone to this version is asked for. */
  begin(zone: string, version: number, home: string): void {
    const truth = this.#zones.get(zone) ?? { home, allowed: new Set([GONE]), kept: new Set() };
    this.#zones.set(zone, truth);
    truth.allowed.add(version);
  }

  acknowledged(zone: string, version: number): void {
    this.#of(zone).allowed = new Set([version]);
  }

  /** It was refused: the zone is as it was. */
  refused(zone: string, version: number): void {
    this.#of(zone).allowed.delete(version);
  }

  beginRemoval(zone: string): void {
    const truth = this.#of(zone);
    truth.kept = new Set([...truth.allowed].filter((version) => version !== GONE));
    truth.allowed.add(GONE);
  }

  removed(zone: string): void {
    this.acknowledged(zone, GONE);
  }

  /** The removal was refused. */
  notRemoved(zone: string): void {
    this.refused(zone, GONE);
  }

  /** It is brought back as it was. */
  beginRestoring(zone: string): void {
    const truth = this.#of(zone);
    for (const version of truth.kept) truth.allowed.add(version);
  }

  restored(zone: string): void {
    const truth = this.#of(zone);
    truth.allowed = new Set(truth.kept);
  }

  notRestored(zone: string): void {
    this.acknowledged(zone, GONE);
  }

  /** A server forgot everything, and with it what was nobody else's. */
  forgotten(home: string): void {
    for (const [zone, truth] of this.#zones) if (truth.home === home) this.#zones.delete(zone);
  }

  /** Of this server, those of which it is known that they are there, or that they are gone. */
  certain(home: string, what: 'there' | 'gone'): string[] {
    return [...this.#zones].flatMap(([zone, truth]) => {
      const is = truth.allowed.size === 1 && truth.allowed.has(GONE) === (what === 'gone');
      return is && truth.home === home ? [zone] : [];
    });
  }

  /** The zones that were ever made on this server. */
  zonesOf(home: string): string[] {
    return [...this.#zones].flatMap(([zone, truth]) => (truth.home === home ? [zone] : []));
  }

  /** What is wrong with what this server holds of its own zones. What was found is from now on what must be. */
  compare(home: string, held: ReadonlyMap<string, string>): string[] {
    return this.zonesOf(home).flatMap((zone) => {
      const text = held.get(zone);
      const version = text === undefined ? GONE : versionIn(text);
      const { allowed } = this.#of(zone);
      if (!allowed.has(version))
        return `${zone} on ${home} is at version ${version}, not at ${[...allowed].join(' or ')}`;
      this.acknowledged(zone, version);
      return [];
    });
  }

  #of(zone: string): Truth {
    const truth = this.#zones.get(zone);
    if (truth === undefined) throw new Error(`nobody made ${zone}`);
    return truth;
  }
}
