import { randomBytes } from 'node:crypto';
import { Option, type Command } from 'commander';
import { WrongUse } from './terminal/failure.js';
import { readGiven, secretIn } from './service/given-file.js';
import { askSecret, isPerson } from './terminal/terminal.js';

export interface PasswordOptions {
  passwordFile?: string;
  generate?: true;
}

/** 120 bits, in letters that nobody mistakes for each other when they are read aloud or typed from paper. */
const LETTERS = 'abcdefghjkmnpqrstuvwxyz23456789';
const LENGTH = 24;
const GROUP = 6;

/** Adds the options for a new password: never on the command line itself, where everybody could read it. */
export function passwordOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--password-file <file>', 'a file with the password; - is standard input').conflicts('generate'),
    )
    .option('--generate', 'generate a password and print it once');
}

/** The new password of this user; `made`: nobody knows it yet, so print it. Throws WrongUse if there is none. */
export async function newPassword(
  user: string,
  { passwordFile: file, generate }: PasswordOptions,
): Promise<{ password: string; made: boolean }> {
  if (generate === true) return { password: generated(), made: true };
  if (file !== undefined)
    return { password: secretIn(await readGiven(file), file === '-' ? 'Standard input' : file), made: false };
  if (!isPerson()) throw new WrongUse('Name a source for the password: --password-file FILE, or --generate.');
  const password = await askSecret(`New password of ${user}: `);
  if ((await askSecret('Repeat it: ')) === password) return { password, made: false };
  throw new WrongUse('The two passwords differ. Nothing was done.');
}

function generated(): string {
  let text = '';
  while (text.length < LENGTH) {
    // Octets beyond the last whole set of letters would make some letters likelier than others.
    for (const octet of randomBytes(LENGTH)) {
      if (octet < 256 - (256 % LETTERS.length) && text.length < LENGTH) text += LETTERS[octet % LETTERS.length] ?? '';
    }
  }
  return text.match(new RegExp(`.{${GROUP}}`, 'g'))?.join('-') ?? text;
}
