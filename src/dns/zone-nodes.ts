import { lowerName, parentOf, type Name } from './name.js';
import { TYPE } from './types.js';
import type { Zone, ResourceRecord } from './zone.js';

/** A name of a zone and what stands there. */
export interface Node {
  /** In lower case. */
  name: Name;
  records: ResourceRecord[];
  hasAddress: boolean;
  hasNs: boolean;
  hasCname: boolean;
  hasDname: boolean;
  /** Line of its first record. */
  line: number;
}

/** What a question for a name's addresses would find inside the zone. */
type Found = 'addresses' | 'nothing' | 'cname' | 'dname' | 'delegated';

/** The names of a zone, and questions that a check of the whole zone asks. */
export class ZoneNodes {
  /** Is there a DNAME anywhere? Zones without one need not look above each name. */
  hasDname = false;
  readonly #nodes = new Map<Name, Node>();
  #existing: Set<Name> | undefined;
  readonly #zone: Zone;

  constructor(zone: Zone) {
    this.#zone = zone;
    let owner: Name | undefined;
    let node: Node | undefined;
    for (const record of zone.records) {
      if (node === undefined || record.owner !== owner) node = this.#nodeFor((owner = record.owner), record.line);
      node.records.push(record);
      if (record.type === TYPE.A || record.type === TYPE.AAAA) node.hasAddress = true;
      else if (record.type === TYPE.CNAME) node.hasCname = true;
      else if (record.type === TYPE.NS) node.hasNs = true;
      else if (record.type === TYPE.DNAME) node.hasDname = this.hasDname = true;
    }
  }

  #nodeFor(owner: Name, line: number): Node {
    const name = lowerName(owner);
    let node = this.#nodes.get(name);
    if (node === undefined) this.#nodes.set(name, (node = newNode(name, line)));
    return node;
  }

  [Symbol.iterator](): IterableIterator<Node> {
    return this.#nodes.values();
  }

  get(name: Name): Node | undefined {
    return this.#nodes.get(name);
  }

  /** The DNAME above `name`, or the delegation at or above it, whichever is nearest to the top of the zone. */
  coverOf(name: Name): { kind: 'dname' | 'delegated'; name: Name } | undefined {
    let cover: { kind: 'dname' | 'delegated'; name: Name } | undefined;
    for (let at: Name | undefined = name; at !== undefined && at !== this.#zone.origin; at = parentOf(at)) {
      const node = this.#nodes.get(at);
      if (node === undefined) continue;
      if (node.hasNs) cover = { kind: 'delegated', name: at };
      else if (at !== name && node.hasDname) cover = { kind: 'dname', name: at };
    }
    const apex = this.#nodes.get(this.#zone.origin);
    if (name !== this.#zone.origin && apex?.hasDname === true) {
      return { kind: 'dname', name: this.#zone.origin };
    }
    return cover;
  }

  /** What `name`, which is inside the zone, has for addresses: its own, or by a wildcard (RFC 4592). */
  addressesOf(name: Name): Found {
    const cover = this.coverOf(name);
    if (cover !== undefined) return cover.kind;
    const node = this.#nodes.get(name) ?? this.#wildcardFor(name);
    if (node === undefined) return 'nothing';
    if (node.hasAddress) return 'addresses';
    return node.hasCname ? 'cname' : 'nothing';
  }

  #wildcardFor(name: Name): Node | undefined {
    this.#existing ??= this.#allNames();
    if (this.#existing.has(name)) return undefined; // an empty non-terminal exists, so no wildcard stands for it
    let encloser = parentOf(name);
    while (encloser !== undefined && !this.#existing.has(encloser)) encloser = parentOf(encloser);
    return encloser === undefined ? undefined : this.#nodes.get(('\x01*' + encloser) as Name);
  }

  /** All names that exist, with those that only have names below them. */
  #allNames(): Set<Name> {
    const all = new Set<Name>();
    for (const name of this.#nodes.keys()) {
      for (let at: Name | undefined = name; at !== undefined && !all.has(at); at = parentOf(at)) all.add(at);
    }
    return all;
  }

  isHostName(name: Name): boolean {
    let at = name.startsWith('\x01*') ? 2 : 0;
    for (;;) {
      const length = name.charCodeAt(at);
      if (length === 0) return true;
      for (let i = at + 1; i <= at + length; i++) {
        const octet = name.charCodeAt(i);
        const isAlphanumeric = (octet >= 97 && octet <= 122) || (octet >= 48 && octet <= 57);
        if (!isAlphanumeric && (octet !== 45 || i === at + 1 || i === at + length)) return false;
      }
      at += 1 + length;
    }
  }
}

function newNode(name: Name, line: number): Node {
  return { name, records: [], hasAddress: false, hasNs: false, hasCname: false, hasDname: false, line };
}
