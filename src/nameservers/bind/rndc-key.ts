import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { keyOfClause, SharedKeyError, type SharedKey } from '../../dns/messages/shared-key.js';
import { ClusterError, sentenceOf } from '../../errors.js';

/** The shared key of a control channel. */
export type RndcKey = SharedKey;

export function newRndcKey(): RndcKey {
  return { name: 'dns-cluster', algorithm: 'sha256', secret: randomBytes(32) };
}

/** The `key` clause of named.conf and rndc.conf. */
export function keyClause(key: RndcKey): string {
  return `key "${key.name}" {\n\talgorithm hmac-${key.algorithm};\n\tsecret "${key.secret.toString('base64')}";\n};\n`;
}

/** The first `key` clause of a file such as /etc/bind/rndc.key. Rejects with rndc_key_unusable. */
export async function readRndcKey(file: string): Promise<RndcKey> {
  const refuse = (error: unknown): ClusterError =>
    new ClusterError('rndc_key_unusable', { file, why: sentenceOf(error) });
  const text = await readFile(file, 'latin1').catch((error: unknown) => {
    throw refuse(error);
  });
  try {
    return keyOfClause(text);
  } catch (error) {
    throw error instanceof SharedKeyError ? refuse(error) : error;
  }
}
