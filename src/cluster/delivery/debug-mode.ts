import { Transactions, type Transaction } from '../../members/transactions.js';
import { isServer, type Member } from '../model/member.js';

/** What was said to members in debug mode, and by them. */
export class DebugMode {
  readonly #of = new Map<string, Transactions>();

  /** Keeps a member's calls, where it is in debug mode. */
  noteFor(member: Member): ((transaction: Transaction) => void) | undefined {
    const { id } = member;
    if (!isServer(member) || member.debug !== true) {
      this.#of.delete(id);
      return undefined;
    }
    const kept = this.#of.get(id) ?? new Transactions();
    this.#of.set(id, kept);
    return kept.note;
  }

  /** The newest first. */
  of(id: string): Transaction[] {
    return this.#of.get(id)?.list() ?? [];
  }
}
