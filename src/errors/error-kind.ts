/** One error: its HTTP status and its sentence: what happened, to which member or zone, and what to do. */
export interface ErrorKind {
  status: number;
  sentence: (facts: never) => string;
}
