import { encodeName, formatName, NameError } from '../name.js';
import { demand, type OctetReader, type OctetWriter } from '../octets.js';
import type { RdataText } from '../rdata-text.js';
import { formatIPv4, formatIPv6, ipv4Octets, ipv6Octets } from './addresses.js';
import { fromBase64, fromHex, toBase64 } from './binary.js';
import { toHex } from '../octets.js';
import type { Field } from './field.js';
import { parseNumber } from './numbers.js';

function parseTarget(kind: number, text: RdataText, out: OctetWriter): void {
  const word = text.nextPlain('the gateway');
  const written = text.bytes.toString('latin1', text.startOf(word), text.endOf(word));
  if (kind === 3) {
    try {
      out.length = encodeName(text.bytes, text.startOf(word), text.endOf(word), text.origin, out.octets, out.length);
      return;
    } catch (error) {
      return text.refuse(error instanceof NameError ? error.message : String(error));
    }
  }
  const octets =
    kind === 0 ? (written === '.' ? '' : undefined) : kind === 1 ? ipv4Octets(written) : ipv6Octets(written);
  if (octets === undefined) text.refuse('the gateway does not fit its type: 0 is ".", 1 IPv4, 2 IPv6, 3 a name');
  else out.text(octets);
}

function formatTarget(kind: number, rdata: OctetReader): string {
  if (kind === 0) return '.';
  if (kind === 1) return formatIPv4(rdata.take(4));
  if (kind === 2) return formatIPv6(rdata.take(16));
  demand(kind === 3, `gateway type ${kind} is not known`);
  return formatName(rdata.name());
}

/** The gateway of IPSECKEY (RFC 4025 §2) or the relay of AMTRELAY (RFC 8777 §4), with the octet that tells its form. */
export function gateway(type: 'ipseckey' | 'amtrelay'): Field {
  if (type === 'ipseckey') {
    return {
      parse(text, out) {
        const kind = parseNumber(text, 'the gateway type', 3);
        out.u8(kind);
        out.u8(parseNumber(text, 'the algorithm', 255));
        parseTarget(kind, text, out);
      },
      print(rdata) {
        const kind = rdata.u8();
        return `${kind} ${rdata.u8()} ${formatTarget(kind, rdata)}`;
      },
    };
  }
  return {
    parse(text, out) {
      const discovery = parseNumber(text, 'the discovery bit', 1);
      const kind = parseNumber(text, 'the relay type', 3);
      out.u8(discovery * 128 + kind);
      parseTarget(kind, text, out);
    },
    print(rdata) {
      const octet = rdata.u8();
      return `${octet >> 7} ${octet & 127} ${formatTarget(octet & 127, rdata)}`;
    },
  };
}

/** The whole rdata of HIP (RFC 8005 §5): algorithm, HIT, public key, rendezvous servers. */
export function hostIdentity(): Field {
  return {
    parse(text, out) {
      const algorithm = parseNumber(text, 'the public key algorithm', 255);
      const hit = fromHex(text.word('the host identity tag'));
      if (hit === undefined || hit === '' || hit.length > 255)
        return text.refuse('the host identity tag is hexadecimal');
      const key = fromBase64(text.word('the public key'));
      if (key === undefined || key === '') return text.refuse('the public key is base64 in one word');
      out.u8(hit.length);
      out.u8(algorithm);
      out.u16(key.length);
      out.text(hit);
      out.text(key);
      while (text.more()) parseTarget(3, text, out);
    },
    print(rdata) {
      const hitLength = rdata.u8();
      const algorithm = rdata.u8();
      const keyLength = rdata.u16();
      demand(hitLength > 0 && keyLength > 0, 'the host identity tag and the key must not be empty');
      const words = [String(algorithm), toHex(rdata.take(hitLength)), toBase64(rdata.take(keyLength))];
      while (rdata.remaining > 0) words.push(formatName(rdata.name()));
      return words.join(' ');
    },
  };
}
