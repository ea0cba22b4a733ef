import { randomUUID } from 'node:crypto';
import type { Principal } from '../../access/principal.js';
import { orClose, type MemberBackend } from '../../members/member-backend.js';
import { CPANEL, type MemberValues } from '../../members/member-type.js';
import type { MemberTypes } from '../../members/member-types.js';
import type { Reach } from '../../members/reach.js';
import { defined } from '../../operations/defined.js';
import { refuseSignedZones } from '../local/signed-zones.js';
import { isServer, memberWith, ownerOf, valuesOf, type Member } from '../model/member.js';
import type { NewMember } from '../model/member-status.js';

/** A member that answered as it should, and is in no table yet. */
export interface ProvenMember {
  member: Member;
  backend: MemberBackend;
  /** Our own address as it was seen on the way there; absent for a type that is a service. */
  ownAddress?: string;
}

interface Of {
  types: MemberTypes;
  /** Where a member that is added by this principal may be; everywhere where absent. */
  reach: Reach | undefined;
  /** Cuts the proof off. */
  signal: AbortSignal;
  /** Throws where such a row is in the table. */
  refuseTwin: (same: (member: Member) => boolean, host: string) => void;
}

/** Has its type prove a member before anything is kept. The caller closes the backend that it does not keep. */
export async function proveMember(input: NewMember, by: Principal, of: Of): Promise<ProvenMember> {
  const { types, reach, signal } = of;
  const type = 'values' in input ? input.type : CPANEL;
  const refuseTwin = (same: (values: MemberValues) => boolean, host: string): void =>
    of.refuseTwin((member) => member.type === type && same(valuesOf(member)), host);
  const { backend, info, values, ownAddress } = await types.prove(type, givenIn(input), { reach, signal, refuseTwin });
  return orClose(backend, () => {
    const { hostname, version } = info;
    const row = { id: randomUUID(), role: input.role, hostname, version, owner: ownerOf(by) };
    const member = memberWith(type, values, row);
    const software = isServer(member) ? 'nameserver' : (types.get(type)?.label ?? type);
    refuseSignedZones(hostname, { software, ...info });
    // A service has no address of its own: one account may be used for several purposes, but not twice for the same.
    const isTwin = (other: Member): boolean =>
      other.type === type && other.hostname === hostname && valuesOf(other)['username'] === values['username'];
    if (!isServer(member)) of.refuseTwin(isTwin, hostname);
    return { backend, member, ...defined({ ownAddress }) };
  });
}

/** What was given of the fields of its type. */
function givenIn(input: NewMember): MemberValues {
  if ('values' in input) return input.values;
  const { host, port, dnsPort, user, token, debug = false } = input;
  const { fingerprint, trust, ca, keyPin, refusedKeys } = input;
  const ports = { port: port?.toString(), dnsPort: dnsPort?.toString() };
  return {
    host,
    user,
    token,
    debug: debug ? '1' : '0',
    ...defined({ ...ports, fingerprint, trust, ca, keyPin, refusedKeys }),
  };
}
