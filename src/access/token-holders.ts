import { sentenceOf } from '../errors.js';
import type { HostPanel } from '../host/host-panel.js';
import type { Log } from '../operations/log.js';
import { SELF } from './principal.js';
import { MANAGE_TOKENS, PRIVILEGES } from './privileges.js';
import type { StoredToken } from './stored-token.js';

export type HostUsers = Pick<HostPanel, 'users' | 'privileges'>;

/** `gone`: its user is no user of the host, or another one of the same name. `unsaid`: the host could not say. */
type Holder = Pick<StoredToken, 'kind' | 'privileges'> | 'gone' | 'unsaid';

/** The users of the host as they are in one moment: what tokens are worth then. */
export interface Holders {
  of(token: StoredToken): Holder;
  /** The lasting id of a user, where the host has such. */
  idOf(user: string): string | undefined;
}

/** Asks the host at each use of a token who its user is now. Without a host everybody is who they were. */
export class TokenHolders {
  readonly #host: HostUsers | undefined;
  readonly #log: Log;
  /** Logged once, until the host answers again. */
  #isSilent = false;

  constructor(host: HostUsers | undefined, log: Log) {
    this.#host = host;
    this.#log = log;
  }

  now(): Holders {
    const host = this.#host;
    if (host === undefined) return { of: ({ kind, privileges }) => ({ kind, privileges }), idOf: () => undefined };
    const listed = this.#listed(host);
    return {
      of: (token) => {
        const { user, kind, privileges, userId } = token;
        if (token.ended !== undefined) return 'gone';
        const found = listed?.findLast((one) => one.user === user);
        // Root of this machine acts without a login, so a host need not know it.
        if (found === undefined && user === SELF.user && kind === 'root') return { kind, privileges };
        if (listed === undefined) return 'unsaid';
        if (found === undefined) return 'gone';
        if (found.id !== undefined && userId !== undefined && found.id !== userId) return 'gone';
        const held = this.#asked(() => host.privileges?.(user));
        if (held === 'unsaid') return held;
        const demoted = kind === 'root' && found.kind !== 'root';
        return {
          kind: demoted ? 'reseller' : kind,
          privileges: narrowed(privileges, held ?? (demoted ? [PRIVILEGES[0].name] : undefined)),
        };
      },
      idOf: (user) => listed?.findLast((one) => one.user === user)?.id,
    };
  }

  /** Undefined where it fails or names nobody, as while it starts or after its file was lost: that removes no user. */
  #listed(host: HostUsers): ReturnType<HostUsers['users']> | undefined {
    const users = this.#asked(() => host.users());
    return users === 'unsaid' || users.length === 0 ? undefined : users;
  }

  #asked<T>(ask: () => T): T | 'unsaid' {
    try {
      const answer = ask();
      this.#isSilent = false;
      return answer;
    } catch (error) {
      if (!this.#isSilent)
        this.#log.error({ error: sentenceOf(error) }, 'the host does not say who may do what; tokens are refused');
      this.#isSilent = true;
      return 'unsaid';
    }
  }
}

/** Of a token's privileges those that its user has, too. */
function narrowed(privileges: readonly string[], held: readonly string[] | undefined): string[] {
  if (held === undefined || held.includes('all')) return [...privileges];
  // Who may use the pages manages tokens there, so the host has no such privilege to give.
  const may = held.some((privilege) => PRIVILEGES.some(({ name }) => name === privilege))
    ? [...held, MANAGE_TOKENS]
    : held;
  return PRIVILEGES.map(({ name }) => name).filter(
    (name) => may.includes(name) && (privileges.includes(name) || privileges.includes('all')),
  );
}
