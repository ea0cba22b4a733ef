import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { keyPinOf } from '../state/key-pin.js';

/** Where a server tells everybody which keys followed which: a statement proves itself. */
export const STATEMENTS_PATH = '/dns-cluster-keys';
/** The oldest are dropped beyond so many. */
export const MOST_STATEMENTS = 50;

/**
 * Stands before what is signed. Longer than what a client chooses of the text that the same key signs in a handshake
 * (TLS 1.2: 32 octets; TLS 1.3: none), so that no handshake yields a statement.
 */
const PREAMBLE = 'dns-cluster key statement, version 1: the TLS key of this server is followed by another one.';
/** Characters: the key of the largest RSA pair in use has fewer. */
const LONGEST = 4_096;

const keyStatement = z.object({
  /** The old public key: SubjectPublicKeyInfo (DER) in base64. */
  key: z.base64().max(LONGEST),
  /** Pin of the key that follows it (key-pin.ts). */
  next: z.base64().max(100),
  /** ISO time. */
  at: z.string().max(40),
  /** Of the old key, in base64. */
  signature: z.base64().max(LONGEST),
});
/** What a key says of the key that follows it at the same server. */
export type KeyStatement = z.infer<typeof keyStatement>;

export const keyStatements = z.array(keyStatement).max(MOST_STATEMENTS);

/** Has a key, in PEM, say that the key with the pin `next` follows it. */
export function stateSuccessor(oldKey: string, next: string): KeyStatement {
  const key = createPrivateKey(oldKey);
  const at = new Date().toISOString();
  const signature = sign(digestOf(key), textOf(next, at), key).toString('base64');
  const open = createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64');
  return { key: open, next, at, signature };
}

/**
 * The pins that lead from one key to another, the last included, where each key signed the next one; else undefined.
 * Statements are read in the order in which they were made.
 */
export function successorsOf(pin: string, shown: string, statements: readonly KeyStatement[]): string[] | undefined {
  const passed: string[] = [];
  let current = pin;
  for (const statement of statements.slice(0, MOST_STATEMENTS)) {
    if (!isSaidBy(current, statement)) continue;
    current = statement.next;
    passed.push(current);
    if (current === shown) return passed;
  }
  return undefined;
}

function isSaidBy(pin: string, { key: given, next, at, signature }: KeyStatement): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(given, 'base64'), type: 'spki', format: 'der' });
    return keyPinOf(key) === pin && verify(digestOf(key), textOf(next, at), key, Buffer.from(signature, 'base64'));
  } catch {
    return false;
  }
}

function textOf(next: string, at: string): Buffer {
  return Buffer.from(`${PREAMBLE}\n${next}\n${at}\n`);
}

/** Keys of Edwards curves hash by themselves. */
function digestOf({ asymmetricKeyType: type }: KeyObject): 'sha256' | null {
  return type === 'ed25519' || type === 'ed448' ? null : 'sha256';
}
