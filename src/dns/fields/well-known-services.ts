import type { Field } from './field.js';

/**
 * Services that BIND finds in /etc/services by name; ours are those that old zones hold (RFC 1010), all else by number.
 */
const PORTS: Readonly<Record<string, number>> = {
  'ftp-data': 20,
  ftp: 21,
  ssh: 22,
  telnet: 23,
  smtp: 25,
  time: 37,
  domain: 53,
  tftp: 69,
  gopher: 70,
  finger: 79,
  http: 80,
  pop3: 110,
  ntp: 123,
  imap2: 143,
  snmp: 161,
  https: 443,
};
const PROTOCOLS: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17 };

/** WKS's protocol and bit map of ports (RFC 1035 §3.4.2). */
export function wellKnownServices(): Field {
  return {
    parse(text, out) {
      const protocol = numberOf(text.word('the protocol'), PROTOCOLS, 255);
      if (protocol === undefined) return text.refuse('expected the protocol: tcp, udp or a number up to 255');
      out.u8(protocol);
      const octets = new Uint8Array(8192);
      let length = 0;
      while (text.more()) {
        const port = numberOf(text.word('a service'), PORTS, 65535);
        if (port === undefined) return text.refuse('expected a service: a well known name or a port number');
        octets[port >> 3] = (octets[port >> 3] ?? 0) | (128 >> (port & 7));
        length = Math.max(length, (port >> 3) + 1);
      }
      out.copy(octets, 0, length);
    },
    print(rdata) {
      const words = [String(rdata.u8())];
      for (let i = 0; rdata.remaining > 0; i += 8) {
        const octet = rdata.u8();
        for (let bit = 0; bit < 8; bit++) if ((octet & (128 >> bit)) !== 0) words.push(String(i + bit));
      }
      return words.join(' ');
    },
  };
}

function numberOf(word: string, names: Readonly<Record<string, number>>, max: number): number | undefined {
  const value = /^\d{1,5}$/.test(word) ? Number(word) : names[word.toLowerCase()];
  return value !== undefined && value <= max ? value : undefined;
}
