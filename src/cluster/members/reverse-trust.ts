import type { Principal } from '../../access/principal.js';
import { sentenceOf } from '../../errors.js';
import type { Member } from '../model/member.js';
import type { ProvenMember } from './new-member.js';
import type { ReverseTrust } from '../model/member-status.js';
import type { OwnIdentity } from '../../members/own-identity.js';

const DEFAULT_PORT = 2087;
const LONGEST_NAME = 30;

/** Makes and takes back tokens for members that are to call us. */
export interface TrustTokens {
  /** With the privilege `clustering` alone. Resolves with its secret. */
  issue(name: string, by: Principal): Promise<string>;
  revoke(name: string, by: Principal): Promise<void>;
}

/**
 * Asks a member that was just added to add us in return (Setup Reverse Trust Relationship): gives it a token of its own
 * and our address, which it calls back. What comes of it is an answer and no error: the member itself is added.
 */
export async function askForTrust(
  { member, backend, ownAddress }: ProvenMember,
  by: Principal,
  { own, tokens, signal }: { own: OwnIdentity; tokens: TrustTokens; signal: AbortSignal },
): Promise<ReverseTrust> {
  if (backend.requestTrust === undefined) return { established: false, said: 'A service can not call this server.' };
  const name = tokenName(member);
  try {
    const token = await tokens.issue(name, by);
    const trust = await backend.requestTrust({ user: by.user, address: addressOf(own, ownAddress), token }, { signal });
    if (!trust.established) await tokens.revoke(name, by);
    return trust;
  } catch (error) {
    await tokens.revoke(name, by).catch(() => undefined);
    return { established: false, said: sentenceOf(error) };
  }
}

/** As the member is to call us: the address of the settings, else the one by which we reached it. */
function addressOf(own: OwnIdentity, seen = own.hostname): string {
  const address = own.address ?? seen;
  if (own.apiPort === undefined || own.apiPort === DEFAULT_PORT) return address;
  return address.includes(':') ? `[${address}]:${own.apiPort}` : `${address}:${own.apiPort}`;
}

/** One a row: a member that is added again gets another. */
function tokenName({ hostname, id }: Member): string {
  return `trust-${hostname.replaceAll(/[^A-Za-z0-9-]/g, '_').slice(0, LONGEST_NAME)}-${id.slice(0, 8)}`;
}
