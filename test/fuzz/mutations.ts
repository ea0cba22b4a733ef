import fc from 'fast-check';

/** One thing that is done to octets; where is a number of which the length makes a place. */
type Mutation =
  | { kind: 'set' | 'insert' | 'remove' | 'repeat'; at: number; length: number; octet: number }
  | { kind: 'token'; at: number; token: string }
  | { kind: 'splice'; at: number; from: Buffer; start: number; length: number };

/** Inputs that came of good ones by a few changes: most of what is wrong with them is deep inside. */
export function mutated(good: readonly Buffer[], tokens: readonly string[]): fc.Arbitrary<Buffer> {
  const at = fc.nat(1_000_000);
  const mutation: fc.Arbitrary<Mutation> = fc.oneof(
    fc.record({
      kind: fc.constantFrom('set', 'insert', 'remove', 'repeat'),
      at,
      length: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 4_000 })),
      octet: fc.nat(255),
    }),
    fc.record({ kind: fc.constant('token' as const), at, token: fc.constantFrom(...tokens) }),
    fc.record({ kind: fc.constant('splice' as const), at, from: fc.constantFrom(...good), start: at, length: at }),
  );
  return fc
    .tuple(fc.constantFrom(...good), fc.array(mutation, { minLength: 1, maxLength: 8 }))
    .map(([octets, mutations]) => mutations.reduce(mutate, octets));
}

function mutate(octets: Buffer, mutation: Mutation): Buffer {
  const at = mutation.at % (octets.length + 1);
  const [head, tail] = [octets.subarray(0, at), octets.subarray(at)];
  switch (mutation.kind) {
    case 'set':
      return Buffer.concat([head, Buffer.of(mutation.octet), tail.subarray(1)]);
    case 'insert':
      return Buffer.concat([head, Buffer.alloc(mutation.length, mutation.octet), tail]);
    case 'remove':
      return Buffer.concat([head, tail.subarray(mutation.length)]);
    case 'repeat':
      return Buffer.concat([head, tail.subarray(0, mutation.length), tail]);
    case 'token':
      return Buffer.concat([head, Buffer.from(mutation.token, 'latin1'), tail]);
    case 'splice': {
      const { from } = mutation;
      const start = mutation.start % (from.length + 1);
      return Buffer.concat([head, from.subarray(start, start + (mutation.length % (from.length - start + 1))), tail]);
    }
  }
}
