/** What is printed of one entry: for programs, and for persons. */
export interface Line {
  entry: unknown;
  words: string;
}

/** An ISO time in UTC, to the second. */
export function shortTime(iso: string): string {
  return `${iso.slice(0, 19).replace('T', ' ')}Z`;
}
