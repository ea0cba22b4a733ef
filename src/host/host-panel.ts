import type { IncomingMessage, ServerResponse } from 'node:http';

/** A person who is logged in to the host panel. */
export interface HostUser {
  user: string;
  kind: 'root' | 'reseller';
  /** As `all` or `clustering`. A reseller without `clustering` sees no menu item and gets 403. */
  privileges: readonly string[];
  /** Anything that stays the same during a login and differs between logins; the CSRF guard is bound to it. */
  sessionId: string;
}

/** A link that the host wants above our pages: back to its menu, log out. */
export interface HostLink {
  label: string;
  href: string;
}

/** The contract that a host panel fulfils for the plugin. Everything else the plugin brings itself. */
export interface HostPanel {
  /** The panel's name, shown above our pages. */
  readonly name: string;
  /** Who sent this request, by the host's own session; undefined where nobody is logged in. */
  identify(request: IncomingMessage): HostUser | undefined;
  /** Where to send somebody who is not logged in; 401 is answered where absent. */
  loginUrl?(request: IncomingMessage): string;
  /** Links of the host's own menu. */
  links?(request: IncomingMessage): readonly HostLink[];
  /**
   * Users that may own zones and tokens, root first. Asked at each call with a token: whoever is missing has none that
   * work. `id` stays as long as it is the same user, and never comes back: by it a new user of an old name is known.
   */
  users(): readonly { user: string; kind: 'root' | 'reseller'; id?: string }[];
  /** What a user may do now. Where it is absent, tokens keep the privileges that their maker had. */
  privileges?(user: string): readonly string[] | undefined;
  /** Tells root something that must not be missed, as that a server of the cluster was disabled. */
  notify?(notice: Notice): void;
  /** The host's users for `dnscluster users` and the page Users: only if the host has no program for them. */
  readonly accounts?: HostAccounts;
}

/** Users of a host that can be changed from outside of its pages. All reject with a sentence for the operator. */
export interface HostAccounts {
  /** Root first. */
  list(): readonly HostAccount[];
  add(account: HostAccount, password: string): Promise<void>;
  /** Logins of before are ended. */
  setPassword(user: string, password: string): Promise<void>;
  remove(user: string): Promise<void>;
}

export interface HostAccount {
  user: string;
  kind: 'root' | 'reseller';
  privileges: readonly string[];
}

/** For root: a subject and a sentence or two, plain text. */
export interface Notice {
  subject: string;
  text: string;
  /** Whose it is about, where not root's: a list of notices lets those of one account push out no others. */
  account?: string;
}

/**
 * What the plugin gives a host to mount. Express 4 and 5, connect and node:http take it. `next` is called for what is
 * not the plugin's to answer.
 */
export type MountedApp = (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void) => void;
