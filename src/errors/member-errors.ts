import type { ErrorKind } from './error-kind.js';

/** Of members of the cluster. */
export const MEMBER_ERRORS = {
  member_address_invalid: {
    status: 422,
    sentence: ({ host }: { host: string }) =>
      `"${host}" is not a host name or address. Use one such as ns1.example.com or 192.0.2.1.`,
  },
  member_address_internal: {
    status: 422,
    sentence: ({ host, address }: { host: string; address: string }) =>
      `${host} has the address ${address}, which is not a public one. A reseller's server needs a public address, ` +
      `unless root allows its network under Global Cluster Options.`,
  },
  member_unresolvable: {
    status: 422,
    sentence: ({ host }: { host: string }) =>
      `The host name ${host} has no address. Check its spelling, or use its IP address.`,
  },
  member_is_self: {
    status: 422,
    sentence: ({ host }: { host: string }) => `${host} is this server itself. Give the address of another server.`,
  },
  member_exists: {
    status: 409,
    sentence: ({ host, hostname }: { host: string; hostname: string }) =>
      `${host} is already in the cluster, as ${hostname}. Edit that row, or delete it first.`,
  },
  account_limit: {
    status: 429,
    sentence: ({ what, limit, advice }: { what: string; limit: number; advice: string }) =>
      `Your account has ${limit} ${what}, and one account may have no more. ${advice}.`,
  },
  member_unknown: {
    status: 404,
    sentence: ({ id }: { id: string }) => `There is no member "${id}" in the cluster. Check the table of servers.`,
  },
  member_not_written: {
    status: 409,
    sentence: ({ member }: { member: string }) =>
      `${member} gets no changes from this server (its role is standalone), so it is not expected to hold any zone. Give it the role Synchronize Changes or Write-Only first.`,
  },
  member_credentials_missing: {
    status: 422,
    sentence: ({ host }: { host: string }) =>
      `A user name and an API token are needed to add ${host}. Create a token on that server.`,
  },
  member_call_failed: {
    status: 502,
    sentence: ({ why }: { why: string }) => why,
  },
  member_type_unknown: {
    status: 422,
    sentence: ({ type, types }: { type: string; types: string }) =>
      `There is no member type "${type}" on this server. There are: ${types}. Choose one, or install it and restart.`,
  },
  member_type_of_root: {
    status: 403,
    sentence: ({ type }: { type: string }) =>
      `Only root can add a member of the type "${type}". Ask root to add it, or choose another type.`,
  },
  no_renewal: {
    status: 409,
    sentence: ({ member }: { member: string }) =>
      `What ${member} is known by now was accepted by a person, not by this server, so there is nothing to take back. To trust another certificate, accept it.`,
  },
  member_field_invalid: {
    status: 422,
    sentence: ({ why }: { why: string }) => `The member was not added: ${why}. Correct it and submit again.`,
  },
  zone_not_at_member: {
    status: 404,
    sentence: ({ member, zone }: { member: string; zone: string }) =>
      `${member} does not have the zone ${zone}. Check the name, or send it there with a synchronization.`,
  },
  difference_unknown: {
    status: 404,
    sentence: ({ zone, member }: { zone: string; member: string }) =>
      `${zone} is not among the differences last found at ${member}, or it is gone from there. Check again.`,
  },
  difference_other: {
    status: 409,
    sentence: ({ zone, how }: { zone: string; how: string }) =>
      `${zone} can't be ${how} to resolve this difference. Check what differs, and choose another way.`,
  },
} satisfies Record<string, ErrorKind>;
