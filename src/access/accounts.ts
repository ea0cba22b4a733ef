import { z } from 'zod';
import { ClusterError, sentenceOf } from '../errors.js';
import type { HostPanel } from '../host/host-panel.js';
import type { Log } from '../operations/log.js';
import { defined } from '../operations/defined.js';
import { JsonState, type StateLoss } from '../state/json-state.js';
import { SELF, type Principal } from './principal.js';

const account = z.strictObject({
  user: z.string(),
  /** The host's, where it has such. */
  id: z.string().optional(),
  /** Who has the name as the first is 1; the next one is 2. */
  number: z.number().int().positive(),
  /** The host said that this user is removed. */
  ended: z.literal(true).optional(),
});
const schema = z.strictObject({
  accounts: z.array(account),
  /** Absent until the host first said who its users are. What was before is not known to the second number. */
  firstNumber: z.union([z.literal(1), z.literal(2)]).optional(),
});
type Account = z.infer<typeof account>;
type Listed = ReturnType<HostPanel['users']>;

/** An owner as lists show it: the user's name, and whether that user is no more. */
export interface ShownOwner {
  owner: string;
  ownerRemoved?: true;
}

/** Who has a name that another had before: `ann:2`. A user name has no colon: in the header of tokens it ends there. */
const LATER = /^(.*):([0-9]+)$/s;

/** The number of who is no user of the host: what they make is nobody's, not even of who has the name later. */
const NOBODY = 0;

/** The name of the user to whom something belongs, or belonged. */
export function userOf(owner: string): string {
  return LATER.exec(owner)?.[1] ?? owner;
}

/**
 * The host's users as owners. What belongs to somebody is kept by an account, which is the user's name unless another
 * user had that name before: so a new user of an old name inherits nothing. Without a host all names are accounts.
 */
export class Accounts {
  readonly #state: JsonState<z.infer<typeof schema>>;
  /** What this start found of the file, where it was not as it should be. */
  readonly loss: StateLoss | undefined;
  readonly #users: HostPanel['users'] | undefined;
  readonly #log: Log;
  readonly #held: Map<string, Account>;
  /** Owners of what was here before the host first said who its users are. */
  readonly #before: ReadonlySet<string>;
  #first: 1 | 2 | undefined;
  #isDue = false;

  private constructor(
    state: JsonState<z.infer<typeof schema>>,
    { users, owners, log }: { users: HostPanel['users'] | undefined; owners: ReadonlySet<string>; log: Log },
  ) {
    this.#state = state;
    this.loss = state.loss;
    this.#users = users;
    this.#log = log;
    this.#held = new Map(state.data.accounts.map((held) => [held.user, held]));
    this.#first = state.data.firstNumber;
    this.#before = owners;
  }

  /** `owners`: of what is here. Those who are no users of the host when it is first asked are so no more. */
  static async open(
    file: string,
    options: { users: HostPanel['users'] | undefined; owners: Iterable<string>; log: Log },
  ): Promise<Accounts> {
    const { log, users } = options;
    const state = await JsonState.open(file, { schema, defaults: () => ({ accounts: [] }), log });
    const accounts = new Accounts(state, { users, log, owners: new Set(options.owners) });
    accounts.look();
    return accounts;
  }

  /** Throws state_lost: whose what is, is not known then. */
  refuseIfLost(): void {
    this.#state.refuseIfLost();
  }

  /** Learns who the host's users are now: also of those who do nothing, whose names others may have later. */
  look(): void {
    const listed = this.#listed();
    for (const one of listed) this.#of(one.user, one, listed);
  }

  /** The account of a user of the host, as it is now. */
  of(user: string): string {
    const listed = this.#listed();
    return this.#of(
      user,
      listed.findLast((one) => one.user === user),
      listed,
    );
  }

  /** How owners are shown now. */
  shown(): (owner: string) => ShownOwner {
    const listed = this.#listed();
    const users = new Map(listed.map((one) => [one.user, one]));
    const known = new Map<string, ShownOwner>();
    return (owner) => {
      const shown = known.get(owner) ?? {
        owner: userOf(owner),
        ...(this.#isGone(owner, users.get(userOf(owner)), listed) ? { ownerRemoved: true as const } : {}),
      };
      known.set(owner, shown);
      return shown;
    };
  }

  /** The same principal, with the account that it acts for. */
  acting(by: Principal): Principal {
    const account = this.of(by.user);
    return account === by.user || by.account !== undefined ? by : { ...by, account };
  }

  /** The account of a user who is to own something. Throws user_unknown. */
  named(user: string): string {
    const isKnown = this.#users === undefined || user === SELF.user || this.#listed().some((one) => one.user === user);
    if (!isKnown) throw new ClusterError('user_unknown', { user: user.slice(0, 40) });
    return this.of(user);
  }

  /** The host removed this user; who has the name later is another. It is on disk when this resolves. */
  async ended(user: string): Promise<void> {
    const held = this.#held.get(user) ?? { user, number: this.#first ?? 1 };
    this.#hold({ ...held, ended: true });
    await this.#write();
  }

  async close(): Promise<void> {
    if (this.#isDue) await this.#writeSoon();
    await this.#state.close();
  }

  /** Owners that are no users of the host any more, with how many zones each has. */
  gone(zones: { owners(): Iterable<string>; countOf(owner: string): number }): { owner: string; zones: number }[] {
    const shown = this.shown();
    return [...zones.owners()].flatMap((owner) => {
      const count = shown(owner).ownerRemoved === true ? zones.countOf(owner) : 0;
      return count === 0 ? [] : [{ owner: userOf(owner), zones: count }];
    });
  }

  /** `found`: this user among those that the host lists. */
  #of(user: string, found: Listed[number] | undefined, listed: Listed): string {
    if (this.#first === undefined && listed.length > 0) this.#begin(listed);
    if (this.#first === undefined) return user;
    if (found === undefined && user === SELF.user) return user;
    const held = this.#held.get(user);
    const isEnded = held?.ended === true;
    // Where the host can't say who its users are, they are who they were.
    if (found === undefined)
      return nameOf(listed.length === 0 && held !== undefined && !isEnded ? held : { user, number: NOBODY });
    const id = defined({ id: found.id });
    if (held === undefined) return this.#hold({ user, ...id, number: this.#first });
    const isOther = found.id !== undefined && held.id !== undefined && found.id !== held.id;
    if (isEnded || isOther) return this.#hold({ user, ...id, number: held.number + 1 });
    return found.id !== undefined && held.id === undefined ? this.#hold({ ...held, ...id }) : nameOf(held);
  }

  /** Is this owner no user of the host any more? */
  #isGone(owner: string, found: Listed[number] | undefined, listed: Listed): boolean {
    if (listed.length === 0 || owner === SELF.user) return false;
    return found === undefined || this.#of(found.user, found, listed) !== owner;
  }

  /** Of zones that are here already each belongs to the last one of the name, who has it now or is no more. */
  #begin(listed: Listed): void {
    this.#first = this.#before.size === 0 ? 1 : 2;
    const users = new Set(listed.map(({ user }) => user));
    for (const owner of this.#before) {
      const user = userOf(owner);
      const number = Math.max(Number(LATER.exec(owner)?.[2] ?? 1), this.#held.get(user)?.number ?? 1);
      if (user !== SELF.user) this.#hold({ user, number, ...(users.has(user) ? {} : { ended: true as const }) });
    }
    for (const { user, id } of listed)
      this.#hold({ user, ...defined({ id }), number: this.#held.get(user)?.number ?? 1 });
  }

  /** Empty where the host can't say, or has none yet: that removes nobody. */
  #listed(): Listed {
    try {
      return this.#users?.() ?? [];
    } catch (error) {
      this.#log.error({ error: sentenceOf(error) }, 'the host could not say who its users are');
      return [];
    }
  }

  #hold(held: Account): string {
    this.#held.set(held.user, held);
    if (!this.#isDue) {
      this.#isDue = true;
      setImmediate(() => void this.#writeSoon());
    }
    return nameOf(held);
  }

  async #writeSoon(): Promise<void> {
    await this.#write().catch((error: unknown) => {
      this.#log.error({ error: sentenceOf(error) }, 'the accounts of users could not be written');
    });
  }

  #write(): Promise<void> {
    return this.#state.update((draft) => {
      this.#isDue = false;
      draft.accounts = [...this.#held.values()];
      if (this.#first !== undefined) draft.firstNumber = this.#first;
    });
  }
}

function nameOf({ user, number }: Pick<Account, 'user' | 'number'>): string {
  return number === 1 ? user : `${user}:${number}`;
}
