import { ipv4, ipv6 } from './fields/addresses.js';
import {
  base32,
  base64,
  chunked,
  fromHex,
  hex,
  hyphenated,
  locator64,
  nsap,
  restOfText,
  salt,
} from './fields/binary.js';
import { addressPrefixes } from './fields/address-prefixes.js';
import {
  certificateAlgorithm,
  certificateType,
  delegationDigest,
  dnssecAlgorithm,
  fingerprint,
  keyFlags,
  keyProtocol,
  optionalKey,
  signer,
  zoneDigestField,
} from './fields/dnssec.js';
import type { Field } from './fields/field.js';
import { gateway, hostIdentity } from './fields/gateways.js';
import { location } from './fields/location.js';
import { casedName, name, quotableName } from './fields/names.js';
import { period, time, u16, u32, u8, zero16 } from './fields/numbers.js';
import { serviceParameters } from './fields/service-parameters.js';
import { digits, longText, optionalString, string, strings, substitution, tag } from './fields/strings.js';
import { typeBitmap, typeField } from './fields/type-bitmap.js';
import { wellKnownServices } from './fields/well-known-services.js';
import { lowerName } from './name.js';
import { OctetReader, OctetWriter, RdataError, toHex } from './octets.js';
import type { RdataText } from './rdata-text.js';
import { TYPE } from './types.js';

const keyHead = [keyFlags(), keyProtocol(), dnssecAlgorithm('the algorithm')];
const key = [...keyHead, base64('the public key', 1)];
const digest = [u16('the key tag'), dnssecAlgorithm('the algorithm'), delegationDigest()];
const signatureHead = [dnssecAlgorithm('the algorithm'), u8('the number of labels'), u32('the original TTL')];
const association = [u8('the certificate usage'), u8('the selector'), u8('the matching type'), hex('the data', 1)];
const service = [u16('the priority'), quotableName('the target'), serviceParameters()];
const texts = [strings('a string')];

/**
 * THE table: what each type's rdata is made of. Reading text, printing, checking octets and canonical case all walk it.
 * A type that is not here is written as RFC 3597 `\# length hex`.
 */
const FIELDS: Readonly<Partial<Record<number, readonly Field[]>>> = {
  // RFC 1035 §3.3, §3.4
  [TYPE.A]: [ipv4('the address')],
  [TYPE.NS]: [name('the nameserver')],
  [TYPE.MD]: [name('the mail agent')],
  [TYPE.MF]: [name('the mail agent')],
  [TYPE.CNAME]: [name('the target')],
  [TYPE.SOA]: [
    name('the primary nameserver'),
    name('the mailbox of the person responsible'),
    u32('the serial'),
    period('the refresh interval'),
    period('the retry interval'),
    period('the expire limit'),
    period('the minimum TTL'),
  ],
  [TYPE.MB]: [name('the mail host')],
  [TYPE.MG]: [name('the mailbox')],
  [TYPE.MR]: [name('the new mailbox')],
  [TYPE.WKS]: [ipv4('the address'), wellKnownServices()],
  [TYPE.PTR]: [name('the target')],
  [TYPE.HINFO]: [string('the machine'), string('the operating system')],
  [TYPE.MINFO]: [name('the responsible mailbox'), name('the error mailbox')],
  [TYPE.MX]: [u16('the preference'), name('the mail exchanger')],
  [TYPE.TXT]: texts,
  // RFC 1183, 1706, 2163, 1712, 1876
  [TYPE.RP]: [name('the mailbox'), name('the name of the text')],
  [TYPE.AFSDB]: [u16('the subtype'), name('the server')],
  [TYPE.X25]: [digits('the PSDN address', 4)],
  [TYPE.ISDN]: [string('the ISDN address'), optionalString('the subaddress')],
  [TYPE.RT]: [u16('the preference'), name('the intermediate host')],
  [TYPE.NSAP]: [nsap('the NSAP address')],
  [TYPE['NSAP-PTR']]: [name('the target')],
  [TYPE.SIG]: [
    typeField('the type covered', 'number'),
    ...signatureHead,
    time('the expiration', false),
    time('the inception', false),
    u16('the key tag'),
    name("the signer's name"),
    base64('the signature', 1),
  ],
  [TYPE.KEY]: [...keyHead, optionalKey()],
  [TYPE.PX]: [u16('the preference'), name('the RFC 822 domain'), name('the X.400 domain')],
  [TYPE.GPOS]: [string('the longitude'), string('the latitude'), string('the altitude')],
  [TYPE.AAAA]: [ipv6('the address')],
  [TYPE.LOC]: [location()],
  [TYPE.EID]: [hex('the endpoint', 1)],
  [TYPE.NIMLOC]: [hex('the locator', 1)],
  [TYPE.SRV]: [u16('the priority'), u16('the weight'), u16('the port'), name('the target')],
  [TYPE.NAPTR]: [
    u16('the order'),
    u16('the preference'),
    string('the flags'),
    string('the service'),
    substitution('the regular expression'),
    name('the replacement'),
  ],
  [TYPE.KX]: [u16('the preference'), name('the key exchanger')],
  [TYPE.CERT]: [
    certificateType('the certificate type'),
    u16('the key tag'),
    certificateAlgorithm('the algorithm'),
    base64('the certificate', 1),
  ],
  [TYPE.DNAME]: [name('the target')],
  [TYPE.SINK]: [u8('the meaning'), u8('the coding'), u8('the subcoding'), base64('the data')],
  [TYPE.APL]: [addressPrefixes()],
  [TYPE.DS]: digest,
  [TYPE.SSHFP]: [u8('the algorithm'), fingerprint()],
  [TYPE.IPSECKEY]: [u8('the precedence'), gateway('ipseckey'), base64('the public key', 1)],
  [TYPE.RRSIG]: [
    typeField('the type covered', 'TYPE123'),
    ...signatureHead,
    time('the expiration', true),
    time('the inception', true),
    u16('the key tag'),
    signer(),
    base64('the signature', 1),
  ],
  [TYPE.NSEC]: [casedName('the next name'), typeBitmap(false)],
  [TYPE.DNSKEY]: key,
  [TYPE.DHCID]: [base64('the identifier', 1)],
  [TYPE.NSEC3]: [
    u8('the hash algorithm'),
    u8('the flags'),
    u16('the iterations'),
    salt('the salt'),
    base32('the next hashed owner'),
    typeBitmap(true),
  ],
  [TYPE.NSEC3PARAM]: [u8('the hash algorithm'), u8('the flags'), u16('the iterations'), salt('the salt')],
  [TYPE.TLSA]: association,
  [TYPE.SMIMEA]: association,
  [TYPE.HIP]: [hostIdentity()],
  [TYPE.NINFO]: texts,
  [TYPE.RKEY]: [zero16('the flags'), u8('the protocol'), dnssecAlgorithm('the algorithm'), base64('the key', 1)],
  [TYPE.TALINK]: [casedName('the previous name'), casedName('the next name')],
  [TYPE.CDS]: digest,
  [TYPE.CDNSKEY]: key,
  [TYPE.OPENPGPKEY]: [base64('the key', 1)],
  [TYPE.CSYNC]: [u32('the serial'), u16('the flags'), typeBitmap(true)],
  [TYPE.ZONEMD]: [u32('the serial'), u8('the scheme'), zoneDigestField()],
  [TYPE.SVCB]: service,
  [TYPE.HTTPS]: service,
  [TYPE.SPF]: texts,
  [TYPE.NID]: [u16('the preference'), locator64('the node identifier')],
  [TYPE.L32]: [u16('the preference'), ipv4('the locator')],
  [TYPE.L64]: [u16('the preference'), locator64('the locator')],
  [TYPE.LP]: [u16('the preference'), casedName('the name')],
  [TYPE.EUI48]: [hyphenated('the address', 6)],
  [TYPE.EUI64]: [hyphenated('the address', 8)],
  [TYPE.URI]: [u16('the priority'), u16('the weight'), longText('the target', 'needed')],
  [TYPE.CAA]: [u8('the flags'), tag('the tag'), longText('the value', 'optional')],
  [TYPE.AVC]: texts,
  [TYPE.AMTRELAY]: [u8('the precedence'), gateway('amtrelay')],
  [TYPE.TA]: digest,
  [TYPE.DLV]: digest,
};

/** Types with names that canonical form puts in lower case. */
const WITH_NAMES = new Set<number>();
for (const [code, fields] of Object.entries(FIELDS)) {
  if (fields?.some((field) => field.lowerCase === true) === true) WITH_NAMES.add(Number(code));
}

const writer = new OctetWriter();

/**
 * Reads the words that are left in `text` as rdata of `type`, in the type's own form or as RFC 3597 `\# length hex`.
 * Throws TextError (through `text.refuse`) or RdataError.
 */
export function parseRdata(type: number, text: RdataText): string {
  const first = text.peek();
  const fields = FIELDS[type];
  if (first !== undefined && isGeneric(text, first)) return parseGeneric(type, text);
  if (fields === undefined)
    text.refuse('this type has no text format here: write its rdata as \\# LENGTH HEX (RFC 3597)');
  writer.length = 0;
  for (const field of fields) field.parse(text, writer);
  if (text.more()) {
    text.next('');
    text.refuse('the record should end before this word');
  }
  return writer.toString();
}

function isGeneric(text: RdataText, word: number): boolean {
  const at = text.startOf(word);
  return text.endOf(word) === at + 2 && text.bytes[at] === 92 && text.bytes[at + 1] === 35 && !text.isQuoted(word);
}

function parseGeneric(type: number, text: RdataText): string {
  text.next('\\#');
  const length = text.word('the length of the rdata');
  if (!/^\d{1,5}$/.test(length) || Number(length) > 65535) text.refuse('expected the length of the rdata, 0 to 65535');
  const octets = text.more() ? fromHex(restOfText(text, 'the rdata')) : '';
  if (octets === undefined) return text.refuse('the rdata behind \\# is hexadecimal, two digits an octet');
  if (octets.length !== Number(length))
    text.refuse(`the rdata has ${octets.length} octets, and ${length} were announced`);
  checkRdata(type, octets);
  return octets;
}

/** Is word `index` (from 0) of such rdata text, that may be in quotes? `rest`: so are all behind it. */
export function textAt(type: number, index: number): Field['text'] {
  const fields = FIELDS[type] ?? [];
  // In every type with text the fields before it are one word each.
  return fields[index]?.text ?? (fields.at(-1)?.text === 'rest' && index >= fields.length ? 'rest' : undefined);
}

/**
 * Throws RdataError where `rdata` is not the wire form of that type's fields; a type without fields may hold anything.
 */
export function checkRdata(type: number, rdata: string): void {
  const fields = FIELDS[type];
  if (fields === undefined) return;
  const reader = new OctetReader(rdata);
  for (const field of fields) field.print(reader);
  if (reader.remaining > 0) throw new RdataError(`${reader.remaining} octets are left over behind the rdata`);
}

/** The rdata in presentation form, as BIND spells it. Throws RdataError as `checkRdata` does. */
export function formatRdata(type: number, rdata: string): string {
  const fields = FIELDS[type];
  if (fields === undefined) return `\\# ${rdata.length} ${chunked(toHex(rdata))}`.trimEnd();
  const reader = new OctetReader(rdata);
  let text = '';
  for (const field of fields) {
    const piece = field.print(reader);
    text += text === '' || piece === '' ? piece : ' ' + piece;
  }
  if (reader.remaining > 0) throw new RdataError(`${reader.remaining} octets are left over behind the rdata`);
  return text;
}

/** The rdata with the names inside in lower case where RFC 4034 §6.2 wants it. */
export function canonicalRdata(type: number, rdata: string): string {
  if (!WITH_NAMES.has(type) || !/[A-Z]/.test(rdata)) return rdata;
  const reader = new OctetReader(rdata);
  let canonical = '';
  for (const field of FIELDS[type] ?? []) {
    const start = reader.at;
    if (field.lowerCase === true) canonical += lowerName(reader.name());
    else {
      field.print(reader);
      canonical += rdata.slice(start, reader.at);
    }
  }
  return canonical;
}
