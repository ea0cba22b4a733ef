/** SipHash-2-4 (Aumasson and Bernstein): a keyed hash of 64 bits, which node:crypto does not have. */

type Word = [low: number, high: number];

function add(to: Word, other: Word): void {
  const low = (to[0] >>> 0) + (other[0] >>> 0);
  to[1] = (to[1] + other[1] + (low > 0xffffffff ? 1 : 0)) | 0;
  to[0] = low | 0;
}

/** Rotates left, by less than 32 bits. */
function rotateXor(word: Word, bits: number, other: Word): void {
  const [low, high] = word;
  word[0] = ((low << bits) | (high >>> (32 - bits))) ^ other[0];
  word[1] = ((high << bits) | (low >>> (32 - bits))) ^ other[1];
}

function swapHalves(word: Word): void {
  word.reverse();
}

function rounds(count: number, v0: Word, v1: Word, v2: Word, v3: Word): void {
  for (let i = 0; i < count; i++) {
    add(v0, v1);
    rotateXor(v1, 13, v0);
    swapHalves(v0);
    add(v2, v3);
    rotateXor(v3, 16, v2);
    add(v0, v3);
    rotateXor(v3, 21, v0);
    add(v2, v1);
    rotateXor(v1, 17, v2);
    swapHalves(v2);
  }
}

/** The hash of `message` under a key of 16 octets: 8 octets, the lowest first. */
export function sipHash(key: Buffer, message: Buffer): Buffer {
  const word = (low: number, high: number): Word => [low | 0, high | 0];
  const keyWord = (at: number, low: number, high: number): Word =>
    word(key.readUInt32LE(at) ^ low, key.readUInt32LE(at + 4) ^ high);
  const v0 = keyWord(0, 0x70736575, 0x736f6d65);
  const v1 = keyWord(8, 0x6e646f6d, 0x646f7261);
  const v2 = keyWord(0, 0x6e657261, 0x6c796765);
  const v3 = keyWord(8, 0x79746573, 0x74656462);
  // Whole words, the last of them padded and with the length in its highest octet.
  const padded = Buffer.alloc((message.length & ~7) + 8);
  message.copy(padded);
  padded[padded.length - 1] = message.length & 0xff;
  for (let at = 0; at < padded.length; at += 8) {
    const [low, high] = word(padded.readUInt32LE(at), padded.readUInt32LE(at + 4));
    v3[0] ^= low;
    v3[1] ^= high;
    rounds(2, v0, v1, v2, v3);
    v0[0] ^= low;
    v0[1] ^= high;
  }
  v2[0] ^= 0xff;
  rounds(4, v0, v1, v2, v3);
  const hash = Buffer.allocUnsafe(8);
  hash.writeInt32LE(v0[0] ^ v1[0] ^ v2[0] ^ v3[0], 0);
  hash.writeInt32LE(v0[1] ^ v1[1] ^ v2[1] ^ v3[1], 4);
  return hash;
}
