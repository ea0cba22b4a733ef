/** What fills an error's sentence. */
export type Facts = Record<string, string | number>;

/** One error: its HTTP status, and what happened, to which member or zone, and what to do. */
export interface ErrorKind {
  status: number;
  sentence: (facts: Facts) => string;
}
