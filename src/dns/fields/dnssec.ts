import type { Field } from './field.js';
import { named, u16, u8 } from './numbers.js';

/** IANA "DNS Security Algorithm Numbers", as BIND takes them by name; it prints numbers. */
const ALGORITHMS = {
  RSAMD5: 1,
  DH: 2,
  DSA: 3,
  ECC: 4,
  RSASHA1: 5,
  'DSA-NSEC3-SHA1': 6,
  NSEC3DSA: 6,
  NSEC3RSASHA1: 7,
  'RSASHA1-NSEC3-SHA1': 7,
  RSASHA256: 8,
  RSASHA512: 10,
  ECCGOST: 12,
  ECDSAP256SHA256: 13,
  ECDSA256: 13,
  ECDSAP384SHA384: 14,
  ECDSA384: 14,
  ED25519: 15,
  ED448: 16,
  INDIRECT: 252,
  PRIVATEDNS: 253,
  PRIVATEOID: 254,
};

/** RFC 4398 §2.1, and how BIND prints them back. */
const CERTIFICATES = {
  PKIX: 1,
  SPKI: 2,
  PGP: 3,
  IPKIX: 4,
  ISPKI: 5,
  IPGP: 6,
  ACPKIX: 7,
  IACPKIX: 8,
  URI: 253,
  OID: 254,
};
const CERTIFICATE_NAMES = Object.fromEntries(Object.entries(CERTIFICATES).map(([name, code]) => [code, name]));

const DIGESTS = { SHA1: 1, 'SHA-1': 1, SHA256: 2, 'SHA-256': 2, GOST: 3, SHA384: 4, 'SHA-384': 4 };

export const keyFlags = (): Field => u16('the flags');
export const keyProtocol = (): Field => u8('the protocol');
export const dnssecAlgorithm = (what: string): Field => named(what, 8, ALGORITHMS);
export const digestType = (what: string): Field => named(what, 8, DIGESTS);
export const certificateType = (what: string): Field => named(what, 16, CERTIFICATES, CERTIFICATE_NAMES);
