import { lookup as lookUp, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import { buildConnector } from 'undici';
import { isInNetworks, ownAddresses } from '../access/networks.js';
import { ClusterError, isClusterError } from '../errors.js';

/**
 * Networks that are not the Internet's (IANA's special-purpose registries, RFC 6890): this machine, its neighbours,
 * what clouds tell their machines (169.254.169.254), and notations of IPv6 in which any of them could be written.
 */
const INTERNAL = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.168.0.0/16', '198.18.0.0/15', '224.0.0.0/4', '240.0.0.0/4'],
  ...[
    '::/96',
    '::ffff:0:0:0/96',
    '64:ff9b::/96',
    '64:ff9b:1::/48',
    '100::/64',
    '2001::/32',
    '2002::/16',
    'fc00::/7',
    'fe80::/10',
  ],
  ...['fec0::/10', 'ff00::/8'],
];

/** Whom a member may be, as far as its address tells. */
export interface Reach {
  /** Rejects with member_address_internal where the host is, or has, an address that may not be asked. */
  check(host: string): Promise<void>;
  /** The address at which a host may be asked; rejects as `check` does, and where it has none. */
  addressOf(host: string): Promise<string>;
  /** Why a host that is an address may not be asked. */
  refusal(host: string): ClusterError | undefined;
  /** Looks names up for a connection, at the moment when it is made: what a name means can change after a check. */
  lookup: LookupFunction;
}

/** The Internet, and the networks that root allows besides. */
export class InternetReach implements Reach {
  readonly #allowed: () => readonly string[];
  readonly #own: () => readonly string[];

  /**
   * `allowed`: addresses and ranges, at each moment. `own`: those of this machine, of which some may be the Internet's:
   * what listens there and is closed to the Internet by a firewall is open to us.
   */
  constructor(allowed: () => readonly string[], own: () => readonly string[] = ownAddresses) {
    this.#allowed = allowed;
    this.#own = own;
  }

  async check(host: string): Promise<void> {
    try {
      await this.addressOf(host);
    } catch (error) {
      // That it has no address is said by whoever connects.
      if (isClusterError(error)) throw error;
    }
  }

  async addressOf(host: string): Promise<string> {
    const refused = this.refusal(host);
    if (refused !== undefined) throw refused;
    if (isIP(host) !== 0) return host;
    return new Promise((resolve, reject) => {
      this.lookup(host, {}, (error, address) => {
        if (error === null) resolve(address as string);
        else reject(error);
      });
    });
  }

  refusal(host: string): ClusterError | undefined {
    return isIP(host) === 0 ? undefined : this.#refusalOf(host, host);
  }

  readonly lookup: LookupFunction = (host, options, callback) => {
    lookUp(host, { ...options, all: true }, (error, found: LookupAddress[]) => {
      const [first] = error === null ? found : [];
      const refused = error ?? firstOf(found, ({ address }) => this.#refusalOf(host, address));
      if (refused !== undefined || first === undefined) callback(refused ?? new Error('it has no address'), '', 0);
      else if (options.all === true) callback(null, found);
      else callback(null, first.address, first.family);
    });
  };

  #refusalOf(host: string, address: string): ClusterError | undefined {
    const isInternal = isInNetworks(address, INTERNAL) || isInNetworks(address, this.#own());
    if (!isInternal || isInNetworks(address, this.#allowed())) return undefined;
    return new ClusterError('member_address_internal', { host, address });
  }
}

/**
 * Connects only to where `reach` lets; to everywhere where it is absent. `closing` ends the connections, those that do
 * not stand yet, too: undici leaves these to themselves when a pool is destroyed.
 */
export function connectorFor(
  reach: Reach | undefined,
  closing: AbortSignal | undefined,
  options: buildConnector.BuildOptions = {},
): buildConnector.connector {
  const ownLookup = reach === undefined ? {} : { lookup: reach.lookup };
  // It returns the socket, which its types leave out. The option `signal` of sockets leaves a listener behind for each
  // (measured with Node 20).
  const connector = buildConnector({ ...options, ...ownLookup }) as (
    ...to: Parameters<buildConnector.connector>
  ) => Socket;
  return (to, callback) => {
    // Names alone are looked up.
    const refused = reach?.refusal(to.hostname.replaceAll(/[[\]]/g, ''));
    if (refused !== undefined) {
      callback(refused, null);
      return;
    }
    const socket = connector(to, callback);
    const end = (): unknown => socket.destroy();
    closing?.addEventListener('abort', end);
    socket.once('close', () => closing?.removeEventListener('abort', end));
  };
}

function firstOf<T, R>(items: readonly T[], of: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const result = of(item);
    if (result !== undefined) return result;
  }
  return undefined;
}
