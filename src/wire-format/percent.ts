/** Octets that travel as they are (measured at the vendor's client); every other arrives as %XX. */
const PLAIN = new Set(Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()"));
const IS_PLAIN = Uint8Array.from({ length: 256 }, (_, octet) => (PLAIN.has(octet) ? 1 : 0));
const HEX = Buffer.from('0123456789ABCDEF');
const DIGIT = Int8Array.from({ length: 256 }, (_, octet) => {
  const digit = '0123456789abcdef'.indexOf(String.fromCharCode(octet).toLowerCase());
  return digit;
});
const PERCENT = 37;
const PLUS = 43;
const SPACE = 32;

/** Octets to form encoding. */
export function percentEncode(octets: Buffer): Buffer {
  const encoded = Buffer.allocUnsafe(octets.length * 3);
  let end = 0;
  // By place: an iterator takes three times as long.
  for (let at = 0; at < octets.length; at++) {
    const octet = octets[at] ?? 0;
    if (IS_PLAIN[octet] === 1) encoded[end++] = octet;
    else {
      encoded[end++] = PERCENT;
      encoded[end++] = HEX[octet >> 4] ?? 0;
      encoded[end++] = HEX[octet & 15] ?? 0;
    }
  }
  return encoded.subarray(0, end);
}

/** Form encoding to octets: `+` is a space, and a `%` without two hex digits stands for itself, as everywhere. */
export function percentDecode(encoded: Buffer): Buffer {
  const octets = Buffer.allocUnsafe(encoded.length);
  let end = 0;
  for (let at = 0; at < encoded.length; at++) {
    const octet = encoded[at] ?? 0;
    const high = octet === PERCENT ? (DIGIT[encoded[at + 1] ?? 0] ?? -1) : -1;
    const low = high >= 0 ? (DIGIT[encoded[at + 2] ?? 0] ?? -1) : -1;
    if (low >= 0) {
      octets[end++] = high * 16 + low;
      at += 2;
    } else octets[end++] = octet === PLUS ? SPACE : octet;
  }
  return octets.subarray(0, end);
}
