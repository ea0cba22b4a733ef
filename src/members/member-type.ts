import type { Log } from '../operations/log.js';
import type { MemberBackend } from './member-backend.js';
import type { Reach } from './reach.js';

/** One field of a member type's configuration form. */
export interface MemberField {
  /** Names the value in forms and in the API: lower-case letters, digits, `_`. */
  name: string;
  label: string;
  /** `binary` is a checkbox, `1` or `0`; `ip` an IPv4 or IPv6 address. */
  type: 'text' | 'bigtext' | 'binary' | 'radio' | 'ip';
  /** Stands where nothing is given. A field without one must be given, but for a checkbox, which is `0` then. */
  default?: string;
  /** What a radio offers. */
  options?: readonly { value: string; label: string }[];
  /** A sentence below the field. */
  help?: string;
  /** Never shown again, and in no log. */
  secret?: true;
}

/** The values of a type's fields, checked: each field has one. */
export type MemberValues = Readonly<Record<string, string>>;

/** A kind of member: how it is called, what an operator gives to add one, and how it is talked to. */
export interface MemberType {
  /** In the state file and the API, as `softlayer`: lower-case letters, digits, `-`. */
  type: string;
  /** In the Backend Type menu. */
  label: string;
  fields: readonly MemberField[];
  /**
   * Resellers may add such members: it connects only by `reach` and touches nothing on this machine. Else only root.
   */
  resellers?: true;
  /**
   * A backend for one member. Asks nothing of it yet: `probe` proves the values. Throws an Error with a sentence where
   * a value makes no sense in itself. `reach` is where it may be, of a reseller's member: its connections must go by
   * that.
   */
  create(values: MemberValues, context: { log: Log; reach?: Reach | undefined }): MemberBackend;
}
