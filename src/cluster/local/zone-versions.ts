import { actorOf, SELF, type Actor, type Principal } from '../../access/principal.js';
import { compareSerials } from '../../dns/serial.js';
import { sentenceOf } from '../../errors.js';
import type { Log } from '../../operations/log.js';
import type { KeptVersion } from '../../wire-format/outcome-lines.js';
import { validateZone, withLiftedSerial } from '../../zones/validation.js';
import type { ZoneHistory } from '../../zones/zone-history.js';
import type { ZoneName } from '../../zones/zone-name.js';
import type { EndedVersion } from './decision.js';
import type { LocalOutcome } from './publishing.js';
import type { LocalZones } from './local-zones.js';
import { HostsSeen } from './hosts-seen.js';

interface ZoneVersionsOptions {
  here: string;
  local: LocalZones;
  history: ZoneHistory;
  log: Log;
}

/**
 * The versions that zones had on this server: how they came, which changes ended them, and what members say that they
 * have of them.
 */
export class ZoneVersions {
  readonly hostsSeen = new HostsSeen();
  readonly #options: ZoneVersionsOptions;

  constructor(options: ZoneVersionsOptions) {
    this.#options = options;
  }

  /** This server, lower case. */
  get here(): string {
    return this.#options.here;
  }

  /** For a change: the version that it ends can be restored. */
  keep(zone: ZoneName, by: Actor): (ended: EndedVersion) => Promise<void> {
    return (ended) => this.#options.history.record(zone, { ...by, ...ended });
  }

  /**
   * Is what a member keeps a version that this server had, as its history tells? Its serial may have been lifted there.
   * What is older than all that the history has was cut from it: a later version of which this server does not know is
   * not.
   */
  async hadVersion(zone: ZoneName, kept: KeptVersion): Promise<boolean> {
    const versions = await this.#options.history.of(zone);
    const oldest = versions.at(-1);
    if (oldest !== undefined && compareSerials(kept.serial, oldest.serial) < 0) return true;
    return versions.some(({ text }) => isSame(zone, text, kept));
  }

  /** A member serves this serial: the same content is published above it, and the history says who made that needed. */
  raise(zone: ZoneName, { above, member }: { above: number; member: string }, by: Principal): Promise<LocalOutcome> {
    const { user, via } = actorOf(by);
    const why = `${via}: above serial ${above}, because of ${member}`;
    return this.#options.local.change({ kind: 'raise', name: zone, above, keep: this.keep(zone, { user, via: why }) });
  }

  /** The same by this program itself, which heals the member. Never rejects. */
  async overtake(zone: ZoneName, serial: number, member: string): Promise<void> {
    try {
      const { change, serial: ours } = await this.raise(zone, { above: serial, member }, SELF);
      if (change !== 'saved') return;
      this.#options.log.warn({ zone, member, serial, ours }, 'a member has a later serial: ours was raised above it');
    } catch (error) {
      this.#options.log.warn({ zone, error: sentenceOf(error) }, 'the serial could not be raised');
    }
  }

  /** This server has the zone under a later epoch than it knew of. False where that is not plausible. Never rejects. */
  async adopt(zone: ZoneName, epoch: number): Promise<boolean> {
    try {
      await this.#options.local.change({ kind: 'adopt', name: zone, epoch });
      this.#options.log.info({ zone, epoch }, 'a zone was handed over to this server');
      return true;
    } catch (error) {
      this.#options.log.warn({ zone, epoch, error: sentenceOf(error) }, 'a zone could not be taken as handed over');
      return false;
    }
  }
}

function isSame(name: ZoneName, text: Buffer, { serial, digest }: KeptVersion): boolean {
  try {
    return withLiftedSerial(validateZone(name, text), serial).digest === digest;
  } catch {
    return false;
  }
}
