import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { keyStatements, MOST_STATEMENTS, stateSuccessor, successorsOf } from '../../src/access/key-statements.js';
import { keyPinOf } from '../../src/state/key-pin.js';

interface Key {
  pem: string;
  pin: string;
}

function newKey(kind: 'ec' | 'rsa' | 'ed25519' = 'ec'): Key {
  const { privateKey } =
    kind === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : kind === 'rsa'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : generateKeyPairSync('ed25519');
  return { pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), pin: keyPinOf(privateKey) };
}

describe('a key that another one signed', () => {
  test.each(['ec', 'rsa', 'ed25519'] as const)('follows it, with old keys of the kind %s', (kind) => {
    const [first, second] = [newKey(kind), newKey()];
    const statements = [stateSuccessor(first.pem, second.pin)];
    expect(successorsOf(first.pin, second.pin, statements)).toEqual([second.pin]);
    expect(keyStatements.parse(JSON.parse(JSON.stringify(statements)))).toEqual(statements);
  });

  test('follows over several renewals, for who has seen none of them', () => {
    const [first, second, third] = [newKey(), newKey('rsa'), newKey()];
    const statements = [stateSuccessor(first.pem, second.pin), stateSuccessor(second.pem, third.pin)];
    expect(successorsOf(first.pin, third.pin, statements)).toEqual([second.pin, third.pin]);
    expect(successorsOf(second.pin, third.pin, statements)).toEqual([third.pin]);
  });

  test('follows no key of before: who has the new one does not go back by what is replayed', () => {
    const [first, second, third] = [newKey(), newKey(), newKey()];
    const statements = [stateSuccessor(first.pem, second.pin), stateSuccessor(second.pem, third.pin)];
    expect(successorsOf(third.pin, first.pin, statements)).toBeUndefined();
    expect(successorsOf(third.pin, second.pin, statements)).toBeUndefined();
    // A key that was replaced and stolen then signs for nobody any more.
    const thief = newKey();
    const stolen = [...statements, stateSuccessor(first.pem, thief.pin)];
    expect(successorsOf(third.pin, thief.pin, stolen)).toBeUndefined();
  });

  test('is followed by no key that somebody else signed, nor by one that the statement does not name', () => {
    const [first, second, thief] = [newKey(), newKey(), newKey()];
    const genuine = stateSuccessor(first.pem, second.pin);
    const forged = stateSuccessor(thief.pem, thief.pin);
    for (const statement of [
      forged,
      { ...forged, key: genuine.key },
      { ...genuine, next: thief.pin },
      { ...genuine, at: new Date(0).toISOString() },
      { ...genuine, signature: forged.signature },
      { ...genuine, key: 'AAAA' },
    ])
      expect(successorsOf(first.pin, thief.pin, [statement])).toBeUndefined();
    expect(successorsOf(first.pin, thief.pin, [genuine])).toBeUndefined();
    expect(successorsOf(first.pin, second.pin, [])).toBeUndefined();
  });

  test('is looked for in a bounded list', () => {
    const keys = Array.from({ length: MOST_STATEMENTS + 2 }, () => newKey());
    const statements = keys.slice(1).map((key, i) => stateSuccessor(keys[i]?.pem ?? '', key.pin));
    const pinAt = (index: number): string => keys[index]?.pin ?? '';
    expect(successorsOf(pinAt(0), pinAt(MOST_STATEMENTS), statements)).toHaveLength(MOST_STATEMENTS);
    expect(successorsOf(pinAt(0), pinAt(MOST_STATEMENTS + 1), statements)).toBeUndefined();
    expect(keyStatements.safeParse(statements).success).toBe(false);
  });
});
