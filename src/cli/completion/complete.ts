import type { Argument, Command, Option } from 'commander';
import { within } from '../../members/within.js';
import { askService } from '../service/running-service.js';
import { targetOf, type ServiceOptions, type Target } from '../service/target.js';
import { below, optionsOf } from '../terminal/command-tree.js';
import { guide } from '../terminal/guide.js';
import { say } from '../terminal/output.js';

/** Words that a service knows, by what an argument or the value of an option is called. */
const OF_SERVICE: Readonly<Record<string, (target: Target) => Promise<string[]>>> = {
  zone: async (target) =>
    (await askService(target, 'listzones')).zone.flatMap(({ domain, member }) =>
      member === undefined ? [domain] : [],
    ),
  member: async (target) => (await askService(target, 'listmembers')).member.map(({ hostname }) => hostname),
};
/** Nobody waits longer for a word, milliseconds. */
const WITHIN = 3_000;
/** Other servers name zones and members: what a shell would expand, or read as an option, is not offered. */
const PLAIN = /^\w[\w./:-]*$/;

/** A command line up to the word that is being typed. */
interface Line {
  command: Command;
  /** Values of options, by their names. */
  options: ServiceOptions & Record<string, string>;
  /** How many arguments of the command are there. */
  given: number;
  /** The option whose value comes next. */
  awaits: Option | undefined;
}

/** `dnscluster complete`, which the shells' scripts ask at each TAB. */
export function complete(program: Command): void {
  const command = program
    .command('complete', { hidden: true })
    .description('Print what can replace the last of these words, each with its meaning after a tab')
    .argument('[word...]', 'a command line without "dnscluster"');
  guide(command, { examples: { 'complete -- members e': 'The commands of members that begin with e.' } }).action(
    async (words: readonly string[]) => {
      const current = words.at(-1) ?? '';
      try {
        const offered = await offeredFor(lineOf(program, words.slice(0, -1)), current);
        const fitting = offered.filter(([word]) => word.startsWith(current) || word.startsWith(':'));
        say(undefined, undefined, fitting.map(([word, meaning]) => `${word}\t${meaning}`.trimEnd() + '\n').join(''));
      } catch {
        // A service that can't be asked knows no words. One that is silent would keep the shell waiting.
        process.exit();
      }
    },
  );
}

function lineOf(program: Command, words: readonly string[]): Line {
  const line: Line = { command: program, options: {}, given: 0, awaits: undefined };
  for (const word of words) {
    const next = below(line.command).find((one) => [one.name(), ...one.aliases()].includes(word));
    if (word.startsWith('-') && word !== '-') {
      const option = optionsOf(line.command).find(({ short, long }) => [short, long].includes(word));
      line.awaits = option?.required === true ? option : undefined;
    } else if (line.awaits !== undefined) {
      line.options[line.awaits.attributeName()] = word;
      if (!line.awaits.variadic) line.awaits = undefined;
    } else if (next === undefined) line.given++;
    else Object.assign(line, { command: next, given: 0 });
  }
  return line;
}

type Offered = readonly (readonly [word: string, meaning: string])[];

async function offeredFor({ command, options, given, awaits }: Line, current: string): Promise<Offered> {
  const isOption = current.startsWith('-');
  if (awaits !== undefined && !(isOption && awaits.variadic)) {
    return valuesOf(awaits, /<([a-z0-9-]+)/.exec(awaits.flags)?.[1] ?? '', options);
  }
  const flags = optionsOf(command).flatMap(({ short, long, description }) =>
    [short, long].flatMap((flag) => (flag === undefined ? [] : [[flag, description] as const])),
  );
  if (isOption) return flags;
  const commands = below(command);
  // A word in the place of a command that is none.
  if (commands.length > 0 && given > 0) return [];
  const last = command.registeredArguments.at(-1);
  const argument = command.registeredArguments[given] ?? (last?.variadic === true ? last : undefined);
  const values = argument === undefined ? [] : await valuesOf(argument, argument.name(), options);
  if (values.length > 0 && argument?.argChoices === undefined) return values;
  const names = commands.flatMap((one) =>
    [one.name(), ...one.aliases()].map((name) => [name, one.description()] as const),
  );
  return [...names, ...values, ...flags];
}

/** What may stand for an argument, or for the value of an option. */
async function valuesOf(
  { argChoices, description }: Argument | Option,
  name: string,
  options: ServiceOptions,
): Promise<Offered> {
  if (argChoices !== undefined) return argChoices.map((word) => [word, description] as const);
  if (name === 'file' || name === 'folder') return [[`:${name}`, '']];
  const ask = OF_SERVICE[name];
  if (ask === undefined) return [];
  const words = await within(WITHIN, 'The service', () => ask(targetOf(options)));
  return words.filter((word) => PLAIN.test(word)).map((word) => [word, ''] as const);
}
