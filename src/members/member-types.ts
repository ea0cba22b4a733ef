import { isIP } from 'node:net';
import type { Principal } from '../access/principal.js';
import { ClusterError, isClusterError, sentenceOf } from '../errors.js';
import { cpanel } from './cpanel/cpanel-type.js';
import { softLayer } from './hosted/softlayer.js';
import { vpsNet } from './hosted/vpsnet.js';
import { MemberError, orClose, type CallOptions, type MemberBackend } from './member-backend.js';
import type {
  LookedAt,
  MemberContext,
  MemberField,
  MemberType,
  MemberValues,
  ProofContext,
  ProvenValues,
} from './member-type.js';
import { powerDnsApi } from './powerdns-api/powerdns-api.js';
import type { Reach } from './reach.js';

/** In the order of the Backend Type menu: servers, then services. An operator's own types stand between them. */
export const BUILT_IN_TYPES: readonly [MemberType, ...MemberType[]] = [cpanel, softLayer, vpsNet, powerDnsApi];

/** What is the same for all members of this server. */
type Here = Pick<MemberContext, 'log' | 'own'>;

const LONGEST = { text: 4096, bigtext: 64 * 1024, binary: 1, radio: 200, ip: 64 };
/** What each kind of field takes. */
const TAKES: Readonly<
  Record<MemberField['type'], { check: (value: string, field: MemberField) => boolean; wants: string }>
> = {
  text: { check: (value) => !/[\r\n]/.test(value), wants: 'one line of text' },
  bigtext: { check: () => true, wants: 'a text' },
  binary: { check: (value) => value === '0' || value === '1', wants: '0 or 1' },
  radio: {
    check: (value, { options = [] }) => options.some((option) => option.value === value),
    wants: 'one of its options',
  },
  ip: { check: (value) => isIP(value) !== 0, wants: 'an IP address' },
};

/** The member types of this server, by their names. */
export class MemberTypes {
  readonly #types: ReadonlyMap<string, MemberType>;
  readonly #here: Here;

  /** The first of two types with one name counts. */
  constructor(types: readonly MemberType[], here: Here) {
    this.#types = new Map([...types].reverse().map((type) => [type.type, type]));
    this.#here = here;
  }

  list(): MemberType[] {
    return [...this.#types.values()].reverse();
  }

  /** Those of which this principal may add members. */
  listFor({ kind }: Principal): MemberType[] {
    return this.list().filter(({ resellers }) => kind === 'root' || resellers === true);
  }

  get(type: string): MemberType | undefined {
    return this.#types.get(type);
  }

  /**
   * The checked values of its fields, with defaults for missing ones. Throws member_type_unknown, member_field_invalid.
   */
  check(type: string, given: Readonly<Record<string, string>>): MemberValues {
    return Object.fromEntries(this.#known(type).fields.map((field) => [field.name, valueOf(field, given)]));
  }

  /** Throws member_type_unknown, member_type_of_root, member_field_invalid. */
  create(type: string, values: MemberValues, of: Omit<MemberContext, keyof Here> = {}): MemberBackend {
    const known = this.#known(type);
    refuseOutside(known, of.reach);
    try {
      return known.create(values, { ...this.#here, ...of });
    } catch (error) {
      if (isClusterError(error)) throw error;
      throw new ClusterError('member_field_invalid', { why: sentenceOf(error) });
    }
  }

  /** As `create`, for a stored member: if its type is gone or now refuses its values, each call fails. */
  reopen(type: string, values: MemberValues, of: Omit<MemberContext, keyof Here>): MemberBackend {
    try {
      return this.create(type, values, of);
    } catch (error) {
      return unusable(sentenceOf(error));
    }
  }

  /**
   * Proves what was given of a member-to-be, before anything is kept; the caller closes the backend. Rejects with
   * MemberError, and with ClusterError: member_type_unknown, member_type_of_root, member_field_invalid, and
   * what its type refuses.
   */
  async prove(type: string, given: MemberValues, of: Omit<ProofContext, keyof Here>): Promise<ProvenValues> {
    const known = this.#known(type);
    if (known.prove !== undefined) {
      refuseOutside(known, of.reach);
      return known.prove(given, { ...this.#here, ...of });
    }
    const values = this.check(type, given);
    const backend = this.create(type, values, { reach: of.reach });
    const info = await orClose(backend, () => backend.probe({ signal: of.signal }));
    return { values, info, backend };
  }

  /** The certificate that a server shows which may become a member of this type. Rejects as `prove` does. */
  async lookAt(
    type: string,
    given: MemberValues,
    of: Omit<MemberContext, keyof Here> & CallOptions,
  ): Promise<LookedAt> {
    const known = this.#known(type);
    refuseOutside(known, of.reach);
    if (known.lookAt !== undefined) return known.lookAt(given, { ...this.#here, ...of });
    throw new ClusterError('member_field_invalid', { why: `${known.label} shows no certificate` });
  }

  /** Values that may be shown. */
  shown(type: string, values: MemberValues): MemberValues {
    const fields = this.#types.get(type)?.fields ?? [];
    return Object.fromEntries(
      fields.flatMap(({ name, secret }) => (secret === true ? [] : [[name, values[name] ?? '']])),
    );
  }

  #known(type: string): MemberType {
    const known = this.#types.get(type);
    if (known === undefined) {
      const types = this.list()
        .map((one) => one.type)
        .join(', ');
      throw new ClusterError('member_type_unknown', { type: type.slice(0, 60), types });
    }
    return known;
  }
}

/** Throws member_type_of_root. `reach`: of a reseller's member. */
function refuseOutside({ label, resellers }: MemberType, reach: Reach | undefined): void {
  if (reach !== undefined && resellers !== true) throw new ClusterError('member_type_of_root', { type: label });
}

function valueOf(field: MemberField, given: Readonly<Record<string, string>>): string {
  const { name, label, type } = field;
  const raw = Object.hasOwn(given, name) ? given[name] : undefined;
  const value = type === 'bigtext' ? raw : raw?.trim();
  if (value === undefined || value === '') {
    const absent = field.default ?? (type === 'binary' ? '0' : undefined);
    if (absent === undefined) throw new ClusterError('member_field_invalid', { why: `${label} is needed` });
    return absent;
  }
  const { check, wants } = TAKES[type];
  if (value.length > LONGEST[type] || !check(value, field)) {
    throw new ClusterError('member_field_invalid', { why: `${label} must be ${wants}` });
  }
  return value;
}

function unusable(why: string): MemberBackend {
  const fail = (): Promise<never> => Promise.reject(new MemberError('refused', why));
  return {
    batch: 1,
    probe: fail,
    zoneList: fail,
    zones: fail,
    zoneExists: fail,
    push: fail,
    close: () => Promise.resolve(),
  };
}
