import { z } from 'zod';
import type { ChangeOptions, ChangeResult } from '../../cluster/model/results.js';
import { lowerName, parseName, type Name } from '../../dns/name.js';
import { itemsOf } from '../../dns/rdata-items.js';
import { TYPE } from '../../dns/types.js';
import { ClusterError, isClusterError, type ErrorCode } from '../../errors.js';
import { editZone, type ZoneEdit } from '../../zones/zone-edit.js';
import {
  linesByIndex,
  readZoneLines,
  type ChangeableLine,
  type RecordLine,
  type ZoneLine,
} from '../../zones/zone-lines.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { ApiRequest } from '../requests/api-request.js';
import { changeAnswer } from './answers/change-answer.js';
import { Reasoned } from './api-function.js';

/** Lines of a zone that are answered one by one; what is larger can be had as a file. */
const MOST_LINES = 200_000;

/** What the cluster says of a zone that the caller has not, in the words that callers know. */
/** By the code of an error: the one that callers of WHM know. */
type WhmWords = Partial<Record<ErrorCode, 'zone_nonexistent' | 'dns_entry_exists'>>;

const NOT_THERE: WhmWords = {
  zone_unknown: 'zone_nonexistent',
  zone_not_yours: 'zone_nonexistent',
};

/** Who calls, and what. */
type Caller = Pick<ApiRequest, 'cluster' | 'peer'>;

/** A zone as it was read for one call: its text in lines, of which an edit makes the next text. */
export class OpenZone {
  readonly origin: Name;
  readonly lines: readonly ZoneLine[];
  readonly #byIndex: ReadonlyMap<number, ZoneLine>;

  private constructor(
    readonly name: ZoneName,
    readonly text: Buffer,
  ) {
    this.origin = lowerName(parseName(`${name}.`));
    this.lines = readZoneLines(text, name);
    if (this.lines.length > MOST_LINES) {
      const why = `names a zone of more than ${MOST_LINES} lines; use export_zone_files and savezone for it`;
      throw new ClusterError('parameter_invalid', { parameter: 'zone', why });
    }
    this.#byIndex = linesByIndex(this.lines);
  }

  /** Throws zone_nonexistent, also for a zone that is not the caller's. */
  static async read(name: ZoneName, { cluster, peer }: Caller): Promise<OpenZone> {
    return new OpenZone(name, await inWhmWords(cluster.zones.newestText(name, peer), name, NOT_THERE));
  }

  records(): RecordLine[] {
    return this.lines.filter((line) => line.kind === 'record');
  }

  get soa(): RecordLine {
    const soa = this.records().find(({ type }) => type === TYPE.SOA);
    if (soa === undefined) throw new ClusterError('zone_nonexistent');
    return soa;
  }

  get serial(): number {
    return Number(itemsOf(TYPE.SOA, this.soa.rdata)[2]);
  }

  /** The line that the caller means. Throws parameter_invalid. */
  line(index: number, parameter: string): ZoneLine {
    const line = this.#byIndex.get(index);
    if (line !== undefined) return line;
    const why = `names no entry of zone ${this.name}: read the zone again for its lines`;
    throw new ClusterError('parameter_invalid', { parameter, why });
  }

  /** As `line`, where only a record will do. */
  record(index: number, parameter: string): RecordLine {
    const line = this.line(index, parameter);
    if (line.kind === 'record') return line;
    const why = `names a line of zone ${this.name} that is no record: read the zone again for its lines`;
    throw new ClusterError('parameter_invalid', { parameter, why });
  }

  /** A line that may go: a directive holds for what is below it. Throws parameter_invalid. */
  removable(index: number, parameter: string): ChangeableLine {
    const line = this.line(index, parameter);
    if (line.kind !== 'control') return line;
    const why = `names the line ${line.directive} of zone ${this.name}, which holds for the lines below it: save the zone's whole text to change it`;
    throw new ClusterError('parameter_invalid', { parameter, why });
  }

  /** Puts the edited text in the place of this one. Throws zone_file_changed where another text is there by now. */
  async save(edit: ZoneEdit, { cluster, peer }: Caller, options: ChangeOptions): Promise<ChangeResult> {
    const next = editZone(this.name, this, edit, new Date());
    const saved = cluster.zones.save(this.name, next, peer, { ...options, ifText: this.text });
    return inWhmWords(saved, this.name, NOT_THERE);
  }
}

/** Says an error by the code that `words` has for it. */
export async function inWhmWords<T>(call: Promise<T>, zone: ZoneName, words: WhmWords = NOT_THERE): Promise<T> {
  try {
    return await call;
  } catch (error) {
    const code = isClusterError(error) ? words[error.code] : undefined;
    throw code === undefined ? error : new ClusterError(code, { zone }, { cause: error });
  }
}

/** A change in WHM's words, and how far it is. */
export const whmChangeAnswer = z.object({ new_serial: z.string().optional(), result: changeAnswer });

/** A change's answer: its reason says what the nameserver did, its data where the change has come to. */
export function whmChange(hostname: string, result: ChangeResult): Reasoned<z.input<typeof whmChangeAnswer>> {
  const { zone, local, serial } = result;
  const reason =
    local.state === 'served'
      ? `Nameserver of ${hostname} reloaded zone: [${zone}]`
      : `Nameserver of ${hostname} has not loaded zone yet: [${zone}] ${local.reason ?? ''}`.trimEnd();
  return new Reasoned(reason, { ...(serial === undefined ? {} : { new_serial: String(serial) }), result });
}
