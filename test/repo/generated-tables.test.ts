import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { format } from 'prettier';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { dnscluster } from '../../src/cli/commands.js';
import { below } from '../../src/cli/terminal/command-tree.js';
import { EXIT_MEANINGS } from '../../src/cli/terminal/failure.js';
import { FUNCTIONS } from '../../src/web/whm-api/functions.js';

const code = (text: string): string => `\`${text}\``;

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [
    headings,
    headings.map(() => '---'),
    ...rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|'))),
  ];
  return lines.map((line) => `| ${line.join(' | ')} |`).join('\n');
}

/** A command as it is typed, or a group with the commands in it. */
function typed(command: Command): string {
  const inside = below(command).map((one) => one.name());
  const takes = command.registeredArguments.map((argument) => argument.name().toUpperCase());
  const others = command.aliases().map((alias) => `, ${code(alias)}`);
  return code([command.name(), ...inside, ...takes].join(' ')) + others.join('');
}

/** A parameter of a function; `…` is behind one that may come several times. */
const parameter = ([name, schema]: readonly [string, unknown]): string =>
  code(name) + (schema instanceof z.ZodArray ? ' …' : '');

const program = await dnscluster();
const TABLES: Readonly<Record<string, string>> = {
  'docs/cli.md commands': table(
    ['command', 'what it does'],
    below(program).map((command) => [typed(command), command.description()]),
  ),
  'docs/cli.md exit codes': table(['exit code', 'meaning'], Object.entries(EXIT_MEANINGS)),
  'docs/protocol.md functions': table(
    ['function', 'what it does', 'parameters'],
    [...FUNCTIONS].map(([name, { summary, parameters }]) => [
      code(name),
      summary,
      Object.entries(parameters.shape).map(parameter).join(', '),
    ]),
  ),
};

describe('the documents', () => {
  test.each(['docs/cli.md', 'docs/protocol.md'])(
    '%s has the tables of now: `npm run documents` writes them anew',
    async (file) => {
      const text = readFileSync(file, 'utf8');
      const wanted = text.replaceAll(
        /(<!-- made of the code: (.+) -->)\n[^]*?(<!-- end -->)/g,
        (_, head: string, name: string, end: string) => {
          const rows = TABLES[`${file} ${name}`];
          if (rows === undefined) throw new Error(`there is no table of ${name} for ${file}`);
          return `${head}\n\n${rows}\n\n${end}`;
        },
      );
      for (const name of Object.keys(TABLES).filter((one) => one.startsWith(`${file} `)))
        expect(text).toContain(`<!-- made of the code: ${name.slice(file.length + 1)} -->`);
      await expect(await format(wanted, { parser: 'markdown', printWidth: 120 })).toMatchFileSnapshot(`../../${file}`);
    },
  );
});
