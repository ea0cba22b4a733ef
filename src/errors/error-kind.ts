/** One error: its HTTP status, and what happened, to which member or zone, and what to do. The sentence names its facts. */
export interface ErrorKind {
  status: number;
  sentence: (facts: never) => string;
}
