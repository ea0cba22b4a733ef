import { getPublicSuffix } from 'tldts';
import { accountOf, type Principal } from '../../access/principal.js';
import { ClusterError } from '../../errors.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { ZoneStore } from '../../zones/zone-store.js';

/** Labels below these that a zone of an account has at least: the largest networks that a provider is allocated. */
const REVERSE = [
  { apex: 'in-addr.arpa', labels: 2 },
  { apex: 'ip6.arpa', labels: 4 },
] as const;

interface NameRules {
  store: ZoneStore;
  /** Host names of this server, and of the members that root added. */
  servers: () => readonly string[];
  /** Names that root allows an account, whatever the rules say. */
  allowed: (by: Principal) => readonly string[];
}

/**
 * Which names an account may make. Nobody but root makes what would take names away from others: what all domains of
 * a registry are below, the servers of the cluster, networks of others, and zones at, above or below those of another
 * account. Root may, and may allow an account a name.
 */
export class PermittedNames {
  readonly #rules: NameRules;

  constructor(rules: NameRules) {
    this.#rules = rules;
  }

  /** Of a new zone. Throws name_not_permitted with the rule, or zone_shadows. */
  demand(name: ZoneName, by: Principal): void {
    if (by.kind === 'root' || this.#rules.allowed(by).includes(name)) return;
    const rule = ruleAgainst(name) ?? this.#ruleOfServers(name);
    if (rule !== undefined) throw new ClusterError('name_not_permitted', { zone: name, rule });
    const other = this.#above(name, by) ?? this.#below(name, by);
    if (other !== undefined) throw new ClusterError('zone_shadows', { zone: name, other });
  }

  #ruleOfServers(name: ZoneName): string | undefined {
    const host = this.#rules.servers().find((server) => isAtOrAbove(name, server.toLowerCase()));
    return host === undefined ? undefined : `the server ${host} of this cluster is in it`;
  }

  #above(name: ZoneName, by: Principal): ZoneName | undefined {
    for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
      const parent = this.#rules.store.get(name.slice(dot + 1) as ZoneName);
      // The nearest one counts: who owns it may give away names below it, whoever has those further up.
      if (parent !== undefined) return parent.owner === accountOf(by) ? undefined : parent.name;
    }
    return undefined;
  }

  /** Looks at all zones: 3 ms for 100,000, and only for a reseller's new zone. */
  #below(name: ZoneName, by: Principal): ZoneName | undefined {
    const ending = `.${name}`;
    const account = accountOf(by);
    for (const entry of this.#rules.store.entries()) {
      if (entry.owner !== account && entry.name.endsWith(ending)) return entry.name;
    }
    return undefined;
  }
}

/** Why no account may have this name, whatever zones there are; undefined where one may. */
function ruleAgainst(name: ZoneName): string | undefined {
  for (const { apex, labels } of REVERSE) {
    if (!isAtOrAbove(apex, name)) continue;
    const below = name.split('.').length - apex.split('.').length;
    return below < labels ? `reverse zones of accounts have at least ${labels} labels below ${apex}` : undefined;
  }
  if (!name.includes('.')) return 'it is a single label';
  // Private suffixes, too: customers of many others have their domains below them.
  const suffix = getPublicSuffix(name, { allowPrivateDomains: true, validateHostname: false });
  return suffix === name ? 'domains are registered below it (it is a public suffix)' : undefined;
}

function isAtOrAbove(upper: string, lower: string): boolean {
  return lower === upper || lower.endsWith(`.${upper}`);
}
