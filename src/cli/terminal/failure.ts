import type { ZoneIssue } from '../../errors.js';

/** What the program exits with. EXIT_MEANINGS and docs/cli.md say the same. */
export const EXIT = {
  ok: 0,
  /** Something was found, or the service refused what it was asked. */
  problems: 1,
  /** Wrong use: arguments, a file that cannot be read, a confirmation that is missing. */
  usage: 2,
  /** The service cannot be asked. */
  unreachable: 3,
  /** The token is wrong, or lacks a privilege. */
  denied: 4,
} as const;

/** In words: for `--help` and the manual page. */
export const EXIT_MEANINGS: Readonly<Record<number, string>> = {
  [EXIT.ok]: 'All is well.',
  [EXIT.problems]: 'A problem was found (a failing member, a difference, an error), or the service refused.',
  [EXIT.usage]: 'Wrong use: arguments, an unreadable file, a missing confirmation.',
  [EXIT.unreachable]: 'The service cannot be reached.',
  [EXIT.denied]: 'The token is wrong or lacks a privilege.',
};

/** Why a command ended: a sentence for the operator, and what the program exits with. */
export class CommandFailure extends Error {
  constructor(
    sentence: string,
    readonly exitCode: number,
    /** `code`: short stable name, as `zone_invalid`. */
    readonly details: { code: string; issues?: readonly ZoneIssue[]; cause?: unknown },
  ) {
    super(sentence, details.cause === undefined ? undefined : { cause: details.cause });
  }
}

/** The command was called wrongly; the sentence says how to call it. */
export class WrongUse extends CommandFailure {
  constructor(sentence: string, cause?: unknown) {
    super(sentence, EXIT.usage, { code: 'wrong_use', cause });
  }
}

/** The service could not be reached; the sentence says why and what to do. */
export class ServiceUnreachable extends CommandFailure {
  constructor(sentence: string, cause?: unknown) {
    super(sentence, EXIT.unreachable, { code: 'unreachable', cause });
  }
}

/** The service refused what it was asked, with its reason. */
export class ServiceRefusal extends CommandFailure {}
