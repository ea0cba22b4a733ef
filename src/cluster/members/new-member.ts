import { randomUUID } from 'node:crypto';
import type { Principal } from '../../access/principal.js';
import { ClusterError } from '../../errors.js';
import { CpanelMember, lookAtServer } from '../../members/cpanel/cpanel-member.js';
import type { MemberBackend } from '../../members/member-backend.js';
import type { MemberTypes } from '../../members/member-types.js';
import type { Reach } from '../../members/reach.js';
import { CPANEL, isServer, ownerOf, type Member } from '../model/member.js';
import { parseMemberHost, refuseOwnAddress } from './member-address.js';
import { refuseSignedZones } from '../local/signed-zones.js';
import type { NewCpanelMember, NewMember, NewTypedMember } from '../model/member-status.js';
import type { OwnIdentity } from '../model/own-identity.js';

const DNS_PORT = 53;

/** A member that answered as it should, and is in no table yet. */
export interface ProvenMember {
  member: Member;
  backend: MemberBackend;
  /** Our own address as it was seen on the way there; absent for a type that is a service. */
  ownAddress?: string;
}

interface Of {
  own: OwnIdentity;
  types: MemberTypes;
  /** Where a member that is added by this principal may be; everywhere where absent. */
  reach: Reach | undefined;
  /** Cuts the proof off. */
  signal: AbortSignal;
  /** Throws where such a row is in the table. */
  refuseTwin: (same: (member: Member) => boolean, host: string) => void;
}

/** Proves address, certificate and token before anything is kept. The caller closes a backend that it does not keep. */
export function proveMember(input: NewMember, by: Principal, of: Of): Promise<ProvenMember> {
  return 'values' in input ? proveService(input, by, of) : proveServer(input, by, of);
}

async function proveServer(input: NewCpanelMember, by: Principal, of: Of): Promise<ProvenMember> {
  const { own } = of;
  const { host, port, portGiven } = parseMemberHost(input.host, input.port);
  const { user, token, role } = input;
  if (user === '' || token === '') throw new ClusterError('member_credentials_missing', { host });
  await refuseOwnAddress(host, port, portGiven, own);
  await of.reach?.check(host);
  of.refuseTwin((member) => isServer(member) && member.host === host && member.port === port, host);
  const shown = await lookAtServer(host, port, of);
  if (shown.fingerprint === own.fingerprint) throw new ClusterError('member_is_self', { host });
  const fingerprint = input.fingerprint ?? shown.fingerprint;
  const { dnsPort = DNS_PORT, debug = false } = input;
  const address = { host, port, dnsPort, user, token, fingerprint };
  const backend = new CpanelMember({ ...address, self: own.hostname, reach: of.reach });
  return orClose(backend, async () => {
    const info = await backend.probe(of);
    if (info.hostname === own.hostname) throw new ClusterError('member_is_self', { host });
    refuseSignedZones(info.hostname, { software: 'nameserver', ...info });
    const { hostname, version } = info;
    const { ownAddress } = shown;
    const row = { id: randomUUID(), role, hostname, version, owner: ownerOf(by) };
    return { backend, member: { ...row, type: CPANEL, ...address, debug }, ...(ownAddress && { ownAddress }) };
  });
}

/** A hosted service has no certificate to pin, and may have two rows: one account may serve several purposes. */
async function proveService(
  { type, values: given, role }: NewTypedMember,
  by: Principal,
  of: Of,
): Promise<ProvenMember> {
  const values = of.types.check(type, given);
  const backend = of.types.create(type, values, of.reach);
  return orClose(backend, async () => {
    const info = await backend.probe(of);
    const { hostname, version } = info;
    refuseSignedZones(hostname, { software: of.types.get(type)?.label ?? type, ...info });
    const isTwin = (member: Member): boolean =>
      !isServer(member) &&
      member.type === type &&
      member.hostname === hostname &&
      member.values['username'] === values['username'];
    of.refuseTwin(isTwin, hostname);
    return { backend, member: { id: randomUUID(), type, role, values, hostname, version, owner: ownerOf(by) } };
  });
}

async function orClose(backend: MemberBackend, prove: () => Promise<ProvenMember>): Promise<ProvenMember> {
  try {
    return await prove();
  } catch (error) {
    await backend.close();
    throw error;
  }
}
