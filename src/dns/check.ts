import type { ZoneIssue } from '../errors.js';
import { faultsOfKeys } from './check-keys.js';
import { formatName, isAtOrBelow, lowerName, parentOf, type Name } from './name.js';
import { TYPE, typeName } from './types.js';
import { ZoneNodes, type Node } from './zone-nodes.js';
import type { Zone, ResourceRecord } from './zone.js';

const MAX_ISSUES = 100;

/** What may stand beside a CNAME: DNSSEC's own records (RFC 4034 §3, RFC 3007 §4; BIND takes the same). */
const BESIDE_CNAME = new Set<number>([TYPE.CNAME, TYPE.RRSIG, TYPE.NSEC, TYPE.KEY, TYPE.SIG]);
/** Types of which a name has one record at most. */
const SINGLETONS = new Set<number>([TYPE.SOA, TYPE.CNAME, TYPE.DNAME]);
/** Where the name of a server stands in the rdata of the types that point to one. */
const TARGET_AT = new Map<number, number>([
  [TYPE.NS, 0],
  [TYPE.MX, 2],
  [TYPE.SRV, 6],
]);
const BASE32_HASH = /^(?:[0-9a-v]{8})*(?:[0-9a-v]{2}|[0-9a-v]{4}|[0-9a-v]{5}|[0-9a-v]{7})?$/i;

/**
 * Can these records be served as the zone `name`? What named-checkzone refuses is an error here, and what it warns of a
 * warning; stricter on purpose is one thing, names outside the zone. Lines are those of the records; column 0 is the
 * whole line. At most 100 issues.
 */
export function checkZone(zone: Zone, name: string): ZoneIssue[] {
  return new ZoneCheck(zone, name).run();
}

class ZoneCheck {
  readonly #nodes: ZoneNodes;
  readonly #errors: ZoneIssue[] = [];
  readonly #warnings: ZoneIssue[] = [];
  readonly #zone: Zone;
  readonly #name: string;

  constructor(zone: Zone, name: string) {
    this.#zone = zone;
    this.#name = name;
    this.#nodes = new ZoneNodes(zone);
  }

  run(): ZoneIssue[] {
    const { origin } = this.#zone;
    const apex = this.#nodes.get(origin);
    const soa = apex?.records.find((record) => record.type === TYPE.SOA);
    if (soa === undefined) this.#error('no_soa', 0, 'the zone has no SOA record at its top; add one');
    if (apex?.hasNs !== true) {
      this.#error('no_ns', soa?.line ?? 0, 'the zone has no NS record at its top; add one for each nameserver');
    }
    for (const { line, message } of faultsOfKeys(apex?.records ?? [])) this.#error('dnssec_records', line, message);
    for (const node of this.#nodes) {
      if (this.#errors.length >= MAX_ISSUES) break;
      if (isAtOrBelow(node.name, origin)) this.#checkNode(node);
      // BIND ignores such records with a warning, and the zone that is served is not the one that was written.
      else this.#error('out_of_zone', node.line, `${formatName(node.name)} is outside the zone ${this.#name}`);
    }
    return [...this.#errors, ...this.#warnings].slice(0, MAX_ISSUES);
  }

  #checkNode(node: Node): void {
    const isApex = node.name === this.#zone.origin;
    let isHost = false;
    if (node.records.length > 1) this.#checkTogether(node);
    for (const record of node.records) {
      switch (record.type) {
        case TYPE.A:
        case TYPE.AAAA:
          isHost = true;
          break;
        case TYPE.MX:
          isHost = true;
          this.#checkTarget(node, record);
          break;
        case TYPE.NS:
          if (node.name.startsWith('\x01*'))
            this.#error('wildcard_ns', record.line, 'a wildcard cannot be a delegation');
          this.#checkTarget(node, record);
          break;
        case TYPE.SRV:
          this.#checkTarget(node, record);
          break;
        case TYPE.MD:
        case TYPE.MF:
          // BIND refuses the zone.
          this.#error('obsolete_type', record.line, `${typeName(record.type)} is obsolete (RFC 973); write MX instead`);
          break;
        case TYPE.SOA:
          if (!isApex) this.#error('soa_not_at_apex', record.line, 'the SOA must stand at the top of the zone');
          break;
        case TYPE.DS:
          if (isApex)
            this.#error('ds_at_apex', record.line, 'DS belongs to the zone above, not to the top of this one');
          break;
        case TYPE.NSEC3:
          if (!BASE32_HASH.test(node.name.slice(1, 1 + node.name.charCodeAt(0)))) {
            this.#error('nsec3_owner', record.line, `${formatName(node.name)} is not a hashed name, which NSEC3 needs`);
          }
          break;
      }
    }
    if (isHost) this.#checkHostName(node);
    this.#checkAbove(node);
  }

  /** What may not stand together at one name (RFC 1034 §3.6.2, RFC 2181 §10.1, RFC 6672 §2.4). */
  #checkTogether(node: Node): void {
    const { records } = node;
    const seen = new Set<number>();
    for (const { type, line } of records) {
      if (!SINGLETONS.has(type)) continue;
      if (seen.has(type)) {
        const name = typeName(type);
        const message = `${formatName(node.name)} has a second ${name}; only one is possible`;
        this.#error(`several_${name.toLowerCase()}`, line, message);
      }
      seen.add(type);
    }
    if (!node.hasCname) return;
    const other = records.find((record) => !BESIDE_CNAME.has(record.type));
    if (other === undefined) return;
    this.#error(
      'cname_and_other_data',
      other.line,
      `${formatName(node.name)} has a CNAME and other data (${typeName(other.type)}); a name with a CNAME has nothing else`,
    );
  }

  /** Names under a DNAME are never answered (RFC 6672 §2.4); BIND loads them all the same. */
  #checkAbove(node: Node): void {
    if (!this.#nodes.hasDname) return;
    const above = this.#nodes.coverOf(node.name);
    if (above?.kind === 'dname') {
      this.#warning(
        'below_dname',
        node.line,
        `${formatName(node.name)} is below the DNAME ${formatName(above.name)}: never answered`,
      );
    }
  }

  #checkTarget(node: Node, record: ResourceRecord): void {
    const at = TARGET_AT.get(record.type) ?? 0;
    const target = lowerName(record.rdata.slice(at) as Name);
    const what = `${formatName(node.name)} ${typeName(record.type)} ${formatName(target)}`;
    if (this.#looksLikeAddress(target))
      this.#warning('target_is_address', record.line, `${what}: the target is a name, not an address`);
    if (!isAtOrBelow(target, this.#zone.origin)) return;
    const found = this.#nodes.addressesOf(target);
    if (found === 'addresses' || found === 'delegated') {
      if (record.type === TYPE.NS && found === 'delegated') this.#checkGlue(node, record, target, what);
      return;
    }
    const why = {
      cname: 'is a CNAME, which a target must not be (RFC 2181 §10.3)',
      dname: 'is below a DNAME',
      nothing: 'has no address (A or AAAA) in this zone',
    }[found];
    // BIND refuses the zone when its own nameservers are at fault, and only reports the rest.
    const isOwn = record.type === TYPE.NS && node.name === this.#zone.origin;
    if (isOwn) this.#error('ns_unusable', record.line, `${what}: the nameserver ${why}; add it, or correct the NS`);
    else this.#warning('target_unusable', record.line, `${what}: the target ${why}`);
  }

  /** A nameserver inside what is delegated can only be found by an address given here (RFC 1034 §4.2.1). */
  #checkGlue(node: Node, record: ResourceRecord, target: Name, what: string): void {
    if (node.name === this.#zone.origin || this.#nodes.get(target)?.hasAddress === true) return;
    this.#warning('no_glue', record.line, `${what}: add the address of this nameserver (glue), or nobody finds it`);
  }

  /** As BIND's check-names: hosts are letters, digits and hyphens (RFC 1123 §2.1); a wildcard may come first. */
  #checkHostName(node: Node): void {
    if (this.#nodes.isHostName(node.name)) return;
    const message = `${formatName(node.name)} has addresses or mail: a host's name has letters, digits and hyphens only`;
    this.#warning('not_a_host_name', node.line, message);
  }

  #looksLikeAddress(target: Name): boolean {
    const first = target.charCodeAt(1);
    if (first < 48 || first > 57) return false;
    let rest: Name | undefined = target;
    for (let i = 0; i < 4; i++) {
      if (rest === undefined || !/^\d{1,3}$/.test(rest.slice(1, 1 + rest.charCodeAt(0)))) return false;
      rest = parentOf(rest);
    }
    return rest === '\0' || rest === this.#zone.origin;
  }

  #error(code: string, line: number, message: string): void {
    if (this.#errors.length < MAX_ISSUES) this.#errors.push(this.#issue('error', code, line, message));
  }

  /** Warnings have a limit of their own: however many there are, they hide no error. */
  #warning(code: string, line: number, message: string): void {
    if (this.#warnings.length < MAX_ISSUES) this.#warnings.push(this.#issue('warning', code, line, message));
  }

  #issue(severity: ZoneIssue['severity'], code: string, line: number, message: string): ZoneIssue {
    return { severity, code, zone: this.#name, line, column: 0, message };
  }
}
