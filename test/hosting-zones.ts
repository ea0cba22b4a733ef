import { createHash } from 'node:crypto';

/** A zone as a hosting company's panel writes it. */
export interface HostingZone {
  name: string;
  text: string;
}

/** A repeatable stream of octets: the same seed gives the same zones on every machine. */
function octets(seed: string, length: number): Buffer {
  const parts: Buffer[] = [];
  for (let i = 0; i * 32 < length; i++) parts.push(createHash('sha256').update(`${seed}/${i}`).digest());
  return Buffer.concat(parts).subarray(0, length);
}

/** Strings of at most 255 octets, as a long TXT value must be cut (RFC 1035 §3.3.14). */
function cut(text: string): string {
  const strings: string[] = [];
  for (let at = 0; at < text.length; at += 255) strings.push(`"${text.slice(at, at + 255)}"`);
  return strings.join(' ');
}

/**
 * Zone number `i`: 14 records (SOA, two NS, A, AAAA, CNAMEs, MX, SPF, a 2048-bit DKIM key in several strings, DMARC,
 * CAA, SRV). `serial` lets a caller make a later version of the same zone.
 */
export function hostingZone(i: number, seed = 'hosting', serial = 2026010101): HostingZone {
  const name = `customer-${i}.example`;
  const random = octets(`${seed}/${i}`, 16);
  const address = `198.51.${random[0] ?? 0}.${random[1] ?? 0}`;
  // The public key of a 2048-bit RSA key is 294 octets of DER.
  const dkim = octets(`${seed}/${i}/dkim`, 294).toString('base64');
  const text = `; cPanel first:11.82.0.1 (update_time):17${String(i).padStart(8, '0')} hostname:web.example latest:11.82.0.1
$TTL 14400
@\t86400\tIN\tSOA\tns1.hosting.example. hostmaster.hosting.example. (
\t\t\t${serial}\t; serial
\t\t\t3600\t; refresh
\t\t\t1800\t; retry
\t\t\t1209600\t; expire
\t\t\t86400 )\t; minimum
\t86400\tIN\tNS\tns1.hosting.example.
\t86400\tIN\tNS\tns2.hosting.example.
\tIN\tA\t${address}
\tIN\tAAAA\t2001:db8:${random.toString('hex', 2, 4)}:${random.toString('hex', 4, 6)}::${(i % 65535).toString(16)}
www\tIN\tCNAME\t${name}.
ftp\tIN\tCNAME\t${name}.
mail\tIN\tA\t${address}
@\tIN\tMX\t0 mail
@\tIN\tTXT\t"v=spf1 +a +mx +ip4:${address} ~all"
default._domainkey\tIN\tTXT\t( ${cut(`v=DKIM1; k=rsa; p=${dkim}`)} )
_dmarc\tIN\tTXT\t"v=DMARC1; p=none; rua=mailto:postmaster@${name}"
@\tIN\tCAA\t0 issue "letsencrypt.org"
_autodiscover._tcp\tIN\tSRV\t0 0 443 mail
`;
  return { name, text };
}

/** Zones 0 to `count` − 1. */
export function hostingZones(count: number, seed?: string): HostingZone[] {
  return Array.from({ length: count }, (_, i) => hostingZone(i, seed));
}
