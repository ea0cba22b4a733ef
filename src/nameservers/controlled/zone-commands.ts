import type { ZoneName } from '../../zones/zone-name.js';
import type { Applied, ZoneChange } from '../nameserver.js';

export type Upsert = Extract<ZoneChange, { kind: 'upsert' }>;

/** A zone, and the master file that the server is told to load. */
export interface ZoneFile {
  name: ZoneName;
  /** Absolute path. */
  file: string;
}

/** Zones that the server said no to, each with the operator's sentence. */
export type Refusals = Map<ZoneName, string>;

/**
 * How one kind of server is given zones, over its control channel; all that differs between kinds. What the server
 * answers is a hint only: ZoneLoader asks over DNS what it then serves. A call rejects where the server could not be
 * asked, and may then be made again: a zone that is already there, or already gone, is no error.
 */
export interface ZoneCommands {
  /** Zones that we gave to the server, as our record on disk has them; written before the server is told. */
  readonly size: number;
  get(name: ZoneName): ZoneFile | undefined;
  list(): ZoneFile[];
  /**
   * Makes the server read these files again. Resolves with those that it turned out not to know: they are to be added.
   */
  reload(zones: readonly Upsert[], refusals: Refusals): Promise<Upsert[]>;
  /**
   * Gives new zones to the server: singly, or in bulk where they are many. One that the server has from elsewhere is
   * refused.
   */
  add(zones: readonly Upsert[], refusals: Refusals): Promise<void>;
  /** Takes zones away, from the server and from our record. The files are the store's and stay. */
  remove(names: readonly ZoneName[]): Promise<void>;
  /**
   * What the checker that comes with the server says against a file, and nothing where it finds nothing. Absent for a
   * server that reads every master file as we do; else a zone whose text is refused is tried once more in a plain form
   * (PlainFiles).
   */
  faultOf?(zone: ZoneFile): Promise<string | undefined>;
  /**
   * Looks closer at a zone that is late in being served as it should: the final outcome with the server's reason (by
   * the checker that comes with the server), or nothing where the zone may still come.
   */
  inspect(change: ZoneChange, seen: Applied): Promise<Applied | undefined>;
}
