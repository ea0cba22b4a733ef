import type { Log } from '../operations/log.js';
import type { CallOptions, MemberBackend, MemberInfo } from './member-backend.js';
import type { OwnIdentity } from './own-identity.js';
import type { Reach } from './reach.js';
import type { Transaction } from './transactions.js';

/** The member type of the original's wire: a cPanel & WHM server, or another node of this software. */
export const CPANEL = 'cpanel';

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

/** What the members of every type are talked to with. */
export interface MemberContext {
  log: Log;
  /** This server, as it tells members and as one could be mistaken for it. */
  own: OwnIdentity;
  /** Where it may be, of a reseller's member: its connections must go by that. Everywhere where absent. */
  reach?: Reach | undefined;
  /** Its host name, where it is known. */
  name?: string | undefined;
  /** Debug mode: is told of every call. */
  record?: ((transaction: Transaction) => void) | undefined;
}

/** The same for a member that is in no table yet. */
export interface ProofContext extends MemberContext {
  /** Cuts the proof off. */
  signal: AbortSignal;
  /** Throws member_exists where a member of this type has `same` values. `named`: as the operator named it. */
  refuseTwin: (same: (values: MemberValues) => boolean, named: string) => void;
}

/** A member-to-be that answered as it should: the values to keep, and the connections to go on with. */
export interface ProvenValues {
  values: MemberValues;
  info: MemberInfo;
  backend: MemberBackend;
  /** Our own address as it was seen on the way there; absent for a service. */
  ownAddress?: string | undefined;
}

/** A server before it is added: where it is, and the certificate that it shows. */
export interface LookedAt {
  host: string;
  port: number;
  fingerprint: string;
  /** Of its key (key-pin.ts). */
  keyPin: string;
  issuer: string;
  /** When it ends, ISO time; absent where that makes no sense. */
  ends?: string;
  /** Why the authorities do not vouch for it under this host name; absent where they do. */
  unvouched?: string;
}

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
   * a value makes no sense in itself.
   */
  create(values: MemberValues, context: MemberContext): MemberBackend;
  /**
   * Proves a member-to-be by more than its fields and `probe`. `given` is as it came: the type checks it. The caller
   * closes the backend. Rejects with ClusterError or MemberError, and leaves nothing open then.
   */
  prove?(given: MemberValues, context: ProofContext): Promise<ProvenValues>;
  /** The certificate that a server shows, to be accepted before a secret is sent. Rejects as `prove` does. */
  lookAt?(given: MemberValues, context: MemberContext & CallOptions): Promise<LookedAt>;
}
