import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ClusterError, sentenceOf } from '../../errors.js';

const ALGORITHMS = ['sha1', 'sha224', 'sha256', 'sha384', 'sha512'] as const;

/** The shared key of a control channel. */
export interface RndcKey {
  name: string;
  /** The hash of its HMAC. */
  algorithm: (typeof ALGORITHMS)[number];
  secret: Buffer;
}

const CLAUSE = /\bkey\s+"?([^"\s{]+)"?\s*\{([^}]*)\}/;
const ALGORITHM = /\balgorithm\s+"?hmac-(\w+)"?\s*;/i;
// A secret in base64 may hold what looks like a comment.
const STRING_OR_COMMENT = /("[^"\n]*")|(?:\/\/|#).*$|\/\*[^]*?\*\//gm;
const SECRET = /\bsecret\s+"([A-Za-z0-9+/=]+)"\s*;/;

export function newRndcKey(): RndcKey {
  return { name: 'dns-cluster', algorithm: 'sha256', secret: randomBytes(32) };
}

/** The `key` clause of named.conf and rndc.conf. */
export function keyClause(key: RndcKey): string {
  return `key "${key.name}" {\n\talgorithm hmac-${key.algorithm};\n\tsecret "${key.secret.toString('base64')}";\n};\n`;
}

/** The first `key` clause of a file such as /etc/bind/rndc.key. Rejects with rndc_key_unusable. */
export async function readRndcKey(file: string): Promise<RndcKey> {
  const refuse = (why: string): ClusterError => new ClusterError('rndc_key_unusable', { file, why });
  const text = await readFile(file, 'latin1').catch((error: unknown) => {
    throw refuse(sentenceOf(error));
  });
  const [, name = '', body = ''] = CLAUSE.exec(text.replace(STRING_OR_COMMENT, '$1')) ?? [];
  const algorithm = ALGORITHMS.find((known) => known === ALGORITHM.exec(body)?.[1]?.toLowerCase());
  const secret = SECRET.exec(body)?.[1];
  if (name === '') throw refuse('it holds no key clause');
  if (algorithm === undefined) throw refuse(`its algorithm is none of hmac-${ALGORITHMS.join(', hmac-')}`);
  if (secret === undefined) throw refuse('it holds no secret');
  return { name, algorithm, secret: Buffer.from(secret, 'base64') };
}
