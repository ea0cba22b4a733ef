/**
 * Zones that hold what nameservers get wrong, for asking two nameservers the same and comparing. Key: the zone's name.
 */
export const TRICKY_ZONES: Readonly<Record<string, string>> = {
  'tricky.example': `$TTL 3600
@ IN SOA ns1 hostmaster 2024010101 7200 900 1209600 300
@ NS ns1
@ NS ns.target.example.
@ NS ns.nowhere.invalid.
@ MX 10 mail
@ MX 20 mail.target.example.
@ MX 30 mail.nowhere.invalid.
@ MX 40 alias
@ MX 50 covered.by.wild
@ A 192.0.2.1
@ AAAA 2001:db8::1
@ TXT "v=spf1 mx -all"
@ CAA 0 issue "ca.example.net"
ns1 A 192.0.2.53
ns1 AAAA 2001:db8::53
mail A 192.0.2.25
mail AAAA 2001:db8::25
_25._tcp.mail TLSA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
MiXeD.CaSe A 192.0.2.77
; Empty non-terminals: a.b.ent exists, so b.ent and ent do
a.b.ent TXT "deep"
; Wildcards (RFC 4592)
*.wild A 192.0.2.100
*.wild TXT "wild"
*.wild MX 10 mail
exists.wild AAAA 2001:db8::100
host.sub.wild A 192.0.2.101
*.cwild CNAME mail
*.cwild2 CNAME host.wild
*.cwild3 CNAME nothing.here
*.loopwild CNAME x.loopwild
x.*.starent A 192.0.2.102
*.mxwild MX 5 mail
*.below.dele TXT "hidden below a cut"
; Aliases
alias CNAME mail
chain1 CNAME chain2
chain2 CNAME chain3
chain3 CNAME mail
loop1 CNAME loop2
loop2 CNAME loop1
self CNAME self
out CNAME www.nowhere.invalid.
across CNAME www.target.example.
acrossback CNAME back.target.example.
acrossnx CNAME nx.target.example.
acrossnodata CNAME txtonly.target.example.
dangling CNAME nothing.here
toent CNAME b.ent
towild CNAME any.wild
todele CNAME host.dele
todelecut CNAME dele
todname CNAME host.dn
toself CNAME @
MixedAlias CNAME MAIL
; A chain longer than servers follow
l1 CNAME l2
l2 CNAME l3
l3 CNAME l4
l4 CNAME l5
l5 CNAME l6
l6 CNAME l7
l7 CNAME l8
l8 CNAME l9
l9 CNAME l10
l10 CNAME l11
l11 CNAME l12
l12 CNAME l13
l13 CNAME l14
l14 CNAME l15
l15 CNAME l16
l16 CNAME l17
l17 CNAME l18
l18 CNAME l19
l19 CNAME l20
l20 A 192.0.2.20
; Delegations: glue inside, without glue, sibling glue, other zones held here, several
dele NS ns.dele
dele NS ns2.dele
ns.dele A 192.0.2.60
ns.dele AAAA 2001:db8::60
ns2.dele A 192.0.2.61
host.dele A 192.0.2.62
noglue NS ns.nowhere.invalid.
noglue2 NS ns.noglue2
sibling NS ns.dele
sibling NS ns1
heldns NS ns.target.example.
heldns NS ns.nowhere.invalid.
wildns NS any.wild
aliasns NS alias
deep.er.dele2 NS ns.deep.er.dele2
ns.deep.er.dele2 A 192.0.2.63
dsdele NS ns1
dsdele DS 12345 8 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
child NS ns1.child
child DS 54321 8 2 fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210
ns1.child A 192.0.2.64
; DNAME (RFC 6672)
dn DNAME target.example.
*.wdname DNAME target.example.
dn A 192.0.2.70
dn TXT "beside a DNAME"
dnin DNAME wild
dnloop DNAME dnloop
dnout DNAME nowhere.invalid.
dnlong DNAME aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc
; Types with more than an address behind them
_sip._udp SRV 1 2 5060 sip
_sip._udp SRV 2 2 5060 sip.target.example.
_none._udp SRV 0 0 0 .
_alias._udp SRV 0 0 80 alias
sip A 192.0.2.80
_5060._tcp.sip TLSA 3 1 1 1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
nullmx MX 0 .
afs AFSDB 1 mail
route RT 10 mail
kx KX 10 mail
enum NAPTR 100 10 "S" "SIP+D2U" "" _sip._udp
enum2 NAPTR 100 10 "A" "X" "" mail
enum3 NAPTR 100 10 "U" "E2U+sip" "!^.*$!sip:a@b!" .
svc HTTPS 1 . alpn=h2
svc A 192.0.2.90
svc2 HTTPS 1 mail alpn=h2
svc3 HTTPS 0 svc2
svc4 SVCB 1 mail.target.example. port=8443
rp RP mail.tricky.example. text.tricky.example.
text TXT "text"
hinfo HINFO "a" "b"
unknown TYPE65280 \\# 4 01020304
empty-rdata TYPE65281 \\# 0
ptr PTR mail
esc\\.aped A 192.0.2.91
byte\\200\\000 A 192.0.2.92
onlyttl 60 A 192.0.2.93
0ttl 0 A 192.0.2.94
`,
  // Held here as well as delegated from tricky.example.
  'child.tricky.example': `$TTL 600
@ SOA ns1 hostmaster 7 7200 900 1209600 7200
@ NS ns1
ns1 A 192.0.2.64
ns1 AAAA 2001:db8::64
www A 192.0.2.65
up CNAME mail.tricky.example.
@ MX 10 mail.tricky.example.
`,
  'target.example': `$TTL 1800
@ SOA ns hostmaster 1 7200 900 1209600 3600
@ NS ns
@ NS ns2.dele.tricky.example.
@ MX 10 MAIL
ns A 198.51.100.53
www A 198.51.100.80
www AAAA 2001:db8:1::80
mail A 198.51.100.25
sip A 198.51.100.81
back CNAME mail.tricky.example.
txtonly TXT "only text"
host A 198.51.100.82
_25._tcp.mail TLSA 3 1 1 2123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
*.any A 198.51.100.83
`,
  'dname.example': `$TTL 300
@ SOA ns.target.example. hostmaster.target.example. 1 2 3 4 5
@ NS ns.target.example.
@ DNAME target.example.
@ A 192.0.2.200
`,
  'apexwild.example': `$TTL 300
@ SOA ns.target.example. hostmaster.target.example. 1 2 3 4 86400
@ NS ns.target.example.
* A 192.0.2.201
* MX 10 mail
www TXT "no address, though the wildcard has one"
`,
  'cname-apex-neighbour.example': `$TTL 300
@ SOA ns.target.example. hostmaster.target.example. 1 2 3 4 86400
@ NS ns.target.example.
www CNAME @
* CNAME www
`,
  'big.example': `$TTL 300
@ SOA ns hostmaster 1 2 3 4 5
@ NS ns
ns A 192.0.2.1
$GENERATE 1-40 txt TXT ${'x'.repeat(100)}-$
$GENERATE 1-10 medium TXT ${'y'.repeat(100)}-$
$GENERATE 1-3 small TXT ${'z'.repeat(100)}-$
$GENERATE 1-60 many A 192.0.2.$
$GENERATE 1-30 mx MX "10 host$.mx"
$GENERATE 1-30 host$.mx A 192.0.2.$
$GENERATE 1-30 host$.mx AAAA 2001:db8::$
$GENERATE 1-13 delegated NS ns$.delegated
$GENERATE 1-13 ns$.delegated A 192.0.2.$
$GENERATE 1-13 ns$.delegated AAAA 2001:db8::$
long TXT "${'a'.repeat(255)}" "${'b'.repeat(255)}" "${'c'.repeat(255)}"
`,
  '2.0.192.in-addr.arpa': `$TTL 300
@ SOA ns.target.example. hostmaster.target.example. 1 2 3 4 5
@ NS ns.target.example.
1 PTR tricky.example.
0/26 NS ns.target.example.
2 CNAME 2.0/26
$GENERATE 3-6 $ CNAME $.0/26
`,
  // As a signer leaves it, with signatures that no one could verify: the nameserver only hands them out.
  'signed.example': signed(),
};

function signed(): string {
  const rrsig = (owner: string, types: string, ttl = 300): string =>
    types
      .split(' ')
      .map(
        (type) => `${owner} RRSIG ${type} 8 2 ${ttl} 20380101000000 20200101000000 4242 signed.example. c2lnbmF0dXJl`,
      )
      .join('\n');
  return `$TTL 300
@ SOA ns hostmaster 1 2 3 4 60
@ NS ns
@ MX 10 mail
@ DNSKEY 257 3 8 AwEAAagAIKlVZrpC6Ia7gEzahOR+9W29euxhJhVVLOyQbSEW0O8gcCjF
@ NSEC deep.ent NS SOA MX RRSIG NSEC DNSKEY
${rrsig('@', 'SOA NS MX DNSKEY NSEC')}
ns A 192.0.2.1
ns NSEC secure A RRSIG NSEC
${rrsig('ns', 'A NSEC')}
mail A 192.0.2.2
mail AAAA 2001:db8::2
mail NSEC ns A AAAA RRSIG NSEC
${rrsig('mail', 'A AAAA NSEC')}
alias CNAME mail
alias NSEC deep.ent CNAME RRSIG NSEC
${rrsig('alias', 'CNAME NSEC')}
deep.ent TXT "deep"
deep.ent NSEC dn TXT RRSIG NSEC
${rrsig('deep.ent', 'TXT NSEC')}
dn DNAME target.example.
dn NSEC insecure DNAME RRSIG NSEC
${rrsig('dn', 'DNAME NSEC')}
insecure NS ns.insecure
insecure NSEC mail NS RRSIG NSEC
${rrsig('insecure', 'NSEC')}
ns.insecure A 192.0.2.3
secure NS ns.insecure
secure DS 12345 8 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
secure NSEC *.wild NS DS RRSIG NSEC
${rrsig('secure', 'DS NSEC')}
*.wild A 192.0.2.4
*.wild NSEC @ A RRSIG NSEC
${rrsig('*.wild', 'A NSEC')}
`;
}
