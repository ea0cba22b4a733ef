import { z } from 'zod';
import type { MemberEdit } from '../../cluster/model/member-edit.js';
import { isServerType, type Role } from '../../cluster/model/member.js';
import { ClusterError } from '../../errors.js';
import { CPANEL } from '../../members/member-type.js';
import { defined } from '../../operations/defined.js';
import type { ApiRequest } from '../requests/api-request.js';
import { TRUST_KINDS } from '../../members/cpanel/trust.js';
import { fingerprint, flag, port, text } from './api-function.js';
import type { NewMember } from '../../cluster/model/member-status.js';

const ROLE_NAMES = ['standalone', 'sync', 'write-only'] as const satisfies readonly Role[];
export const role = text.pipe(z.enum(ROLE_NAMES, { error: `must be one of ${ROLE_NAMES.join(', ')}` }));

/** By what a member is known: this certificate, this key, or any certificate of an authority for its host name. */
const trust = text.pipe(z.enum(TRUST_KINDS, { error: `must be one of ${TRUST_KINDS.join(', ')}` }));

/** Of a member of the original's wire; another `type` has fields of its own, each a parameter (see listmembertypes). */
export const newMember = {
  type: text.optional(),
  role,
  host: text.optional(),
  port: port.optional(),
  dnsport: port.optional(),
  user: text.optional(),
  token: text.optional(),
  fingerprint: fingerprint.optional(),
  trust: trust.optional(),
  ca: text.optional(),
  reversetrust: flag.optional(),
};

/** What may be different of a member; those of other types have their own fields. */
export const editedMember = {
  member: text,
  role: role.optional(),
  host: text.optional(),
  port: port.optional(),
  dnsport: port.optional(),
  user: text.optional(),
  token: text.optional(),
  fingerprint: fingerprint.optional(),
  trust: trust.optional(),
  ca: text.optional(),
};

/** What the cluster is to change of a member. */
export function editFrom(given: z.infer<z.ZodObject<typeof editedMember>>, request: ApiRequest): MemberEdit {
  const { member, dnsport: dnsPort, ...rest } = given;
  const type = request.cluster.members.list(request.peer).find(({ id }) => id === member)?.type;
  const values = type === undefined || isServerType(type) ? {} : valuesOf(type, request);
  return { ...defined({ ...rest, dnsPort }), values };
}

/** What the cluster is to add. */
export function memberFrom(given: z.infer<z.ZodObject<typeof newMember>>, request: ApiRequest): NewMember {
  const { type = CPANEL, role } = given;
  if (isServerType(type)) {
    const missing = (['host', 'user', 'token'] as const).find((parameter) => given[parameter] === undefined);
    if (missing !== undefined) throw new ClusterError('parameter_invalid', { parameter: missing, why: 'is missing' });
    const { host = '', user = '', token = '', port, dnsport: dnsPort, reversetrust: reverseTrust } = given;
    const { fingerprint, trust, ca } = given;
    return { host, user, token, role, ...defined({ port, dnsPort, fingerprint, trust, ca, reverseTrust }) };
  }
  return { type, role, values: valuesOf(type, request) };
}

/** The parameters that are fields of this type. */
function valuesOf(type: string, request: ApiRequest): Record<string, string> {
  const fields = request.cluster.members.types().find((known) => known.type === type)?.fields ?? [];
  const values = fields.map(({ name }) => [name, request.text(name)] as const);
  return Object.fromEntries(values.filter((pair): pair is [string, string] => pair[1] !== undefined));
}
