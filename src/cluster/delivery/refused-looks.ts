import type { HeldZone } from '../../members/member-backend.js';
import { isSameServer } from '../../zones/home.js';
import { ROOT } from '../model/member.js';
import type { Backlog } from './backlog.js';
import type { Contact } from './contact.js';
import type { MemberWorkerOptions } from './worker-options.js';

/** Milliseconds: nobody answers for a zone from when its server lets it go until the next look. */
const EVERY = 2_000;
const TIMEOUT = 10_000;
/** Zones in one look; where there are more, they take turns. */
const MOST = 500;

type Options = Pick<MemberWorkerOptions, 'record' | 'store' | 'versions'>;

/**
 * Asks a node of this software whose the zones are that it refused: one that their server let go, or handed over to
 * this one, is sent again at once.
 */
export class RefusedLooks {
  readonly #options: Options;
  readonly #backlog: Backlog;
  readonly #contact: Contact;
  readonly #released: () => void;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;

  /** `released` is told that zones can be sent again. */
  constructor(options: Options, { backlog, contact }: { backlog: Backlog; contact: Contact }, released: () => void) {
    this.#options = options;
    this.#backlog = backlog;
    this.#contact = contact;
    this.#released = released;
  }

  start(): void {
    this.#timer ??= setInterval(() => {
      // It may be busy for longer than that.
      this.#looking ??= this.#look()
        .catch(() => undefined)
        .finally(() => (this.#looking = undefined));
    }, EVERY).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  async #look(): Promise<void> {
    const names = this.#backlog.nextRefused(MOST);
    if (names.length === 0 || this.#contact.health.state !== 'online' || !this.#options.record.writes) return;
    // What is not asked is no answer that counts.
    if (!(await this.#contact.using(({ digests }) => Promise.resolve(digests !== undefined)))) return;
    const held = await this.#contact.ask(async ({ digests }, options) => digests?.ofZones(names, options), TIMEOUT);
    if (held === undefined) return;
    const rows = new Map(held.map((row) => [row.name, row]));
    let isReleased = false;
    for (const name of names) {
      const row = rows.get(name);
      const isFree = this.#backlog.holderIs(name, row?.server ?? '');
      if (!(row !== undefined && (await this.#isOurs(row))) && !isFree) continue;
      this.#backlog.tryAgain(name);
      isReleased = true;
    }
    if (isReleased) this.#released();
  }

  /** Was it handed over to this server? Then under a later epoch than is known here. Root's members are believed. */
  async #isOurs({ name, home }: HeldZone): Promise<boolean> {
    const { record, store, versions } = this.#options;
    const ours = store.get(name)?.home;
    const isOurs = home !== undefined && ours !== undefined && isSameServer(home, ours) && home.epoch > ours.epoch;
    return isOurs && record.member.owner === ROOT && (await versions.adopt(name, home.epoch));
  }
}
