import { labelsOf, type Name } from '../name.js';
import { demand, toHex } from '../octets.js';
import type { RdataText } from '../rdata-text.js';
import { chunked, fromBase64, fromHex, restOfText, toBase64 } from './binary.js';
import type { Field } from './field.js';
import { name } from './names.js';
import { named } from './numbers.js';

/** IANA "DNS Security Algorithm Numbers", as BIND takes them by name. */
const ALGORITHMS = {
  RSAMD5: 1,
  DH: 2,
  DSA: 3,
  RSASHA1: 5,
  NSEC3DSA: 6,
  NSEC3RSASHA1: 7,
  RSASHA256: 8,
  RSASHA512: 10,
  ECCGOST: 12,
  ECDSA256: 13,
  ECDSAP256SHA256: 13,
  ECDSA384: 14,
  ECDSAP384SHA384: 14,
  ED25519: 15,
  ED448: 16,
  INDIRECT: 252,
  PRIVATEDNS: 253,
  PRIVATEOID: 254,
};

/** RFC 4398 §2.1. */
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

const DIGESTS = { SHA1: 1, 'SHA-1': 1, SHA256: 2, 'SHA-256': 2, GOST: 3, SHA384: 4, 'SHA-384': 4 };

/** RFC 2535 §3.1.2; of its flags only ZONE is in use. */
const KEY_FLAGS = { USER: 0, ZONE: 256, HOST: 512, NOAUTH: 0x8000, NOCONF: 0x4000, NOKEY: 0xc000 };
const KEY_PROTOCOLS = { NONE: 0, TLS: 1, EMAIL: 2, DNSSEC: 3, IPSEC: 4, ALL: 255 };
const NO_KEY = 0xc000;

function namesOf(table: Readonly<Record<string, number>>): Readonly<Record<number, string>> {
  return Object.fromEntries(Object.entries(table).map(([name, code]) => [code, name]));
}

export const keyFlags = (): Field => named('the flags', 16, KEY_FLAGS);
export const keyProtocol = (): Field => named('the protocol', 8, KEY_PROTOCOLS);
export const dnssecAlgorithm = (what: string): Field => named(what, 8, ALGORITHMS);
/** CERT's: the one place where BIND prints algorithms by name. */
export const certificateAlgorithm = (what: string): Field => named(what, 8, ALGORITHMS, namesOf(ALGORITHMS));
export const certificateType = (what: string): Field => named(what, 16, CERTIFICATES, namesOf(CERTIFICATES));

/**
 * A digest's type and the digest in hexadecimal to the end of the rdata. `lengths` gives the octets of known types;
 * others have at least `least`.
 */
function typedDigest(kind: Field, lengths: Readonly<Record<number, number>>, least: number): Field {
  const fits = (type: number, length: number): boolean => length === (lengths[type] ?? Math.max(length, least));
  return {
    parse(text, out) {
      const at = out.length;
      kind.parse(text, out);
      const type = out.octets[at] ?? 0;
      const octets = fromHex(restOfText(text, 'the digest'));
      if (octets === undefined) return text.refuse('the digest is hexadecimal, two digits an octet');
      if (!fits(type, octets.length))
        text.refuse(`a digest of type ${type} has ${lengths[type] ?? `at least ${least}`} octets`);
      out.text(octets);
    },
    print(rdata) {
      const type = rdata.octets.charCodeAt(rdata.at);
      const shown = kind.print(rdata);
      const octets = rdata.rest();
      demand(fits(type, octets.length), `a digest of type ${type} has ${lengths[type] ?? `at least ${least}`} octets`);
      return `${shown} ${chunked(toHex(octets))}`;
    },
  };
}

/** DS (RFC 4034 §5.1, RFC 4509, RFC 5933, RFC 6605). */
export const delegationDigest = (): Field =>
  typedDigest(named('the digest type', 8, DIGESTS), { 1: 20, 2: 32, 3: 32, 4: 48 }, 1);
/** SSHFP (RFC 4255 §3.1.2, RFC 6594). */
export const fingerprint = (): Field => typedDigest(named('the fingerprint type', 8, {}), { 1: 20, 2: 32 }, 1);
/** ZONEMD (RFC 8976 §2.2.3, §2.2.4). */
export const zoneDigestField = (): Field => typedDigest(named('the hash algorithm', 8, {}), { 1: 48, 2: 64 }, 12);

/** KEY's public key: none at all where the flags, four octets back, say that there is no key (RFC 2535 §3.1.2). */
export function optionalKey(): Field {
  const hasKey = (flags: number): boolean => (flags & NO_KEY) !== NO_KEY;
  return {
    parse(text: RdataText, out) {
      if (!hasKey((out.octets[out.length - 4] ?? 0) * 256)) return;
      const key = fromBase64(restOfText(text, 'the public key'));
      if (key === undefined || key === '') return text.refuse('the public key is base64');
      out.text(key);
    },
    print(rdata) {
      const key = rdata.rest();
      demand((key === '') !== hasKey(rdata.octets.charCodeAt(0) * 256), 'the key and its flags contradict each other');
      return chunked(toBase64(key));
    },
  };
}

/** Where RRSIG's number of labels stands in its rdata (RFC 4034 §3.1). */
const LABELS_AT = 3;

/** RRSIG's signer, the zone: it has no more labels than the name signed (RFC 4034 §3.1.3, §3.1.7). */
export function signer(): Field {
  const plain = name("the signer's name");
  return {
    ...plain,
    parse(text, out) {
      const at = out.length;
      plain.parse(text, out);
      const labels = labelsOf(out.octets.toString('latin1', at, out.length) as Name).length;
      if (labels > (out.octets[LABELS_AT] ?? 0))
        text.refuse('the signer has more labels than the signature says of the owner');
    },
  };
}
