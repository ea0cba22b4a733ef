import { BlockList, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

const BITS = { 4: 32, 6: 128 } as const;

/** Is it an address or a range, as `192.0.2.7` or `2001:db8::/32`? */
export function isNetwork(text: string): boolean {
  return networkOf(text) !== undefined;
}

/** This machine's addresses, of all its interfaces. */
export function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
}

/**
 * Is an address in one of these? An IPv4 address in IPv6 notation, as sockets for both have it, is looked up as IPv4.
 */
export function isInNetworks(address: string, networks: readonly string[]): boolean {
  const version = isIP(address);
  return version !== 0 && networks.length > 0 && listOf(networks).check(address, version === 4 ? 'ipv4' : 'ipv6');
}

/** Is all of a network in one of these? */
export function isWithinNetworks(network: string, networks: readonly string[]): boolean {
  const inner = networkOf(network);
  return networks.some((text) => {
    const outer = networkOf(text);
    if (inner === undefined || outer === undefined) return false;
    const { address, family, bits } = inner;
    return family === outer.family && bits >= outer.bits && listOf([text]).check(address, family);
  });
}

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const { address, bits, family } of networks.flatMap((text) => networkOf(text) ?? [])) {
    list.addSubnet(address, bits, family);
  }
  return list;
}

function networkOf(text: string): { address: string; bits: number; family: 'ipv4' | 'ipv6' } | undefined {
  const [, address = '', given] = /^([0-9A-Fa-f:.]+)(?:\/([0-9]{1,3}))?$/.exec(text) ?? [];
  const version = isIP(address);
  if (version !== 4 && version !== 6) return undefined;
  const bits = given === undefined ? BITS[version] : Number(given);
  return bits > BITS[version] ? undefined : { address, bits, family: `ipv${version}` };
}
