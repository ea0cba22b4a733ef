import { createInterface } from 'node:readline/promises';
import { visible } from '../../operations/visible.js';
import { WrongUse } from './failure.js';

/** Is there a person who can be asked? Questions go to standard error, so that the output stays what it is. */
export function isPerson(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/** Asks a question that is answered by yes or no; everything but `y` and `yes` is no. Only where there is a person. */
export async function askYesOrNo(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question(`${visible(question)} [y/N] `)).trim());
  } finally {
    lines.close();
  }
}

/**
 * Asks a person before what can't be undone, unless `yes` was given on the command line. Throws WrongUse if there is no
 * terminal, or the answer is no.
 */
export async function confirm(what: string, yes: true | undefined): Promise<void> {
  if (yes === true) return;
  if (!isPerson())
    throw new WrongUse(`${what} Nothing was done, because there is no terminal to ask on. Use --yes to confirm.`);
  if (!(await askYesOrNo(`${what} Continue?`))) throw new WrongUse('Nothing was done.');
}

/** A secret that a person types: it is not shown. Only where there is a person. */
export function askSecret(question: string): Promise<string> {
  const { stdin, stderr } = process;
  // Before it is asked for: the terminal shows what somebody types quickly.
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  stdin.resume();
  stderr.write(question);
  return new Promise((resolve, reject) => {
    let typed = '';
    const end = (): void => {
      stdin.off('data', take);
      stdin.setRawMode(false);
      stdin.pause();
      stderr.write('\n');
    };
    const take = (keys: string): void => {
      for (const key of keys) {
        if (key === '\r' || key === '\n') {
          end();
          resolve(typed);
          return;
        }
        if (key === INTERRUPT || key === END) {
          end();
          reject(new WrongUse('Nothing was done.'));
          return;
        }
        typed = key === BACKSPACE || key === '\b' ? Array.from(typed).slice(0, -1).join('') : typed + key;
      }
    };
    stdin.on('data', take);
  });
}

const INTERRUPT = '\x03';
const END = '\x04';
const BACKSPACE = '\x7f';
