import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { ownAddresses } from '../access/networks.js';
import { ClusterError } from '../errors.js';
import type { OwnIdentity } from './own-identity.js';

const DEFAULT_PORT = 2087;

/**
 * Reads a member's host as an operator gives it: `ns1.example.com`, `192.0.2.1`, `[2001:db8::1]`, with or without
 * `:port`. Throws member_address_invalid.
 */
export function parseMemberHost(input: string, port?: number): { host: string; port: number; portGiven: boolean } {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:/@[\]]+)|([0-9A-Fa-f:.]+))(?::([0-9]{1,5}))?$/.exec(input.trim());
  const host = match?.[1] ?? match?.[2] ?? match?.[3];
  const number = port ?? (match?.[4] === undefined ? DEFAULT_PORT : Number(match[4]));
  const ascii = host === undefined ? '' : isIP(host) === 0 ? domainToASCII(host).toLowerCase() : host;
  const plain =
    isIP(ascii) !== 0 ||
    /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$/.test(ascii);
  if (!plain || number < 1 || number > 65535)
    throw new ClusterError('member_address_invalid', { host: input.slice(0, 80) });
  return { host: ascii, port: number, portGiven: port !== undefined || match?.[4] !== undefined };
}

/**
 * Refuses this server's own address as a member: it would push to itself. On one machine several nodes may share an
 * address, so an explicit port other than our own passes; the certificate and the host name are compared besides (see
 * Members). Throws member_is_self or member_unresolvable.
 */
export async function refuseOwnAddress(
  host: string,
  port: number,
  portGiven: boolean,
  own: OwnIdentity,
): Promise<void> {
  const addresses = await lookup(host, { all: true }).catch((error: unknown) => {
    throw new ClusterError('member_unresolvable', { host }, { cause: error });
  });
  const ours = new Set(ownAddresses());
  const isOurs = addresses.some(({ address }) => ours.has(address) || /^(127\.|::1$|0\.0\.0\.0$|::$)/.test(address));
  if (isOurs && (!portGiven || own.apiPort === undefined || port === own.apiPort)) {
    throw new ClusterError('member_is_self', { host });
  }
}
