import { formatName, lowerName, parentOf, type Name } from '../../dns/name.js';
import type { ResourceRecord } from '../../dns/zone.js';
import { soaSerial } from '../../dns/serial.js';
import { TYPE } from '../../dns/types.js';
import { ClusterError } from '../../errors.js';

/** All records of one owner name; empty for an empty non-terminal (RFC 4592 §2.2.2). */
export type Node = readonly ResourceRecord[];

/** Where a name leads in a zone (RFC 1034 §4.3.2 step 3). */
export type Found =
  | { kind: 'node'; node: Node; wildcard: boolean }
  /** The name is at or below a zone cut. */
  | { kind: 'delegation'; cut: Name; node: Node }
  /** The name is below the owner of a DNAME (RFC 6672 §3.2). */
  | { kind: 'dname'; dname: ResourceRecord; node: Node }
  | { kind: 'nothing' };

/** The zones that are served, by their apex in lower case. */
export type ZoneTable = ReadonlyMap<Name, ZoneData>;

const EMPTY_NON_TERMINAL: Node = [];
// Types that the parent's side of a cut holds with authority (RFC 4035 §2.4, §2.3); they are not delegated away.
const AT_PARENT = new Set<number>([TYPE.DS, TYPE.NSEC]);

/**
 * A loaded zone: its nodes by lower-case name, never changed, so that a zone is replaced by putting another in its
 * place. Tens of thousands are held at once: a node is nothing but an array of the records that the parser made.
 */
export class ZoneData {
  readonly origin: Name;
  readonly serial: number;
  /** The records in the order of the zone's text. */
  readonly records: readonly ResourceRecord[];
  readonly #nodes = new Map<Name, Node>();
  /** Most zones have neither delegations nor DNAMEs, and their names are found without the walk from the apex. */
  readonly #hasCuts: boolean;

  /**
   * `records` belong to a checked zone whose apex is `origin`, lower case. Throws zone_invalid where there is no SOA.
   */
  constructor(origin: Name, records: readonly ResourceRecord[]) {
    const serial = soaSerial(records);
    if (serial === undefined) {
      throw new ClusterError('zone_invalid', { zone: formatName(origin), first: 'it has no SOA record' });
    }
    this.origin = origin;
    this.serial = serial;
    this.records = records;
    let hasCuts = false;
    const nodes = new Map<Name, ResourceRecord[]>();
    for (const record of records) {
      const name = lowerName(record.owner);
      const node = nodes.get(name);
      if (node === undefined) nodes.set(name, [record]);
      else node.push(record);
      hasCuts ||= record.type === TYPE.DNAME || (record.type === TYPE.NS && name !== origin);
    }
    this.#hasCuts = hasCuts;
    this.#nodes = nodes;
    for (const name of nodes.keys()) this.#addNonTerminals(name);
  }

  /** The names between `name` and the apex exist too, though nothing may be there. */
  #addNonTerminals(name: Name): void {
    if (name === this.origin) return;
    for (let at = parentOf(name); at !== undefined && !this.#nodes.has(at); at = parentOf(at)) {
      this.#nodes.set(at, EMPTY_NON_TERMINAL);
    }
  }

  /** The records at exactly this name (lower case), whichever side of a cut they are on. */
  node(name: Name): Node | undefined {
    return this.#nodes.get(name);
  }

  /** Where a question for `type` at `name` (lower case, at or below the apex) leads. */
  find(name: Name, type: number): Found {
    const cut = this.#hasCuts ? this.#firstCut(name, type) : undefined;
    if (cut !== undefined) return cut;
    const node = this.#nodes.get(name);
    if (node !== undefined) return { kind: 'node', node, wildcard: false };
    // The closest encloser decides (RFC 4592 §3.3.1): an empty non-terminal hides the wildcards above it.
    let encloser = parentOf(name);
    while (encloser !== undefined && !this.#nodes.has(encloser)) encloser = parentOf(encloser);
    const source = encloser === undefined ? undefined : this.#nodes.get(`\x01*${encloser}` as Name);
    return source === undefined ? { kind: 'nothing' } : { kind: 'node', node: source, wildcard: true };
  }

  /** The delegation or DNAME nearest to the apex on the way to `name`: all that is below it belongs to it. */
  #firstCut(name: Name, type: number): Found | undefined {
    const path: Name[] = [];
    for (let at: Name | undefined = name; at !== undefined; at = at === this.origin ? undefined : parentOf(at))
      path.push(at);
    for (const at of path.reverse()) {
      const node = this.#nodes.get(at);
      if (node === undefined) return undefined; // nothing exists below a name that does not
      const delegates = at !== this.origin && !(at === name && AT_PARENT.has(type));
      if (delegates && node.some((record) => record.type === TYPE.NS)) return { kind: 'delegation', cut: at, node };
      const dname = at === name ? undefined : node.find((record) => record.type === TYPE.DNAME);
      if (dname !== undefined) return { kind: 'dname', dname, node };
    }
    return undefined;
  }
}

/**
 * The zone that answers for `name` (lower case): the longest match; for DS the zone above it, which holds the DS
 * records of its children (RFC 4035 §3.1.4.1), or the child where the parent is not here.
 */
export function findZone(zones: ZoneTable, name: Name, type: number): ZoneData | undefined {
  const above = type === TYPE.DS ? longestMatch(zones, parentOf(name)) : undefined;
  return above ?? longestMatch(zones, name);
}

function longestMatch(zones: ZoneTable, name: Name | undefined): ZoneData | undefined {
  for (let at = name; at !== undefined; at = parentOf(at)) {
    const zone = zones.get(at);
    if (zone !== undefined) return zone;
  }
  return undefined;
}
