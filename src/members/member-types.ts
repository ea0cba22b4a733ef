import { isIP } from 'node:net';
import type { Principal } from '../access/principal.js';
import { ClusterError, isClusterError, sentenceOf } from '../errors.js';
import type { Log } from '../operations/log.js';
import { softLayer } from './hosted/softlayer.js';
import { vpsNet } from './hosted/vpsnet.js';
import { MemberError, type MemberBackend } from './member-backend.js';
import type { MemberField, MemberType, MemberValues } from './member-type.js';
import { powerDnsApi } from './powerdns-api/powerdns-api.js';
import type { Reach } from './reach.js';

/** Beside the original's wire, in the order of the Backend Type menu. */
export const BUILT_IN_TYPES: readonly MemberType[] = [softLayer, vpsNet, powerDnsApi];

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

/** The member types of this server beside the original's wire, by their names. */
export class MemberTypes {
  readonly #types: ReadonlyMap<string, MemberType>;
  readonly #log: Log;

  /** The first of two types with one name counts. */
  constructor(types: readonly MemberType[], log: Log) {
    this.#types = new Map([...types].reverse().map((type) => [type.type, type]));
    this.#log = log;
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

  /** `reach`: of a reseller's member. Throws member_type_unknown, member_type_of_root, member_field_invalid. */
  create(type: string, values: MemberValues, reach?: Reach): MemberBackend {
    const known = this.#known(type);
    if (reach !== undefined && known.resellers !== true) {
      throw new ClusterError('member_type_of_root', { type: known.label });
    }
    try {
      return known.create(values, { log: this.#log, reach });
    } catch (error) {
      if (isClusterError(error)) throw error;
      throw new ClusterError('member_field_invalid', { why: sentenceOf(error) });
    }
  }

  /** As `create`, for a stored member: if its type is gone or now refuses its values, each call fails. */
  reopen(type: string, values: MemberValues, reach?: Reach): MemberBackend {
    try {
      return this.create(type, values, reach);
    } catch (error) {
      return unusable(sentenceOf(error));
    }
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
      const types = ['cpanel', ...this.#types.keys()].join(', ');
      throw new ClusterError('member_type_unknown', { type: type.slice(0, 60), types });
    }
    return known;
  }
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
