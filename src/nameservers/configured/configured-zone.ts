/** Where the statement of a zone stands in a server's configuration. */
export interface StatementPlace {
  file: string;
  /** Lines, from 1. */
  from: number;
  to: number;
  /** Octets of the file, the end behind the last. */
  start: number;
  end: number;
}

/** A zone that a nameserver has from its own configuration, which is not ours. */
export interface ConfiguredZone {
  /** As the configuration writes it, without a final dot. */
  name: string;
  /** Absolute path of its master file; absent where it can't be taken. */
  file?: string;
  /** Why it can't be taken, in words about the zone. */
  leftOut?: string;
  /** Was it never a zone to take (a secondary, a hint)? Else somebody has to do something about it. */
  isOther?: boolean;
  /** What of it is not taken with it. */
  warnings: readonly string[];
  place?: StatementPlace;
}

/** What a program finds against a configuration. */
export interface Checker {
  program: string;
  args: readonly string[];
  debianPackage: string;
}
