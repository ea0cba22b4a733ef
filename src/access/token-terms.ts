import { ClusterError } from '../errors.js';
import { isInNetworks, isNetwork, isWithinNetworks } from './networks.js';

/** Until when, and from where, a token may be used. */
export interface TokenTerms {
  /** Unix seconds; absent: it does not expire. */
  expiresAt?: number | undefined;
  /** IPv4 and IPv6 addresses and ranges (`192.0.2.0/24`); absent or empty: from anywhere. */
  addresses?: readonly string[] | undefined;
}

const NAME = /^[A-Za-z0-9_-]{1,50}$/;
const MOST_ADDRESSES = 100;
/** The last second that a date can name: larger numbers are milliseconds by mistake. */
const LAST_SECOND = 253_402_300_799;

/** Throws token_invalid where the name can't be a token's. */
export function checkTokenName(name: string): void {
  if (NAME.test(name)) return;
  const why = 'a name is 1 to 50 letters, digits, "_" and "-"; choose another';
  throw new ClusterError('token_invalid', { name: name.slice(0, 60), why });
}

/** Throws token_invalid where it would expire in the past, or an address is none. */
export function checkTerms(name: string, { expiresAt, addresses = [] }: TokenTerms): void {
  const refuse = (why: string): never => {
    throw new ClusterError('token_invalid', { name, why });
  };
  if (expiresAt !== undefined) {
    if (expiresAt <= Date.now() / 1_000) refuse('its time of expiry is past; give a later one');
    if (expiresAt > LAST_SECOND) refuse('its time of expiry is after the year 9999; give it in seconds since 1970');
  }
  if (addresses.length > MOST_ADDRESSES) refuse(`it has more than ${MOST_ADDRESSES} allowed addresses; use ranges`);
  const wrong = addresses.find((address) => !isNetwork(address));
  if (wrong !== undefined) {
    refuse(`"${wrong.slice(0, 60)}" is no address or range; write it as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32`);
  }
}

/** Terms as they are asked for: what is absent is left open; `null` is no end, and no addresses are all. */
export interface WantedTerms {
  expiresAt?: number | null | undefined;
  addresses?: readonly string[] | undefined;
}

/** What is asked for, and the limits where nothing is. Throws token_too_wide where it is longer, or from elsewhere. */
export function termsWithin(limits: TokenTerms, name: string, wanted: WantedTerms): TokenTerms {
  const { expiresAt = limits.expiresAt, addresses = limits.addresses ?? [] } = wanted;
  const refuse = (how: string): never => {
    throw new ClusterError('token_too_wide', { name, how });
  };
  const end = expiresAt ?? Infinity;
  if (end > (limits.expiresAt ?? Infinity)) refuse('longer');
  if ((limits.addresses ?? []).length > 0) {
    const { addresses: allowed = [] } = limits;
    if (addresses.length === 0 || !addresses.every((one) => isWithinNetworks(one, allowed)))
      refuse('from more addresses');
  }
  return { expiresAt: expiresAt ?? undefined, addresses };
}

/** Has its time come? `now` in milliseconds. */
export function isExpired({ expiresAt }: TokenTerms, now = Date.now()): boolean {
  return expiresAt !== undefined && expiresAt * 1_000 <= now;
}

/** May a token be used from this address? Where addresses are named, one that is not known is none of them. */
export function isAllowedFrom({ addresses = [] }: TokenTerms, from: string | undefined): boolean {
  return addresses.length === 0 || (from !== undefined && isInNetworks(from, addresses));
}
