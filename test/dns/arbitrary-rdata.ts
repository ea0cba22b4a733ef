import fc from 'fast-check';

/** Text of one label: mostly plain, sometimes with what has to be escaped, or with any octet. */
const label = fc.oneof(
  { weight: 6, arbitrary: fc.stringMatching(/^[a-zA-Z0-9_]{1,8}$/) },
  { weight: 1, arbitrary: fc.stringMatching(/^[a-z]{1,3}-[A-Z]{1,3}$/) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'a\\.b',
      'c\\@',
      'x\\;y',
      'd\\$',
      'q\\"r',
      'b\\\\s',
      'p\\(\\)',
      'z\\000',
      'h\\255',
      'sp\\032',
      '*',
    ),
  },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 255 }).map((octet) => `o\\${String(octet).padStart(3, '0')}`) },
);

/** A name, relative or absolute. */
export const name = fc.oneof(
  { weight: 5, arbitrary: fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.')) },
  { weight: 3, arbitrary: fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.') + '.') },
  { weight: 1, arbitrary: fc.constantFrom('@', '.', 'Example.ORG.', 'a'.repeat(63)) },
);

const number = (max: number): fc.Arbitrary<string> =>
  fc.oneof(fc.integer({ min: 0, max }), fc.constantFrom(0, 1, max)).map(String);
const u8 = number(255);
const u16 = number(65535);
const u32 = number(4294967295);
const period = fc.oneof(number(2147483647), fc.constantFrom('1h', '2D', '1w2d3h4m5s', '30M1H'));

/** A character-string in quotes or without, with escapes and octets above 127. */
const string = fc.oneof(
  fc.stringMatching(/^[a-zA-Z0-9=:.,+/-]{1,20}$/),
  fc.string({ maxLength: 40 }).map((text) => `"${text.replace(/[\\"]/g, '\\$&').replace(/[^\x20-\x7e]/g, '?')}"`),
  fc
    .uint8Array({ maxLength: 60 })
    .map((octets) => `"${[...octets].map((o) => `\\${String(o).padStart(3, '0')}`).join('')}"`),
  fc.constantFrom('""', '"; not a comment"', '"(a)"', 'a\\"b', '"a\\"b"', 'semi\\;colon', `"${'y'.repeat(255)}"`),
);
const octets = (minLength: number, maxLength = 90): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength, maxLength }).map((array) => Buffer.from(array));
/** Cut into words here and there, as hexadecimal and base64 may be. */
const cut = (text: string, every: number): string => text.replace(new RegExp(`(.{${every}})(?=.)`, 'g'), '$1 ');
const hex = (least: number, most?: number): fc.Arbitrary<string> =>
  fc.tuple(octets(least, most), fc.constantFrom(7, 16, 1000)).map(([o, every]) => cut(o.toString('hex'), every));
const base64 = (least: number): fc.Arbitrary<string> =>
  fc.tuple(octets(least), fc.constantFrom(5, 20, 1000)).map(([o, every]) => cut(o.toString('base64'), every));
const ipv4 = fc.ipV4();
const ipv6 = fc.oneof(
  fc.ipV6(),
  fc.constantFrom(
    '::',
    '::1',
    '::ffff:192.0.2.1',
    '1:0:0:2::',
    '2001:DB8::A',
    '::1.2.3.4',
    '0:0:1::',
    '::1:0',
    '64:ff9b::192.0.2.33',
  ),
);
const typeNames = fc.constantFrom(
  'A',
  'NS',
  'SOA',
  'MX',
  'TXT',
  'AAAA',
  'RRSIG',
  'NSEC',
  'DNSKEY',
  'CAA',
  'TYPE1234',
  'TYPE65535',
  'HTTPS',
);
const bitmap = fc.uniqueArray(typeNames, { maxLength: 6 }).map((names) => names.join(' '));
const algorithm = fc.oneof(u8, fc.constantFrom('RSASHA256', 'ECDSAP256SHA256', 'ED25519', 'RSASHA1', 'NSEC3RSASHA1'));
const stamp = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2080-01-01'), noInvalidDate: true })
  .map((d) => d.toISOString().replace(/[-:T]|\.\d+Z/g, ''));
const time = fc.oneof(stamp, fc.constantFrom('0', '1700000000'));
const salt = fc.oneof(
  fc.constant('-'),
  octets(1, 12).map((o) => o.toString('hex')),
);
const group = fc.stringMatching(/^[0-9a-f]{1,4}$/);
const locator = fc.tuple(group, group, group, group).map((groups) => groups.join(':'));
const pair = fc.stringMatching(/^[0-9a-f]{2}$/);
const pairs = (count: number): fc.Arbitrary<string> =>
  fc.array(pair, { minLength: count, maxLength: count }).map((all) => all.join('-'));
const metres = fc.oneof(
  fc.constantFrom('0.00m', '1m', '10m', '0.05', '0.50m', '90000000m', '12345.67m'),
  number(90000).map((m) => `${m}m`),
);
const angle = (max: number, plus: string, minus: string): fc.Arbitrary<string> =>
  fc.oneof(
    fc
      .tuple(number(max - 1), number(59), number(59), number(999), fc.constantFrom(plus, minus))
      .map(([d, m, s, ms, side]) => `${d} ${m} ${s}.${ms.padStart(3, '0')} ${side}`),
    fc.tuple(number(max), fc.constantFrom(plus, minus)).map((parts) => parts.join(' ')),
  );
const digest = fc.tuple(u16, fc.integer({ min: 1, max: 255 }).map(String)).chain(([tag, alg]) =>
  fc.oneof(
    octets(20, 20).map((o) => `${tag} ${alg} 1 ${o.toString('hex')}`),
    octets(32, 32).map((o) => `${tag} ${alg} SHA-256 ${cut(o.toString('hex'), 20)}`),
    octets(48, 48).map((o) => `${tag} ${alg} 4 ${o.toString('hex')}`),
  ),
);
const key = fc
  .tuple(
    fc.constantFrom('256', '257', '0', '385'),
    fc.constant('3'),
    fc.constantFrom('8', '13', '15', 'RSASHA512'),
    base64(5),
  )
  .map((words) => words.join(' '));
const signature = (when: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(typeNames, algorithm, fc.constantFrom('9', '12'), u32, when, when, u16, name, base64(1))
    .map((words) => words.join(' '));
const parameter = {
  alpn: fc.constantFrom('alpn=h2', 'alpn="h2,h3"', 'alpn="f\\\\\\\\oo\\\\,bar,h2"', 'alpn=h3'),
  port: u16.map((port) => `port=${port}`),
  ipv4hint: fc.array(ipv4, { minLength: 1, maxLength: 3 }).map((all) => `ipv4hint=${all.join(',')}`),
  ech: octets(3, 30).map((o) => `ech=${o.toString('base64')}`),
  ipv6hint: fc.array(ipv6, { minLength: 1, maxLength: 3 }).map((all) => `ipv6hint=${all.join(',')}`),
  key: fc
    .tuple(fc.integer({ min: 8, max: 65535 }), fc.stringMatching(/^[a-zA-Z0-9 ;.]{0,9}$/))
    .map(([n, v]) => `key${n}="${v}"`),
};
const service = fc.oneof(
  name.map((target) => `0 ${target}`),
  fc
    .tuple(
      fc.integer({ min: 1, max: 65535 }),
      name,
      fc.shuffledSubarray(Object.keys(parameter)),
      fc.record(parameter),
      fc.boolean(),
    )
    .map(([priority, target, chosen, values, mandatory]) => {
      const words = chosen.map((one) => values[one as keyof typeof parameter]);
      const listed = chosen.filter((one) => one !== 'key').join(',');
      if (mandatory && listed !== '') words.push(`mandatory=${listed}`);
      if (chosen.includes('alpn')) words.unshift('no-default-alpn');
      return [priority, target, ...words].join(' ');
    }),
);
const prefix = fc.oneof(
  fc.tuple(fc.constantFrom('', '!'), ipv4, number(32)).map(([not, address, bits]) => `${not}1:${address}/${bits}`),
  fc.tuple(fc.constantFrom('', '!'), ipv6, number(128)).map(([not, address, bits]) => `${not}2:${address}/${bits}`),
);
const gatewayOf = (kind: number): fc.Arbitrary<string> =>
  [fc.constant('.'), ipv4, ipv6, name][kind] ?? fc.constant('.');
const gateway = fc
  .integer({ min: 0, max: 3 })
  .chain((kind) => gatewayOf(kind).map((target) => [kind, target] as const));

const words = (...parts: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.tuple(...parts).map((all) => all.join(' '));
const texts = fc.array(string, { minLength: 1, maxLength: 4 }).map((all) => all.join(' '));

/** Rdata in text for every type that has a spelling of its own. */
export const RDATA: Readonly<Record<string, fc.Arbitrary<string>>> = {
  A: ipv4,
  NS: name,
  MD: name,
  MF: name,
  CNAME: name,
  SOA: words(name, name, u32, period, period, period, period),
  MB: name,
  MG: name,
  MR: name,
  NULL: octets(1, 90).map((o) => `\\# ${o.length} ${o.toString('hex')}`),
  WKS: words(
    ipv4,
    fc.constantFrom('tcp', 'udp', '6'),
    fc.uniqueArray(number(1024), { maxLength: 5 }).map((all) => all.join(' ')),
  ),
  PTR: name,
  HINFO: words(string, string),
  MINFO: words(name, name),
  MX: words(u16, name),
  TXT: texts,
  RP: words(name, name),
  AFSDB: words(u16, name),
  X25: fc.stringMatching(/^[0-9]{4,12}$/),
  ISDN: fc.oneof(string, words(string, string)),
  RT: words(u16, name),
  NSAP: octets(1, 20).map((o) => `0x${o.toString('hex')}`),
  'NSAP-PTR': name,
  PX: words(u16, name, name),
  GPOS: words(fc.constantFrom('-32.6882', '10.0'), fc.constantFrom('116.8652', '-7'), fc.constantFrom('10.0', '-5')),
  AAAA: ipv6,
  LOC: fc
    .tuple(
      angle(90, 'N', 'S'),
      angle(180, 'E', 'W'),
      fc.oneof(number(90000), fc.constantFrom('12.34m', '-24m', '-0.50m', '-100000.00m', '42849672.95m')),
      fc.array(metres, { maxLength: 3 }),
    )
    .map(([latitude, longitude, altitude, sizes]) => [latitude, longitude, altitude, ...sizes].join(' ')),
  EID: hex(1),
  NIMLOC: hex(1),
  SRV: words(u16, u16, u16, name),
  NAPTR: words(
    u16,
    u16,
    fc.constantFrom('"S"', '""', 'u', '"A"'),
    string,
    fc.constantFrom('""', '"!^.*$!sip:info@example.org!"', '"!^\\\\+44(.*)$!sip:\\\\1@example.org!i"'),
    name,
  ),
  KX: words(u16, name),
  CERT: words(fc.oneof(fc.constantFrom('PKIX', 'PGP', '1', '253', 'OID'), u16), u16, algorithm, base64(1)),
  DNAME: name,
  APL: fc.array(prefix, { maxLength: 4 }).map((all) => all.join(' ')),
  DS: digest,
  SSHFP: fc.oneof(
    words(fc.constantFrom('1', '4'), fc.constant('1'), hex(20, 20)),
    words(fc.constantFrom('1', '4'), fc.constant('2'), hex(32, 32)),
  ),
  IPSECKEY: fc
    .tuple(u8, gateway, base64(1))
    .map(([precedence, [kind, target], text]) => `${precedence} ${kind} 2 ${target} ${text}`),
  RRSIG: signature(time),
  NSEC: words(
    name,
    bitmap.filter((names) => names !== ''),
  ),
  DNSKEY: key,
  DHCID: base64(1),
  NSEC3: words(
    fc.constant('1'),
    fc.constantFrom('0', '1'),
    number(150),
    salt,
    fc.constantFrom('2T7B4G4VSA5SMI47K61MV5BV1A22BOJR', '2t7b4g4vsa5smi47k61mv5bv1a22bojr'),
    bitmap,
  ),
  NSEC3PARAM: words(fc.constant('1'), fc.constant('0'), number(150), salt),
  TLSA: words(u8, u8, u8, hex(1)),
  SMIMEA: words(u8, u8, u8, hex(1)),
  HIP: fc
    .tuple(u8, octets(1, 20), octets(1, 40), fc.array(name, { maxLength: 3 }))
    .map(([alg, hit, secret, servers]) => [alg, hit.toString('hex'), secret.toString('base64'), ...servers].join(' ')),
  NINFO: texts,
  RKEY: words(fc.constant('0'), u8, u8, base64(1)),
  TALINK: words(name, name),
  CDS: fc.oneof(digest, fc.constant('0 0 0 00')),
  CDNSKEY: fc.oneof(key, fc.constant('0 3 0 AA==')),
  OPENPGPKEY: base64(1),
  CSYNC: words(u32, u16, bitmap),
  ZONEMD: fc.oneof(words(u32, u8, fc.constant('1'), hex(48, 48)), words(u32, u8, fc.constant('2'), hex(64, 64))),
  SVCB: service,
  HTTPS: service,
  SPF: texts,
  NID: words(u16, locator),
  L32: words(u16, ipv4),
  L64: words(u16, locator),
  LP: words(u16, name),
  EUI48: pairs(6),
  EUI64: pairs(8),
  URI: words(
    u16,
    u16,
    string.map((text) => (text.startsWith('"') ? text : `"${text}"`)),
  ),
  CAA: words(u8, fc.constantFrom('issue', 'issuewild', 'iodef', 'Tag9'), string),
  AVC: texts,
  AMTRELAY: fc
    .tuple(u8, fc.constantFrom('0', '1'), gateway)
    .map(([precedence, discovery, [kind, target]]) => `${precedence} ${discovery} ${kind} ${target}`),
  TA: digest,
  DLV: digest,
  SIG: signature(stamp),
  KEY: key,
  SINK: words(u8, u8, u8, base64(1)),
  TYPE65280: octets(0, 90).map((o) => `\\# ${o.length} ${cut(o.toString('hex'), 10)}`),
};
