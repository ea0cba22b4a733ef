import { Different, InHand } from '../../access/account-limits.js';
import type { Principal } from '../../access/principal.js';
import { revisionOf } from '../../state/revision.js';
import type { NewMember } from '../model/member-status.js';
import { fromMember } from './failures.js';

/** Of one account at a time. */
const MOST_CALLS = 8;
/** Servers that are none of an account's members and are called for it within this time, milliseconds. */
const MOST_STRANGERS = 20;
const STRANGERS_WITHIN = 3600_000;

/** Calls that somebody waits for, with the limits that keep one account from using this server to look around. */
export class MemberCalls {
  readonly #inHand = new InHand('calls to servers in hand', MOST_CALLS);
  readonly #strangers = new Different('servers that were called within an hour', MOST_STRANGERS, STRANGERS_WITHIN);

  /** To one of the caller's members. Rejects with member_call_failed, account_limit. */
  toMember<T>(by: Principal, call: () => T | Promise<T>): Promise<T> {
    return this.#inHand.run(by, () => fromMember(Promise.resolve().then(call)));
  }

  /** To a server that is no member yet. */
  toStranger<T>(
    by: Principal,
    stranger: { host: string; port: number | undefined } | NewMember,
    call: () => Promise<T>,
  ): Promise<T> {
    return this.toMember(by, () => {
      const { host, port } =
        'values' in stranger ? { host: stranger.type, port: revisionOf(stranger, ['values']) } : stranger;
      this.#strangers.note(by, `${host} ${port ?? ''}`);
      return call();
    });
  }
}
