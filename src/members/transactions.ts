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

/** The last calls to one member. In memory alone: debug mode is for a look, and what members say may be long. */
export class Transactions {
  #kept: Transaction[] = [];

  readonly note = (transaction: Transaction): void => {
    this.#kept.push(transaction);
    if (this.#kept.length > KEPT) this.#kept = this.#kept.slice(-KEPT);
  };

  /** The newest first. */
  list(): Transaction[] {
    return [...this.#kept].reverse();
  }
}
