/** One call to a member, as debug mode shows it: what was asked, how long the answer took, what came of it. */
export interface Transaction {
  /** ISO time. */
  time: string;
  /** As `POST /scripts2/savezone_local`. */
  call: string;
  /** Octets sent. */
  sent: number;
  milliseconds: number;
  /** As `57 octets`, or `failed`. */
  answer: string;
  /** How what was said begins, without secrets. */
  said: string;
}

const KEPT = 200;

/** The last calls to one member. In memory alone: debug mode is short, and members may say much. */
class Transactions {
  #kept: Transaction[] = [];

  readonly record = (transaction: Transaction): void => {
    this.#kept.push(transaction);
    if (this.#kept.length > KEPT) this.#kept = this.#kept.slice(-KEPT);
  };

  /** The newest first. */
  list(): Transaction[] {
    return [...this.#kept].reverse();
  }
}

/** What was said to members in debug mode, and by them. */
export class DebugMode {
  readonly #of = new Map<string, Transactions>();

  /** Keeps a member's calls, where it is in debug mode. */
  recorderFor({
    id,
    debug,
  }: {
    id: string;
    debug?: boolean | undefined;
  }): ((transaction: Transaction) => void) | undefined {
    if (debug !== true) {
      this.#of.delete(id);
      return undefined;
    }
    const kept = this.#of.get(id) ?? new Transactions();
    this.#of.set(id, kept);
    return kept.record;
  }

  /** The newest first. */
  of(id: string): Transaction[] {
    return this.#of.get(id)?.list() ?? [];
  }
}
