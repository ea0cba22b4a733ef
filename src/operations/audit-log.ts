import { rename } from 'node:fs/promises';
import { sentenceOf } from '../errors.js';
import { appendLines, dropTornLine } from './append-lines.js';
import { auditEntry, BEGINNING, chained, verifyAudit } from './audit-chain.js';
import type { AuditEntry, AuditVerdict, ChainEnd } from './audit-chain.js';
import { lastLines } from './last-lines.js';
import type { Log } from './log.js';

/** A file of this size is set aside as `.1`, which replaces the one before: some 30,000 entries are kept. */
const LARGEST = 8 * 1024 * 1024;
const MODE = 0o600;
const MOST_LISTED = 1_000;
/** Entries that wait for a disk that takes none; what is beyond is counted in the log. */
const MOST_WAITING = 10_000;
const AGAIN = 30_000;

/** Of an audit log, the files that are kept, the oldest first. */
export function auditFiles(file: string): [older: string, present: string] {
  return [`${file}.1`, file];
}

/**
 * Who did what and when, in a file of lines of which each says by its hash which one stood before it: a line that is
 * changed, put in or taken out later breaks the chain. A full disk stops no change; its entries wait and are written
 * when there is room.
 */
export class AuditLog {
  readonly #file: string;
  readonly #log: Log;
  #writing: Promise<void>;
  #waiting: AuditEntry[] = [];
  /** Entries that did not even find room to wait. */
  #lost = 0;
  #end: ChainEnd = BEGINNING;
  #size = 0;
  #broken: AuditVerdict['broken'];
  #again: NodeJS.Timeout | undefined;
  #isFailing = false;

  /** What was written before is verified first; where it is broken that is logged, and the chain goes on behind it. */
  constructor(file: string, log: Log) {
    this.#file = file;
    this.#log = log;
    this.#writing = this.#verify();
  }

  /** Is written when it resolves, but on a full disk. Never rejects. */
  record(entry: AuditEntry): Promise<void> {
    if (this.#waiting.length >= MOST_WAITING) this.#lost++;
    else this.#waiting.push(entry);
    return this.#writeSoon();
  }

  /** The latest entries that are `wanted`, the newest first. */
  async latest(limit: number, wanted: (entry: AuditEntry) => boolean = () => true): Promise<AuditEntry[]> {
    await this.#writing;
    const found: AuditEntry[] = [];
    for (const file of auditFiles(this.#file).reverse()) {
      for await (const line of lastLines(file)) {
        if (found.length >= Math.min(limit, MOST_LISTED)) return found;
        const read = auditEntry.safeParse(parsed(line));
        if (read.success && wanted(read.data)) found.push(read.data);
      }
    }
    return found;
  }

  /** The last entry that is written: kept elsewhere, it proves later that nothing before it was changed. */
  get end(): ChainEnd {
    return this.#end;
  }

  /** Where it was not as it was written, when this program started. */
  get broken(): AuditVerdict['broken'] {
    return this.#broken;
  }

  /** Everything recorded is written, as far as the disk takes it. */
  async close(): Promise<void> {
    clearTimeout(this.#again);
    await this.#writeSoon();
  }

  async #verify(): Promise<void> {
    try {
      this.#size = dropTornLine(this.#file);
      const { end, broken, lines } = await verifyAudit(auditFiles(this.#file));
      this.#end = end;
      this.#broken = broken;
      if (broken !== undefined) this.#log.error(broken, 'the audit log was changed by somebody, or is damaged');
      if (lines > 0) this.#log.info(end, 'the audit log goes on behind this entry');
    } catch (error) {
      this.#log.error({ error: sentenceOf(error) }, 'the audit log could not be read');
    }
  }

  /** Entries of one moment are written together, by the first of them. */
  #writeSoon(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    const waiting = [...this.#waiting];
    if (waiting.length === 0) return;
    let end = this.#end;
    const lines = [...this.#ofLost(), ...waiting].map((entry) => {
      const next = chained(entry, end);
      end = next.end;
      return next.line;
    });
    try {
      if (this.#size > LARGEST) await this.#setAside();
      this.#size = appendLines(this.#file, lines.join(''), MODE);
      this.#end = end;
      this.#lost = 0;
      this.#isFailing = false;
      this.#waiting = this.#waiting.slice(waiting.length);
    } catch (error) {
      if (!this.#isFailing)
        this.#log.error({ error: sentenceOf(error) }, 'the audit log cannot be written: its entries wait');
      this.#isFailing = true;
      clearTimeout(this.#again);
      this.#again = setTimeout(() => void this.#writeSoon(), AGAIN).unref();
    }
  }

  async #setAside(): Promise<void> {
    await rename(this.#file, auditFiles(this.#file)[0]);
    this.#size = 0;
  }

  #ofLost(): AuditEntry[] {
    if (this.#lost === 0) return [];
    const target = `${this.#lost} entries`;
    return [{ time: new Date().toISOString(), user: 'root', via: 'this server', action: 'auditEntriesLost', target }];
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
