import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import pLimit from 'p-limit';
import { z } from 'zod';

/** A password as kept: scrypt (RFC 7914) with its own parameters, so that they can be raised without a migration. */
export const passwordHashSchema = z.strictObject({
  n: z
    .int()
    .min(1024)
    .max(1 << 20),
  r: z.int().min(1).max(32),
  p: z.int().min(1).max(16),
  /** Both base64. */
  salt: z.string().min(16),
  hash: z.string().min(24),
});
export type PasswordHash = z.infer<typeof passwordHashSchema>;

/** 32 MiB a hash, one of the settings that OWASP's password storage cheat sheet recommends for scrypt. */
const PARAMETERS = { n: 1 << 15, r: 8, p: 3 };
const HASH_BYTES = 32;

// One at a time: scrypt runs in the pool of four threads that file writes need too, and each run holds 32 MiB.
const oneAtATime = pLimit(1);

function derive(password: string, salt: Buffer, { n, r, p }: { n: number; r: number; p: number }): Promise<Buffer> {
  return oneAtATime(
    () =>
      new Promise<Buffer>((resolve, reject) => {
        // Unicode has several spellings of one letter; a keyboard elsewhere may give another one.
        const options = { N: n, r, p, maxmem: 256 * n * r };
        scrypt(password.normalize('NFKC'), salt, HASH_BYTES, options, (error, hash) => {
          if (error === null) resolve(hash);
          else reject(error);
        });
      }),
  );
}

/** Hashes a new password with a salt of its own. */
export async function hashPassword(password: string): Promise<PasswordHash> {
  const salt = randomBytes(16);
  const hash = await derive(password, salt, PARAMETERS);
  return { ...PARAMETERS, salt: salt.toString('base64'), hash: hash.toString('base64') };
}

// Nobody's password: compared where there is no such user, so that the answer takes as long.
const NOBODY: PasswordHash = {
  ...PARAMETERS,
  salt: randomBytes(16).toString('base64'),
  hash: randomBytes(HASH_BYTES).toString('base64'),
};

/** Is it the password? Takes as long where there is no hash to compare with, and is then always false. */
export async function passwordMatches(password: string, kept: PasswordHash | undefined): Promise<boolean> {
  const against = kept ?? NOBODY;
  const expected = Buffer.from(against.hash, 'base64');
  const given = await derive(password, Buffer.from(against.salt, 'base64'), against);
  return given.length === expected.length && timingSafeEqual(given, expected) && kept !== undefined;
}
