import { createInterface } from 'node:readline/promises';

/** Is there a person who can be asked? Questions go to standard error, so that the output stays what it is. */
export function isPerson(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/** Asks a question that is answered by yes or no; everything but `y` and `yes` is no. Only where there is a person. */
export async function askYesOrNo(question: string): Promise<boolean> {
  return /^y(es)?$/i.test((await askLine(`${question} [y/N] `)).trim());
}

/** A line that a person types. */
async function askLine(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
}
