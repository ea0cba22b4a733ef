import { sentenceOf } from '../errors.js';
import type { ZoneHome } from '../zones/home.js';
import type { ZoneName } from '../zones/zone-name.js';

/** One zone for a member to hold or to drop. `text` is the master file, byte for byte. */
export type MemberChange = (
  | {
      kind: 'upsert';
      text: Buffer;
      serial: number;
      digest: string;
      isNew: boolean;
      /** For a zone of this server: the last serial of it that the member took, if known; else null. */
      lastGiven?: number | null;
    }
  /** `isKept`: it is given to `free` and not to `push`. */
  | { kind: 'remove'; isKept?: true }
) & {
  name: ZoneName;
  /** Host names of the servers by which the change came here; absent where it was made here. */
  hostsSeen?: readonly string[];
  /** The server that the zone belongs to. */
  home?: ZoneHome;
};

/** What became of one change at the member. */
export interface Pushed {
  name: ZoneName;
  outcome: 'done' | 'refused';
  /** The operator's sentence where refused. */
  reason?: string;
  /**
   * What the member now holds, if it says so (members with this software); after a refusal, the later version that it
   * keeps.
   */
  serial?: number;
  digest?: string;
  /**
   * Records left out because the member can't hold them, with reasons: `TXT long.example.com: longer than 255
   * characters`.
   */
  leftOut?: readonly string[];
  /** The server that has this zone there, too. Of a removal: that keeps it. */
  conflictWith?: string;
}

/** A zone as a member holds it. */
export interface HeldZone {
  name: ZoneName;
  serial: number;
  digest: string;
  /** The server that it belongs to, as the member has it; `-` where it does not know. */
  server: string;
  /** The same with its epoch, where the member tells that, too. */
  home?: ZoneHome;
}

/** Every call takes these last. */
export interface CallOptions {
  /** Cuts the call off: it rejects soon, with the signal's reason where that is a MemberError. */
  signal?: AbortSignal | undefined;
}

/** Zones of a node of this software, as it describes them without texts. `home`: those that belong to this server. */
export interface MemberDigests {
  /** A hash over the zones of each bucket (zone-digests.ts); empty buckets are absent. */
  buckets(home: string, options?: CallOptions): Promise<Map<string, string>>;
  ofBuckets(home: string, buckets: readonly string[], options?: CallOptions): Promise<HeldZone[]>;
  /** Has a server of this name sent it anything, or said who it is? */
  knows(server: string, options?: CallOptions): Promise<boolean>;
  /** Of these zones, whosever they are; what it does not hold is absent. */
  ofZones(zones: readonly ZoneName[], options?: CallOptions): Promise<HeldZone[]>;
}

export interface MemberInfo {
  /** Version that the member announces, as `11.82.0.1`. */
  version: string;
  hostname: string;
  /** Zones that its nameserver signs by itself, where it says so: it can't be in a cluster then. */
  signedZones?: string[];
  /** How many zones it holds (its own and others' too), where it says so. */
  zones?: number;
  /** When the certificate that it shows ends, milliseconds since 1970. */
  certificateEnds?: number;
}

/** How talking to a member failed: no answer, an answer that refuses us, or an answer that makes no sense. */
export const MEMBER_FAILURES = ['unreachable', 'refused', 'invalid_answer', 'certificate_changed'] as const;
export type MemberFailure = (typeof MEMBER_FAILURES)[number];

/** Of a sentence, characters: it is kept, shown and sent by mail. */
const LONGEST_SENTENCE = 2_000;

/** A call to a member failed as a whole; the message is the operator's sentence. Single zones fail through `Pushed`. */
export class MemberError extends Error {
  readonly failure: MemberFailure;
  constructor(failure: MemberFailure, sentence: string, options?: ErrorOptions) {
    super(sentence.slice(0, LONGEST_SENTENCE), options);
    this.name = 'MemberError';
    this.failure = failure;
  }
}

/** Why a call to a member failed, as it is stored: the sentence for people, and the kind of failure if known. */
export interface Failure {
  kind?: MemberFailure;
  sentence: string;
}

export function failureOf(error: unknown): Failure {
  const sentence = sentenceOf(error);
  return error instanceof MemberError ? { kind: error.failure, sentence } : { sentence };
}

/** The network failed in the middle of a call, and is back: it says nothing of what was sent. */
export class BrokenOff extends MemberError {}

/** Cut off from here: it says nothing of the member. */
export class CutOff extends MemberError {
  constructor() {
    super('unreachable', 'The call was cut off: this server stops, or nobody waits for the answer.');
  }
}

/** A server shows another key, which the accepted one signed, maybe by some in between. */
export interface KeyRenewal {
  /** Pins (key-pin.ts) of the accepted key and of those that follow it, the shown one last. */
  from: string;
  keys: readonly string[];
  /** Of the certificate that is shown now. */
  fingerprint: string;
}

/** Keeps a key that is trusted from then on. Rejects with MemberError where a person must look. */
export type KeepRenewal = (renewal: KeyRenewal) => Promise<void>;

/** The backend that talks to one member; one class a member type. Every method rejects with MemberError. */
export interface MemberBackend {
  /** It gives zones serials of its own, so that DNS can't tell which version it serves. */
  readonly ownSerials?: boolean | undefined;
  /** Where its nameserver answers, so that it can be queried. */
  readonly dns?: { host: string; port: number } | undefined;
  /** Where it can tell digests: known after it was probed. */
  readonly digests?: MemberDigests | undefined;
  /** The largest number of zones in one `push`; may rise when more is known of the member. */
  readonly batch: number;
  /** Version and host name: proves address, certificate and token. */
  probe(options?: CallOptions): Promise<MemberInfo>;
  /** The names of the zones that it holds. */
  zoneList(options?: CallOptions): Promise<ZoneName[]>;
  /** The text of these zones; what it does not hold is absent. */
  zones(names: readonly ZoneName[], options?: CallOptions): Promise<Map<ZoneName, Buffer>>;
  /** Does it hold this zone? */
  zoneExists(name: ZoneName, options?: CallOptions): Promise<boolean>;
  /** Upserts and removals in one batch, one outcome for each change, in their order. */
  push(changes: readonly MemberChange[], options?: CallOptions): Promise<Pushed[]>;
  /** Says that this server lets zones go, which the member keeps: where it knows whose its zones are. */
  readonly free?: ((changes: readonly MemberChange[], options?: CallOptions) => Promise<void>) | undefined;
  /**
   * Asks it to take us for a member in return: it calls `address` back with this user and token before it does so. Its
   * answer is its operator's sentence.
   */
  readonly requestTrust?:
    | ((
        request: { user: string; address: string; token: string },
        options?: CallOptions,
      ) => Promise<{ established: boolean; said: string }>)
    | undefined;
  /** The version that it tells those who call it; the first thing to ask of one who gave us a token. */
  readonly showVersion?: ((options?: CallOptions) => Promise<string>) | undefined;
  /** From now on a key that the accepted one signed is trusted, too, when `keep` has kept it; it may refuse. */
  readonly followKeys?: ((keep: KeepRenewal) => void) | undefined;
  /** Ends running calls that hear nothing any more; they reject with BrokenOff. The next calls connect anew. */
  readonly breakOff?: (() => void) | undefined;
  /** Closes kept-alive connections. Idempotent. */
  close(): Promise<void>;
}

/** What `call` resolves with; where it rejects, the backend is closed first. */
export async function orClose<T>(backend: MemberBackend, call: () => T | Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    await backend.close();
    throw error;
  }
}
