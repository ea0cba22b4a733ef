import type { DestinationStream } from 'pino';
import { z } from 'zod';
import { visible } from './visible.js';

/** pino's levels, as the journal of systemd counts them (sd-daemon(3)) and as people call them. */
const LEVELS: readonly { from: number; priority: number; word: string }[] = [
  { from: 60, priority: 2, word: 'fatal: ' },
  { from: 50, priority: 3, word: 'error: ' },
  { from: 40, priority: 4, word: 'warning: ' },
  { from: 0, priority: 6, word: '' },
];
/** Of no use to somebody who reads one machine's log. */
const LEFT_OUT = new Set(['level', 'time', 'pid', 'hostname', 'name', 'msg']);

/** One line of the log. */
export const logLine = z.looseObject({ level: z.number(), msg: z.string().optional() });
export type LogLine = z.infer<typeof logLine>;

/** Log lines for people, written by `write`; for the journal, with its priority. */
export function consoleLines(write: (text: string) => void, journal: boolean): DestinationStream {
  return {
    write(text) {
      const said = logLine.parse(JSON.parse(text));
      write(`${journal ? `<${levelOf(said).priority}>` : ''}${inWords(said)}\n`);
    },
  };
}

/** `warning: a call failed (path=/scripts2, error=…)`, in one line. */
export function inWords(said: LogLine): string {
  const facts = Object.entries(said).filter(([key]) => !LEFT_OUT.has(key));
  const shown = facts.map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const whole = `${levelOf(said).word}${said.msg ?? ''}${shown.length === 0 ? '' : ` (${shown.join(', ')})`}`;
  return visible(whole.replaceAll(/[\n\t]/g, ' '));
}

function levelOf({ level }: LogLine): { priority: number; word: string } {
  return LEVELS.find(({ from }) => level >= from) ?? { priority: 6, word: '' };
}
