import { defined } from '../../operations/defined.js';
import { inSlices } from '../../operations/in-slices.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { CallOptions, HeldZone, MemberChange, MemberDigests, Pushed } from '../member-backend.js';
import { SHORT_ANSWER, type Answer, type Bounds, type MemberConnection } from './member-connection.js';
import { isSerial } from '../../dns/serial.js';
import { parseConflicts, parseKept, parseOutcomes, type ZoneOutcome } from '../../wire-format/outcome-lines.js';
import { formOf, uniqueId, zoneOf, type Fields } from '../../wire-format/wire-form.js';
import { encodeOwnBundle } from '../../wire-format/zone-bundle.js';

type Upsert = MemberChange & { kind: 'upsert' };
/** To which server zones belong, as nodes of this software tell each other. */
export type HomeFields = Readonly<Record<string, string>>;

/** Octets of an answer to a write: some lines for each zone, one of which may hold a reason. */
const OF_ZONE = 4 * 1024;

function outcomesOf(zones: number, options: CallOptions | undefined): Bounds {
  return { ...options, largest: SHORT_ANSWER + zones * OF_ZONE };
}

/** What nodes of this software add to the original's wire: an outcome for each zone, its home, and digests. */
export class OwnWire implements MemberDigests {
  readonly #connection: MemberConnection;
  readonly #isOther: () => void;

  /** `isOther` is told that another program answers at this address now. */
  constructor(connection: MemberConnection, isOther: () => void) {
    this.#connection = connection;
    this.#isOther = isOther;
  }

  async save(changes: readonly Upsert[], seen: string, home: HomeFields, options?: CallOptions): Promise<Pushed[]> {
    // The identifier first, so that the member can begin with the first zone.
    const head = formOf({ hosts_seen: seen, ...home, dnsuniqid: uniqueId() });
    const parts = [head, Buffer.from('&')];
    await inSlices(changes, (change) => parts.push(encodeOwnBundle([change])));
    const body = Buffer.concat(parts);
    const answer = await this.#connection.post('/scripts2/synczones_local', body, outcomesOf(changes.length, options));
    const said = this.#outcomesOf(answer);
    const conflicts = parseConflicts(answer.body.toString('utf8'));
    const kept = parseKept(answer.body.toString('utf8'));
    return changes.map(({ name }): Pushed => {
      const outcome = said(name);
      const other = conflicts.get(name);
      const conflict = defined({ conflictWith: other });
      if (outcome.outcome === 'refused')
        return { ...refused(name, this.#connection.quote(outcome.reason)), ...conflict, ...kept.get(name) };
      if (outcome.outcome === 'passed') return { name, outcome: 'done' };
      if (outcome.outcome !== 'saved') throw this.#connection.invalid(`it removed ${name} instead of saving it`);
      return { name, outcome: 'done', serial: outcome.serial, digest: outcome.digest, ...conflict };
    });
  }

  async remove(names: readonly ZoneName[], seen: string, home: HomeFields, options?: CallOptions): Promise<Pushed[]> {
    const fields = { zones: names.join(','), hosts_seen: seen, ...home };
    const form = formOf({ ...fields, dnsuniqid: uniqueId() });
    const said = this.#outcomesOf(
      await this.#connection.post('/scripts2/removezones_local', form, outcomesOf(names.length, options)),
    );
    return names.map((name): Pushed => {
      const outcome = said(name);
      if (outcome.outcome === 'refused') return refused(name, this.#connection.quote(outcome.reason));
      return { name, outcome: 'done', ...(outcome.outcome === 'kept' ? { conflictWith: outcome.for } : {}) };
    });
  }

  /** Nodes of before that was known pass it over, and keep the zones for this server. */
  async free(zones: readonly MemberChange[], seen: string, home: HomeFields, options?: CallOptions): Promise<void> {
    const names = zones.map(({ name }) => name);
    const fields = { hosts_seen: seen, ...home, dnsuniqid: uniqueId(), free_zones: names.join(',') };
    await this.#connection.post('/scripts2/synczones_local', formOf(fields), outcomesOf(names.length, options));
  }

  /** The outcome of each zone in the answer of a node of this software. */
  #outcomesOf({ body, ours }: Answer): (name: ZoneName) => ZoneOutcome {
    if (!ours) {
      this.#isOther();
      throw this.#connection.invalid('it was a node of this software before and is none now');
    }
    const outcomes = parseOutcomes(body.toString('utf8'));
    return (name) => {
      const outcome = outcomes.get(name);
      if (outcome === undefined) throw this.#connection.invalid(`it does not say what became of ${name}`);
      return outcome;
    };
  }

  async buckets(home: string, options?: CallOptions): Promise<Map<string, string>> {
    const { body } = await this.#ask({ home }, options);
    const lines = body.toString('latin1').matchAll(/^([0-9a-f]{2}) ([0-9a-f]{64})$/gm);
    return new Map([...lines].map(([, bucket = '', hash = '']) => [bucket, hash]));
  }

  async ofBuckets(home: string, buckets: readonly string[], options?: CallOptions): Promise<HeldZone[]> {
    return heldZones(await this.#ask({ home, buckets: buckets.join(',') }, options));
  }

  async knows(server: string, options?: CallOptions): Promise<boolean> {
    const { body } = await this.#ask({ known: server }, options);
    return body.toString('latin1').trim() === '1';
  }

  async ofZones(zones: readonly ZoneName[], options?: CallOptions): Promise<HeldZone[]> {
    return heldZones(await this.#ask({ zones: zones.join(','), homes: '1' }, options));
  }

  async #ask(fields: Fields, options: CallOptions | undefined): Promise<Answer> {
    const answer = await this.#connection.post('/scripts2/zonedigests_local', formOf(fields), options);
    if (answer.ours) return answer;
    this.#isOther();
    throw this.#connection.invalid('it was a node of this software before and is none now');
  }
}

/** `NAME SERIAL DIGEST SERVER`, and where that was asked for and is known, `EPOCH ID`. */
const HELD = /^(\S+) ([0-9]{1,10}) ([0-9a-f]{64}) ([a-z0-9._:-]{1,253})(?: ([0-9]{1,10}) ([0-9a-f-]{36}|-))?$/gm;

async function heldZones({ body }: Answer): Promise<HeldZone[]> {
  const lines = body.toString('utf8').matchAll(HELD);
  const held: HeldZone[] = [];
  await inSlices(lines, ([, given = '', written, digest = '', server = '', epoch, said]) => {
    const [name, serial] = [zoneOf(given), Number(written)];
    if (name === undefined || !isSerial(serial)) return;
    const id = said === '-' ? undefined : said;
    const home = epoch === undefined ? undefined : { server, epoch: Number(epoch), ...defined({ id }) };
    held.push({ name, serial, digest, server, ...defined({ home }) });
  });
  return held;
}

function refused(name: ZoneName, reason: string): Pushed {
  return { name, outcome: 'refused', reason };
}
