import type { Command, Option } from 'commander';

/** A command and all below it, as `--help` lists them. */
export function withAllBelow(command: Command): Command[] {
  return [command, ...below(command).flatMap(withAllBelow)];
}

/** The commands of a group that are shown, without `help`. */
export function below(command: Command): Command[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter((one) => one.parent === command);
}

/** As it is typed behind `dnscluster`: `members add`; empty for the program itself. */
export function pathOf(command: Command): string {
  const { parent } = command;
  return parent === null ? '' : `${pathOf(parent)} ${command.name()}`.trimStart();
}

/** The options that are shown, `--help` the last. */
export function optionsOf(command: Command): Option[] {
  return [...command.createHelp().visibleOptions(command)];
}
