import { createHash, createPublicKey, type KeyObject } from 'node:crypto';

/** Names a key pair by its public key: SHA-256 of its SubjectPublicKeyInfo in base64, as in RFC 7469. */
export function keyPinOf(key: KeyObject): string {
  const open = key.type === 'private' ? createPublicKey(key) : key;
  return createHash('sha256')
    .update(open.export({ type: 'spki', format: 'der' }))
    .digest('base64');
}
