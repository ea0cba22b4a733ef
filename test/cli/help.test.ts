import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { dnscluster } from '../../src/cli/commands.js';

const all = (command: Command): Command[] => [command, ...command.commands.flatMap(all)];
const program = await dnscluster();

/** As a person types it. */
function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

/** What `--help` says. */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => void (text += part) });
  command.outputHelp();
  return text;
}

describe.each(all(program).map((command) => [pathOf(command), command] as const))('%s --help', (path, command) => {
  test('says what it does, and shows how where it takes arguments', () => {
    const help = helpOf(command);
    expect(command.description()).not.toBe('');
    expect(help).toContain(`Usage: ${path}`);
    if (command.registeredArguments.length > 0) expect(help).toMatch(new RegExp(`^Examples?:\\n {2}${path}( |$)`, 'm'));
  });
});
