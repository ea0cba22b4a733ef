import { randomBytes, timingSafeEqual } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { ipv4Octets, ipv6Octets } from '../fields/addresses.js';
import { DnsFormatError } from './message-octets.js';
import { sipHash } from './siphash.js';

/** DNS cookies (RFC 7873): an asker who shows one that a server made for its address is no forger of it. */

const COOKIE = 10;
const OPTION_HEAD = 4;
const CLIENT_COOKIE = 8;
const SERVER_COOKIE = 16;
const VERSION = 1;
/** Seconds for which a server cookie is good, and by which the clocks of servers may differ (RFC 9018 §4.3). */
const OLDEST = 3_600;
const NEWEST = 300;

/** What a question brings: its client cookie, and is it with a server cookie of ours? */
export interface ShownCookie {
  client: Buffer;
  isProven: boolean;
}

/** Makes and checks server cookies as RFC 9018 has them, so that servers with the same secret take each other's. */
export class CookieJar {
  readonly #secrets: readonly Buffer[];
  readonly #now: () => number;

  /** `secrets`: 16 octets each; the first makes, all are taken; random where none is. `now`: seconds since 1970. */
  constructor(secrets: readonly Buffer[] = [], now = (): number => Math.floor(Date.now() / 1000)) {
    this.#secrets = secrets.length === 0 ? [randomBytes(16)] : secrets;
    this.#now = now;
  }

  /** The cookie among a question's EDNS options. Throws DnsFormatError where its length is wrong (RFC 7873 §5.2.2). */
  shown(options: string, address: string): ShownCookie | undefined {
    const data = cookieIn(options);
    if (data === undefined) return undefined;
    if (data.length !== CLIENT_COOKIE && (data.length < 16 || data.length > 40))
      throw new DnsFormatError('a cookie has a wrong length');
    const [client, server] = [data.subarray(0, CLIENT_COOKIE), data.subarray(CLIENT_COOKIE)];
    return { client, isProven: this.#isOurs(client, server, address) };
  }

  /** The option with both cookies, for an answer. */
  option(client: Buffer, address: string): string {
    const head = Buffer.from([0, COOKIE, 0, CLIENT_COOKIE + SERVER_COOKIE]);
    const fixed = Buffer.from([VERSION, 0, 0, 0, 0, 0, 0, 0]);
    fixed.writeUInt32BE(this.#now() >>> 0, 4);
    const made = this.#secrets.slice(0, 1).map((secret) => serverCookie(secret, client, fixed, address));
    return Buffer.concat([head, client, ...made]).toString('latin1');
  }

  #isOurs(client: Buffer, server: Buffer, address: string): boolean {
    if (server.length !== SERVER_COOKIE || server[0] !== VERSION) return false;
    const age = (this.#now() - server.readUInt32BE(4)) | 0; // serial arithmetic: the time wraps
    const fixed = server.subarray(0, 8); // with reserved bits as they came (RFC 9018 §4.2)
    if (age > OLDEST || age < -NEWEST) return false;
    return this.#secrets.some((secret) => timingSafeEqual(serverCookie(secret, client, fixed, address), server));
  }
}

/** RFC 9018 §4: version, reserved bits and time, and the hash of all that and of both ends. */
function serverCookie(secret: Buffer, client: Buffer, fixed: Buffer, address: string): Buffer {
  const plain = address.replace(/%.*/, '');
  const octets = (isIPv6(plain) ? ipv6Octets(plain) : ipv4Octets(plain)) ?? '';
  return Buffer.concat([fixed, sipHash(secret, Buffer.concat([client, fixed, Buffer.from(octets, 'latin1')]))]);
}

/** The first cookie: others are passed over (RFC 7873 §5.2). The options are known to be whole. */
function cookieIn(options: string): Buffer | undefined {
  for (let at = 0; at < options.length;) {
    const code = options.charCodeAt(at) * 256 + options.charCodeAt(at + 1);
    const end = at + OPTION_HEAD + options.charCodeAt(at + 2) * 256 + options.charCodeAt(at + 3);
    if (code === COOKIE) return Buffer.from(options.slice(at + OPTION_HEAD, end), 'latin1');
    at = end;
  }
  return undefined;
}
