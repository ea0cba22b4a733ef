/**
 * Record type codes and their mnemonics (IANA "Resource Record (RR) TYPEs"), as BIND 9.18 knows them; every other type
 * is written TYPE123 (RFC 3597 §5).
 */
export const TYPE = {
  A: 1,
  NS: 2,
  MD: 3,
  MF: 4,
  CNAME: 5,
  SOA: 6,
  MB: 7,
  MG: 8,
  MR: 9,
  NULL: 10,
  WKS: 11,
  PTR: 12,
  HINFO: 13,
  MINFO: 14,
  MX: 15,
  TXT: 16,
  RP: 17,
  AFSDB: 18,
  X25: 19,
  ISDN: 20,
  RT: 21,
  NSAP: 22,
  'NSAP-PTR': 23,
  SIG: 24,
  KEY: 25,
  PX: 26,
  GPOS: 27,
  AAAA: 28,
  LOC: 29,
  NXT: 30,
  EID: 31,
  NIMLOC: 32,
  SRV: 33,
  ATMA: 34,
  NAPTR: 35,
  KX: 36,
  CERT: 37,
  A6: 38,
  DNAME: 39,
  SINK: 40,
  OPT: 41,
  APL: 42,
  DS: 43,
  SSHFP: 44,
  IPSECKEY: 45,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  DHCID: 49,
  NSEC3: 50,
  NSEC3PARAM: 51,
  TLSA: 52,
  SMIMEA: 53,
  HIP: 55,
  NINFO: 56,
  RKEY: 57,
  TALINK: 58,
  CDS: 59,
  CDNSKEY: 60,
  OPENPGPKEY: 61,
  CSYNC: 62,
  ZONEMD: 63,
  SVCB: 64,
  HTTPS: 65,
  SPF: 99,
  UINFO: 100,
  UID: 101,
  GID: 102,
  UNSPEC: 103,
  NID: 104,
  L32: 105,
  L64: 106,
  LP: 107,
  EUI48: 108,
  EUI64: 109,
  TKEY: 249,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  MAILB: 253,
  MAILA: 254,
  ANY: 255,
  URI: 256,
  CAA: 257,
  AVC: 258,
  DOA: 259,
  AMTRELAY: 260,
  TA: 32768,
  DLV: 32769,
} as const;

const CODES = new Map<string, number>(Object.entries(TYPE));
const NAMES = new Map<number, string>(Object.entries(TYPE).map(([name, code]) => [code, name]));

/** The code of a mnemonic in any case, or of TYPE123; undefined where it is neither. */
export function typeCode(mnemonic: string): number | undefined {
  const known = CODES.get(mnemonic);
  if (known !== undefined) return known;
  const upper = mnemonic.toUpperCase();
  const code = CODES.get(upper);
  if (code !== undefined || !/^TYPE\d{1,5}$/.test(upper)) return code;
  const number = Number(upper.slice(4));
  return number <= 65535 ? number : undefined;
}

/** The mnemonic of a type code, or TYPE123. */
export function typeName(code: number): string {
  return NAMES.get(code) ?? `TYPE${code}`;
}

/** Types that only questions and transactions have (RFC 6895 §3.1); no zone holds them. */
export function isMetaType(code: number): boolean {
  return code === 0 || code === TYPE.OPT || (code >= 128 && code <= 255);
}
