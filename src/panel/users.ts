import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { ClusterError } from '../errors.js';
import type { HostAccount, HostAccounts } from '../host/host-panel.js';
import type { Log } from '../operations/log.js';
import { JsonState, type StateLoss } from '../state/json-state.js';
import { hashPassword, passwordHashSchema, passwordMatches, type PasswordHash } from './password.js';

/** A user of the bare-bones panel; privileges as `all` or `clustering`. */
type PanelUser = HostAccount;

const userSchema = z.strictObject({
  user: z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/),
  /** Tells a user from who had the name before. Of those that are older than ids it is the name. */
  id: z.string().optional(),
  kind: z.enum(['root', 'reseller']),
  privileges: z.array(z.string()),
  password: passwordHashSchema,
});
const stateSchema = z.strictObject({ users: z.array(userSchema) });

const SHORTEST_PASSWORD = 12;
const LONGEST_PASSWORD = 256;
const MOST_USERS = 10_000;

/** The users of the bare-bones panel, in a state file; passwords as scrypt hashes only. */
export class UserStore implements HostAccounts {
  readonly #state: JsonState<z.infer<typeof stateSchema>>;
  /** What this start found of the file, where it was not as it should be. */
  readonly loss: StateLoss | undefined;

  private constructor(state: JsonState<z.infer<typeof stateSchema>>) {
    this.#state = state;
    this.loss = state.loss;
  }

  static async open(file: string, log: Log): Promise<UserStore> {
    const idOf = ({ user, id = user }: { user: string; id?: string | undefined }): string => `user ${id}`;
    const state = await JsonState.open(file, {
      ...{ schema: stateSchema, defaults: () => ({ users: [] }), log },
      ending: {
        ids: ({ users }) => users.map(idOf),
        without: ({ users }, hasEnded) => ({ users: users.filter((user) => !hasEnded(idOf(user))) }),
      },
    });
    return new UserStore(state);
  }

  /** All users, root first, the others by name. */
  list(): PanelUser[] {
    const rank = (user: PanelUser): string => (user.kind === 'root' ? '0' : '1') + user.user;
    return this.#state.data.users.map(withoutPassword).sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
  }

  /** Lasting ids, by name: a user who is removed and added again gets another one. */
  ids(): ReadonlyMap<string, string> {
    return new Map(this.#state.data.users.map(({ user, id = user }) => [user, id]));
  }

  find(name: string): PanelUser | undefined {
    const found = this.#state.data.users.find(({ user }) => user === name);
    return found === undefined ? undefined : withoutPassword(found);
  }

  /** Adds a user; it is on disk when this resolves. Rejects with user_invalid and the reason. */
  async add(user: PanelUser, password: string): Promise<void> {
    const { user: name, kind, privileges } = user;
    if (!userSchema.shape.user.safeParse(name).success)
      refuse(name, 'a user name is 1 to 32 small letters, digits, "_" and "-", and begins with a letter');
    const hashed = await goodHash(name, password);
    await this.#state.update(({ users }) => {
      if (users.some((other) => other.user === name)) refuse(name, 'there is a user of this name already');
      if (users.length >= MOST_USERS) refuse(name, `there are ${MOST_USERS} users, more are not allowed`);
      users.push({ user: name, id: randomUUID(), kind, privileges: [...privileges], password: hashed });
    });
  }

  /**
   * Changes a password; logins of before are ended. It is on disk when this resolves. Rejects with user_unknown,
   * user_invalid.
   */
  async setPassword(name: string, password: string): Promise<void> {
    if (this.find(name) === undefined) throw unknown(name);
    const hashed = await goodHash(name, password);
    await this.#state.update(({ users }) => {
      const found = users.find(({ user }) => user === name);
      if (found === undefined) throw unknown(name);
      found.password = hashed;
    });
  }

  /**
   * Removes a user, who is logged out by that. Rejects with user_unknown, and with user_last_root: nobody could log in
   * for root then.
   */
  async remove(name: string): Promise<void> {
    await this.#state.update((draft) => {
      const found = draft.users.find(({ user }) => user === name);
      if (found === undefined) throw unknown(name);
      const roots = draft.users.filter(({ kind }) => kind === 'root');
      if (found.kind === 'root' && roots.length === 1) throw new ClusterError('user_last_root', { user: name });
      draft.users = draft.users.filter((other) => other !== found);
    });
  }

  /** Stays the same as long as the password does; undefined where there is no such user. */
  passwordMark(name: string): string | undefined {
    return this.#state.data.users.find(({ user }) => user === name)?.password.salt;
  }

  /** The user whose password this is; as slow for a user that does not exist as for a wrong password. */
  async verify(name: string, password: string): Promise<PanelUser | undefined> {
    const found = this.#state.data.users.find(({ user }) => user === name);
    const matches = await passwordMatches(password.slice(0, LONGEST_PASSWORD + 1), found?.password);
    return matches && found !== undefined ? withoutPassword(found) : undefined;
  }

  async close(): Promise<void> {
    await this.#state.close();
  }
}

/** Rejects with user_invalid where the password is too short or too long. */
async function goodHash(user: string, password: string): Promise<PasswordHash> {
  if (password.length < SHORTEST_PASSWORD || password.length > LONGEST_PASSWORD)
    refuse(user, `a password has ${SHORTEST_PASSWORD} to ${LONGEST_PASSWORD} characters`);
  return hashPassword(password);
}

function refuse(user: string, why: string): never {
  throw new ClusterError('user_invalid', { user: user.slice(0, 40), why });
}

function unknown(user: string): ClusterError {
  return new ClusterError('user_unknown', { user: user.slice(0, 40) });
}

function withoutPassword({ user, kind, privileges }: PanelUser): PanelUser {
  return { user, kind, privileges: [...privileges] };
}
