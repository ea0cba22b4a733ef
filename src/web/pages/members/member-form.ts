import type { Request } from 'express';
import { z } from 'zod';
import { ROLES, type Role } from '../../../cluster/model/member.js';
import { TRUST_KINDS } from '../../../members/cpanel/trust.js';
import type { MemberType } from '../../../members/member-type.js';
import { defined } from '../../../operations/defined.js';
import { readForm, sentText, wholeNumber } from '../forms.js';
import type { NewCpanelMember } from '../../../cluster/model/member-status.js';

export const role = z.enum(Object.keys(ROLES) as [Role, ...Role[]]);
/** How a certificate is trusted. A form of before there was a choice has none. */
export const trustFields = {
  trust: z.enum(TRUST_KINDS).optional(),
  ca: z.string().trim().max(65_536).optional(),
};
const cpanelForm = z.object({
  host: z.string().trim().max(255),
  port: wholeNumber(1, 65_535, 2087),
  dnsPort: wholeNumber(1, 65_535, 53),
  user: z.string().trim().max(64),
  token: z.string().trim().max(4096),
  role,
  fingerprint: z.string().trim().max(200).default(''),
  ...trustFields,
  reverseTrust: z.literal('1').optional(),
  debug: z.literal('1').optional(),
});
/** What forms hold beside the fields of a type. */
const BESIDE = ['role', 'reverseTrust'];

/** What the form DNS Remote Configuration holds. Throws parameter_invalid. */
export function cpanelMember(request: Request): NewCpanelMember {
  const { fingerprint, trust, ca, reverseTrust, debug, ...given } = readForm(cpanelForm, request);
  return {
    ...given,
    reverseTrust: reverseTrust === '1',
    debug: debug === '1',
    ...(fingerprint === '' ? {} : { fingerprint }),
    ...defined({ trust, ca }),
  };
}

/** The values of a type's form. A box that is not ticked is not sent. */
export function typedValues(request: Request, { fields }: Pick<MemberType, 'fields'>): Record<string, string> {
  return Object.fromEntries(fields.map(({ name }) => [name, sentText(request, name)]));
}

/** What was sent stays in the form, but for its secrets. */
export function sentAgain(request: Request, type: MemberType | undefined): Record<string, string> {
  const shown = type?.fields.filter(({ secret }) => secret !== true).map(({ name }) => name) ?? [];
  return Object.fromEntries([...BESIDE, ...shown].map((name) => [name, sentText(request, name)]));
}
