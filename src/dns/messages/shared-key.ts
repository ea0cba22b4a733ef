/**
 * Hashes of the HMAC algorithms that servers share keys for (RFC 8945 §6); MD5 is not among them, because it is not to
 * be used any more.
 */
export const HMAC_HASHES = ['sha1', 'sha224', 'sha256', 'sha384', 'sha512'] as const;

/** A secret that two servers share: of a control channel, or of TSIG. */
export interface SharedKey {
  name: string;
  /** The hash of its HMAC. */
  algorithm: (typeof HMAC_HASHES)[number];
  secret: Buffer;
}

/** What is wrong with a text that should hold a key. */
export class SharedKeyError extends Error {}

const CLAUSE = /\bkey\s+"?([^"\s{]+)"?\s*\{([^}]*)\}/;
const ALGORITHM = /\balgorithm\s+"?([\w-]+)"?\s*;/i;
// A secret in base64 may hold what looks like a comment.
const STRING_OR_COMMENT = /("[^"\n]*")|(?:\/\/|#).*$|\/\*[^]*?\*\//gm;
const SECRET = /\bsecret\s+"([A-Za-z0-9+/=]+)"\s*;/;
const ONE_LINE = /^[#\s]*(hmac-[\w-]+):([^\s:]+):([A-Za-z0-9+/=]+)\s*$/im;

/** The first `key` clause of named.conf's syntax in a text. Throws SharedKeyError. */
export function keyOfClause(text: string): SharedKey {
  const [, name = '', body = ''] = CLAUSE.exec(text.replace(STRING_OR_COMMENT, '$1')) ?? [];
  if (name === '') throw new SharedKeyError('it holds no key clause');
  return sharedKey(name, ALGORITHM.exec(body)?.[1], SECRET.exec(body)?.[1]);
}

/**
 * The key of a file as `tsig-keygen` (a `key` clause) or `keymgr -t` writes it, or of a line `hmac-sha256:NAME:SECRET`,
 * as `dig -y` takes it. Throws SharedKeyError.
 */
export function keyOfFile(text: string): SharedKey {
  const [, algorithm, name, secret] = ONE_LINE.exec(text) ?? [];
  return name === undefined ? keyOfClause(text) : sharedKey(name, algorithm, secret);
}

function sharedKey(name: string, algorithm: string | undefined, secret: string | undefined): SharedKey {
  const hash = HMAC_HASHES.find((known) => `hmac-${known}` === algorithm?.toLowerCase());
  if (hash === undefined) throw new SharedKeyError(`its algorithm is none of hmac-${HMAC_HASHES.join(', hmac-')}`);
  if (secret === undefined) throw new SharedKeyError('it holds no secret');
  return { name, algorithm: hash, secret: Buffer.from(secret, 'base64') };
}
