import type { Argument, Command, Option } from 'commander';
import { below, optionsOf, pathOf, withAllBelow } from '../terminal/command-tree.js';

/** What may stand for an option's or an argument's value. */
export type Value = 'file' | 'folder' | 'zone' | 'member' | 'other' | readonly string[];

export interface CompletedOption {
  /** `--json`, `-y`. */
  flags: readonly string[];
  description: string;
  /** Absent where it takes none. */
  value?: Value;
}

/** What can be typed behind one command. */
export interface CompletedCommand {
  /** `members add`, also by its other names; empty for the program itself. */
  paths: readonly string[];
  commands: readonly { name: string; description: string }[];
  options: readonly CompletedOption[];
  /** Of its arguments, in order. */
  arguments: readonly { value: Value; isList: boolean }[];
}

const NAMED: Readonly<Record<string, Value>> = { file: 'file', folder: 'folder', zone: 'zone', member: 'member' };

/** The program and every command below it. */
export function wordsOf(program: Command): CompletedCommand[] {
  return withAllBelow(program).map((command) => {
    const path = pathOf(command);
    const group = command.parent === null ? '' : pathOf(command.parent);
    return {
      paths: [path, ...command.aliases().map((alias) => `${group} ${alias}`.trimStart())],
      commands: below(command).flatMap((one) =>
        [one.name(), ...one.aliases()].map((name) => ({ name, description: one.description() })),
      ),
      options: optionsOf(command).map(completedOption),
      arguments: command.registeredArguments.map((one) => ({ value: valueOfArgument(one), isList: one.variadic })),
    };
  });
}

function completedOption(option: Option): CompletedOption {
  const { short, long, description, argChoices } = option;
  const flags = [short, long].filter((flag) => flag !== undefined);
  if (!option.required && !option.optional) return { flags, description };
  const name = /[<[]([a-z0-9-]+)/.exec(option.flags)?.[1] ?? '';
  return { flags, description, value: argChoices ?? NAMED[name] ?? 'other' };
}

function valueOfArgument(argument: Argument): Value {
  return argument.argChoices ?? NAMED[argument.name()] ?? 'other';
}

/** In single quotes, as all three shells read them: in them a quote is `'\''`. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** What bash and zsh compare "COMMAND:WORD BEFORE" with, behind these flags. */
export function flagPatterns({ paths }: CompletedCommand, flags: readonly string[]): string[] {
  return paths.flatMap((path) => flags.map((flag) => quoted(`${path}:${flag}`)));
}

/** What bash and zsh compare "COMMAND#ARGUMENTS BEFORE" with, at this argument; that of a list is at all further ones, too. */
export function argumentPatterns({ paths }: CompletedCommand, at: number, isList: boolean): string[] {
  return paths.map((path) => (isList ? `${quoted(`${path}#`)}*` : quoted(`${path}#${at}`)));
}
