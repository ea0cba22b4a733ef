import { codeOf, formatIssue, isClusterError, sentenceOf, type ZoneIssue } from '../../errors.js';
import { visible } from '../../operations/visible.js';
import { CommandFailure, EXIT } from './failure.js';

/**
 * Prints an answer: one line of JSON for programs, else words for persons. Servers and files have a hand in the words.
 */
export function say(json: true | undefined, value: unknown, words: string): void {
  process.stdout.write(json === true ? `${JSON.stringify(value)}\n` : visible(words));
}

/** A zone's text: to a file or a program octet for octet, to a terminal so that it obeys nothing in it. */
export function sayText(text: Buffer): void {
  process.stdout.write(process.stdout.isTTY ? visible(text.toString('utf8')) : text);
}

/** To the person who waits; never into what programs read. */
export function printMessage(sentence: string): void {
  process.stderr.write(`${visible(sentence)}\n`);
}

/** What was found in a zone, to the person who waits. */
export function printIssues(issues: readonly ZoneIssue[]): void {
  process.stderr.write(visible(issueLines(issues)));
}

/** Rows below their headings, each column as wide as it has to be. Nothing at all where there are no rows. */
export function table(headings: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  if (rows.length === 0) return '';
  const lines = [headings, ...rows].map((row) => row.map((cell) => visible(String(cell).replaceAll(/[\n\t]/g, ' '))));
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const padded = (line: readonly string[]): string =>
    line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  return lines.map((line) => `${padded(line).trimEnd()}\n`).join('');
}

/** `severity: zone:line:column: message` a line. */
function issueLines(issues: readonly ZoneIssue[]): string {
  return issues.map((issue) => `${issue.severity}: ${formatIssue(issue)}\n`).join('');
}

/**
 * Says why a command ended: to persons on standard error, and also to programs (`json`) as `{"error": …}`. Returns the
 * exit code.
 */
export function fail(error: unknown, json: boolean): number {
  const message = sentenceOf(error);
  const { code, issues = [] } =
    error instanceof CommandFailure
      ? error.details
      : { code: codeOf(error) || 'internal', issues: isClusterError(error) ? error.issues : [] };
  const listed = issueLines(issues);
  process.stderr.write(visible(`${listed}${message}\n`));
  if (json) say(true, { error: { code, message, ...(issues.length > 0 ? { issues } : {}) } }, '');
  return error instanceof CommandFailure ? error.exitCode : EXIT.problems;
}
