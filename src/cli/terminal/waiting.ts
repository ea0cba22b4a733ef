import { InvalidArgumentError, Option, type Command } from 'commander';

/** How long a change waits for members before it answers. */
export interface WaitOptions {
  wait?: 'local' | 'served';
  timeout?: number;
}

/** Adds the options of a change that is sent to members. */
export function waitOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--wait <for>', 'answer when this server has the change, or when members serve it').choices([
        'local',
        'served',
      ]),
    )
    .option('--timeout <seconds>', 'wait for members at most this long (default: 5)', wholeOf);
}

/** A whole number of the command line. */
export function wholeOf(text: string): number {
  if (!/^[0-9]{1,9}$/.test(text)) throw new InvalidArgumentError('Enter a whole number.');
  return Number(text);
}
