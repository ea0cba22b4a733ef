import { demand } from '../octets.js';
import { typeCode, typeName } from '../types.js';
import type { Field } from './field.js';

/** A record type; `unknown` is how BIND prints one without a mnemonic (the older SIG: as a bare number). */
export function typeField(what: string, unknown: 'TYPE123' | 'number'): Field {
  return {
    parse(text, out) {
      const word = text.word(what);
      const code = typeCode(/^\d{1,5}$/.test(word) ? `TYPE${word}` : word);
      if (code === undefined) return text.refuse(`expected ${what}, a record type`);
      out.u16(code);
    },
    print(rdata) {
      const name = typeName(rdata.u16());
      return unknown === 'number' ? name.replace(/^TYPE/, '') : name;
    },
  };
}

/** The types that exist at a name, as windows of bits (RFC 4034 §4.1.2); NSEC's is never empty. */
export function typeBitmap(mayBeEmpty: boolean): Field {
  return {
    parse(text, out) {
      const windows = new Map<number, number[]>();
      if (!mayBeEmpty && !text.more()) text.next('a record type');
      while (text.more()) {
        const code = typeCode(text.word('a record type'));
        if (code === undefined) return text.refuse('expected a record type');
        const bits = windows.get(code >> 8) ?? [];
        windows.set(code >> 8, bits);
        bits.push(code & 255);
      }
      for (const [window, bits] of [...windows].sort(([a], [b]) => a - b)) {
        const length = (Math.max(...bits) >> 3) + 1;
        const octets = new Uint8Array(length);
        for (const bit of bits) octets[bit >> 3] = (octets[bit >> 3] ?? 0) | (128 >> (bit & 7));
        out.u8(window);
        out.u8(length);
        out.copy(octets, 0, length);
      }
    },
    print(rdata) {
      const names: string[] = [];
      demand(mayBeEmpty || rdata.remaining > 0, 'the type bitmap must not be empty');
      for (let last = -1; rdata.remaining > 0;) {
        const window = rdata.u8();
        const length = rdata.u8();
        demand(window > last, 'the windows of a type bitmap must ascend');
        demand(length >= 1 && length <= 32, 'a window of a type bitmap has 1 to 32 octets');
        last = window;
        const octets = rdata.take(length);
        demand(octets.charCodeAt(length - 1) !== 0, 'a window of a type bitmap must not end in a zero octet');
        for (let i = 0; i < length * 8; i++) {
          if ((octets.charCodeAt(i >> 3) & (128 >> (i & 7))) !== 0) names.push(typeName(window * 256 + i));
        }
      }
      return names.join(' ');
    },
  };
}
