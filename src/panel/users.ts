import { z } from 'zod';
import { ClusterError } from '../errors.js';
import type { Log } from '../operations/log.js';
import { JsonState } from '../state/json-state.js';
import { hashPassword, passwordHashSchema, passwordMatches } from './password.js';

/** A user of the bare-bones panel. */
export interface PanelUser {
  user: string;
  kind: 'root' | 'reseller';
  /** As `all` or `clustering`. */
  privileges: string[];
}

const userSchema = z.strictObject({
  user: z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/),
  kind: z.enum(['root', 'reseller']),
  privileges: z.array(z.string()),
  password: passwordHashSchema,
});
const stateSchema = z.strictObject({ users: z.array(userSchema) });

const SHORTEST_PASSWORD = 12;
const LONGEST_PASSWORD = 256;
const MOST_USERS = 10_000;

/** The users of the bare-bones panel, in a state file; passwords as scrypt hashes only. */
export class UserStore {
  private constructor(private readonly state: JsonState<z.infer<typeof stateSchema>>) {}

  static async open(file: string, log: Log): Promise<UserStore> {
    return new UserStore(await JsonState.open(file, { schema: stateSchema, defaults: () => ({ users: [] }), log }));
  }

  /** All users, root first, the others by name. */
  list(): PanelUser[] {
    const rank = (user: PanelUser): string => (user.kind === 'root' ? '0' : '1') + user.user;
    return this.state.data.users.map(withoutPassword).sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
  }

  find(name: string): PanelUser | undefined {
    const found = this.state.data.users.find(({ user }) => user === name);
    return found === undefined ? undefined : withoutPassword(found);
  }

  /** Adds a user; it is on disk when this resolves. Rejects with user_invalid and the reason. */
  async add(user: PanelUser, password: string): Promise<void> {
    const refuse = (why: string): never => {
      throw new ClusterError('user_invalid', { user: user.user.slice(0, 40), why });
    };
    if (!userSchema.shape.user.safeParse(user.user).success)
      refuse('a user name is 1 to 32 small letters, digits, "_" and "-", and begins with a letter');
    if (password.length < SHORTEST_PASSWORD || password.length > LONGEST_PASSWORD)
      refuse(`a password has ${SHORTEST_PASSWORD} to ${LONGEST_PASSWORD} characters`);
    const hashed = await hashPassword(password);
    await this.state.update(({ users }) => {
      if (users.some((other) => other.user === user.user)) refuse('there is a user of this name already');
      if (users.length >= MOST_USERS) refuse(`there are ${MOST_USERS} users, more are not allowed`);
      users.push({ ...user, password: hashed });
    });
  }

  /** The user whose password this is; as slow for a user that does not exist as for a wrong password. */
  async verify(name: string, password: string): Promise<PanelUser | undefined> {
    const found = this.state.data.users.find(({ user }) => user === name);
    const matches = await passwordMatches(password.slice(0, LONGEST_PASSWORD + 1), found?.password);
    return matches && found !== undefined ? withoutPassword(found) : undefined;
  }

  async close(): Promise<void> {
    await this.state.close();
  }
}

function withoutPassword({ user, kind, privileges }: PanelUser): PanelUser {
  return { user, kind, privileges: [...privileges] };
}
