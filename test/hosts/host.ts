import type { Page } from '../browser/browser.js';
import type { Wanted } from './installation.js';
import type { Answer, Visitor } from './visitor.js';

/** Where one host runs. */
export interface Place {
  /** Installed with npm: the host, and this package. */
  folder: string;
  /** Of the host's pages, of the API that peers call, of the nameserver; 127.0.0.1. */
  port: number;
  apiPort: number;
  dnsPort: number;
  /** Of all users. */
  password: string;
}

/** How it is started. */
interface Launch {
  args: readonly string[];
  env?: Readonly<Record<string, string>>;
}

/** Something of the host's that must be as if we were not there. */
export interface OwnAnswer {
  what: string;
  ask: (visitor: Visitor) => Promise<Answer>;
  status: number;
  text: RegExp;
}

/**
 * A host that nobody here wrote, or a plain one, with its users: one who is root, alice who has the privilege, bob who
 * has not.
 */
export interface Host {
  name: string;
  wanted: Wanted;
  /** What stands above our pages. */
  panel: RegExp;
  /** The name of the one who is root. */
  root: string;
  url: (place: Place) => string;
  /** The root of the port that peers call. */
  apiUrl: (place: Place) => string;
  /** Puts the adapter and the host's own configuration in place. */
  prepare: (place: Place) => Promise<Launch>;
  /** Folder that the plugin has, below the place's. */
  data: string;
  /** Logs in as the host's own pages do it. */
  logIn: (visitor: Visitor, user: string, password: string) => Promise<void>;
  /** The answer to who is not logged in. */
  refusal: { status: number; location: string };
  /** A bearer token of the host itself, and the path of its API that says whose it is. */
  hostToken: (visitor: Visitor, user: string, password: string) => Promise<string>;
  whoami: string;
  own: readonly OwnAnswer[];
  /** Logs in in a browser, and opens the host's menu. */
  signIn: (page: Page, user: string, password: string) => Promise<void>;
  openMenu: (page: Page) => Promise<void>;
}
