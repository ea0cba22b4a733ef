import type { Command } from 'commander';

/** What is said of a command besides its description: in `--help`, and in the man page. */
interface Guide {
  /** Paragraphs, with an empty line between them. */
  details?: string;
  /** Command lines without `dnscluster`, each with what it does. */
  examples: Readonly<Record<string, string>>;
}

/** As commander wraps the rest where there is no terminal. */
const WIDTH = 80;
const guides = new WeakMap<Command, Guide>();

/** Adds the guide to a command's help. */
export function guide(command: Command, of: Guide): Command {
  guides.set(command, of);
  return command.addHelpText('after', () => helpText(of));
}

export function guideOf(command: Command): Guide | undefined {
  return guides.get(command);
}

/** The paragraphs of a text, each in one line. */
export function paragraphsOf(text: string): string[] {
  return text
    .trim()
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.replaceAll(/\s+/g, ' '));
}

function helpText({ details = '', examples }: Guide): string {
  const lines = Object.entries(examples).map(([line, effect]) => `  dnscluster ${line}\n      ${effect}\n`);
  const heading = lines.length === 1 ? 'Example' : 'Examples';
  const told = details === '' ? [] : paragraphsOf(details).map((paragraph) => `\n${wrapped(paragraph)}\n`);
  return `${told.join('')}\n${heading}:\n${lines.join('')}`.trimEnd();
}

function wrapped(paragraph: string): string {
  const lines = [''];
  for (const word of paragraph.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines.join('\n');
}
