/**
 * Every error an operator or a peer can meet, in one place: its code, its HTTP status and its sentence. The sentence
 * says what happened, to which member or zone, and what to do. Throw `new ClusterError(code, facts)`; the facts fill
 * the sentence.
 */

import type { ErrorKind } from './errors/error-kind.js';
import { MEMBER_ERRORS } from './errors/member-errors.js';
import { NAMESERVER_ERRORS } from './errors/nameserver-errors.js';
import { REQUEST_ERRORS } from './errors/request-errors.js';
import { SERVICE_ERRORS } from './errors/service-errors.js';
import { WHM_ERRORS } from './errors/whm-errors.js';
import { ZONE_ERRORS } from './errors/zone-errors.js';

/** One finding in a zone's text or records. Lines and columns count from 1; column 0 means the whole line. */
export interface ZoneIssue {
  severity: 'error' | 'warning';
  /** Short stable name, as `cname_and_other_data`. */
  code: string;
  zone: string;
  line: number;
  column: number;
  message: string;
}

const kinds = {
  ...ZONE_ERRORS,
  ...MEMBER_ERRORS,
  ...NAMESERVER_ERRORS,
  ...REQUEST_ERRORS,
  ...SERVICE_ERRORS,
  ...WHM_ERRORS,
};

type Kinds = typeof kinds;
export type ErrorCode = keyof Kinds;

/** The facts of an error by its code. They are unknown if the code is: ask isClusterError. */
type FactsOf<C extends ErrorCode> = C extends ErrorCode
  ? Kinds[C]['sentence'] extends (facts: infer F) => string
    ? F
    : never
  : never;

interface ErrorOptions {
  cause?: unknown;
  issues?: readonly ZoneIssue[];
}

// What may be one of several codes is given the facts of all: TypeScript infers their intersection here.
type Given<C extends ErrorCode> = Kinds[C]['sentence'] extends () => string
  ? [facts?: Record<string, never>, options?: ErrorOptions]
  : Kinds[C]['sentence'] extends (facts: infer F) => string
    ? [facts: F, options?: ErrorOptions]
    : never;

/** An error with a code, an HTTP status and a sentence for the operator (see the tables above). */
export class ClusterError<C extends ErrorCode = ErrorCode> extends Error {
  readonly code: C;
  readonly status: number;
  /** What the sentence was made of, by name. */
  readonly facts: FactsOf<C>;
  /** The findings behind `zone_invalid`, else empty. */
  readonly issues: readonly ZoneIssue[];

  constructor(code: C, ...[facts = {}, { cause, issues = [] } = {}]: Given<C>) {
    const kind: ErrorKind = kinds[code];
    super(kind.sentence(facts as never), cause === undefined ? undefined : { cause });
    this.name = 'ClusterError';
    this.code = code;
    this.status = kind.status;
    this.facts = facts as FactsOf<C>;
    this.issues = issues;
  }
}

/** Whether a thrown thing is an error of ours, and of one of `codes` where they are given: its facts are typed then. */
export function isClusterError<C extends ErrorCode = ErrorCode>(
  error: unknown,
  ...codes: C[]
): error is ClusterError<C> {
  return error instanceof ClusterError && (codes.length === 0 || codes.includes(error.code as C));
}

/** Any thrown thing as an error with a code: what is not ours is `internal`, with the thing as its cause. */
export function asClusterError(error: unknown): ClusterError {
  return isClusterError(error) ? error : new ClusterError('internal', {}, { cause: error });
}

/** The sentence of any thrown thing: an operator's sentence for ours, else the plain message. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The code that the system or Node gives an error, as ENOENT; empty where it has none. */
export function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : '';
}

/** For a catch: `value` where a file or folder is not there. What else went wrong is thrown on. */
export function ifMissing<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (codeOf(error) !== 'ENOENT') throw error;
    return value;
  };
}

/** `zone:line:column: message`, as compilers print it. */
export function formatIssue(issue: ZoneIssue): string {
  const place = issue.column > 0 ? `${issue.line}:${issue.column}` : `${issue.line}`;
  return `${issue.zone}:${place}: ${issue.message}`;
}

/** The refusal of a zone text, with its first finding in the sentence and all of them in `issues`. */
export function zoneInvalid(zone: string, issues: readonly ZoneIssue[]): ClusterError {
  const errors = issues.filter((issue) => issue.severity === 'error');
  const first = errors[0];
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return new ClusterError(
    'zone_invalid',
    {
      zone,
      first: first === undefined ? 'it is not valid' : `${placeOf(first)}: ${first.message}${more}`,
    },
    { issues },
  );
}

function placeOf({ line, column }: ZoneIssue): string {
  return column > 0 ? `line ${line}, column ${column}` : `line ${line}`;
}
