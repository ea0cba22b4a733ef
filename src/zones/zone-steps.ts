import { inSlices } from '../operations/in-slices.js';
import { validateZone } from './validation.js';
import type { StepFiles } from './replayed-files.js';
import { isSame } from './zone-files.js';
import type { ZoneEntry, ZoneIndex } from './zone-index.js';
import type { JournalStep } from './journal/zone-journal.js';
import type { ZoneName } from './zone-name.js';

/** What the steps of the journal do to master files and index, live and when they are replayed. */
export class ZoneSteps {
  /** Zones whose files were touched and are not yet synced. */
  touched = new Set<ZoneName>();
  readonly #files: StepFiles;
  readonly #index: ZoneIndex;

  constructor(files: StepFiles, index: ZoneIndex) {
    this.#files = files;
    this.#index = index;
  }

  /** Does all that needs room on disk, so that `perform` does not fail for want of it. Returns the temporary files. */
  async prepare(steps: readonly JournalStep[]): Promise<Map<JournalStep, string>> {
    const prepared = new Map<JournalStep, string>();
    try {
      await inSlices(steps, (step) => {
        if (step.kind !== 'write') return;
        const { temporary, stamp } = this.#files.prepare(step.entry.name, step.text);
        step.stamp = stamp;
        prepared.set(step, temporary);
        if (this.#succeeds(step.entry)) this.#keepPrevious(step.entry.name);
      });
    } catch (error) {
      this.discard(prepared);
      throw error;
    }
    return prepared;
  }

  /** Takes back what was prepared. */
  discard(prepared: ReadonlyMap<JournalStep, string>): void {
    for (const [step, file] of prepared) {
      this.#files.discard(file);
      if (step.kind === 'write' && this.#succeeds(step.entry)) this.#files.dropPrevious(step.entry.name);
    }
  }

  async performAll(steps: readonly JournalStep[], prepared: ReadonlyMap<JournalStep, string>): Promise<void> {
    await inSlices(steps, (step) => this.perform(step, prepared.get(step)));
  }

  /** Done again (replay after a crash) it comes to the same. */
  perform(step: JournalStep, prepared?: string): void {
    const { entries, tombstones, unconfirmed, written } = this.#index;
    if (step.kind === 'write') {
      const { name } = step.entry;
      const held = entries.get(name);
      const succeeds = this.#succeeds(step.entry);
      if (succeeds) this.#keepPrevious(name);
      // What a replay finds of a new zone came from a later step, and may never have reached the disk.
      if (held === undefined && prepared === undefined) this.#files.dropPrevious(name);
      const { temporary, stamp } =
        prepared === undefined ? this.#files.prepare(name, step.text) : { temporary: prepared, stamp: step.stamp };
      this.#files.place(temporary, name);
      if (stamp !== undefined) written.set(name, stamp);
      if (held === undefined || succeeds) unconfirmed.set(name, held ?? (step.found === true ? 'found' : 'new'));
      this.#index.set(step.entry);
      this.touched.add(name);
    } else if (step.kind === 'confirm') {
      for (const name of step.names) {
        if (typeof unconfirmed.get(name) !== 'string') this.#files.dropPrevious(name);
        unconfirmed.delete(name);
      }
    } else if (step.kind === 'own') {
      this.#own(step.names, step.owner);
    } else if (step.kind === 'disown') {
      if (step.entry === undefined) this.#index.delete(step.name);
      else this.#index.set(step.entry);
      unconfirmed.delete(step.name);
      written.delete(step.name);
      this.#files.dropPrevious(step.name);
    } else {
      this.#index.delete(step.name);
      unconfirmed.delete(step.name);
      written.delete(step.name);
      if (step.kind === 'remove') tombstones.set(step.name, step.tombstone);
      this.#files.remove(step.name);
      this.#files.dropPrevious(step.name);
      this.touched.add(step.name);
    }
  }

  /** The step back from an unconfirmed version. Where the text before it is not here, the file stays. */
  back(name: ZoneName): JournalStep | undefined {
    const previous = this.#index.unconfirmed.get(name);
    if (previous === undefined) return undefined;
    if (previous === 'new') return { kind: 'withdraw', name };
    if (previous === 'found') return { kind: 'disown', name };
    const text = this.#files.readPrevious(name);
    const isSound = text !== undefined && isText(text, previous);
    return isSound ? { kind: 'write', entry: previous, text } : { kind: 'disown', name, entry: previous };
  }

  /** Also of the version before: whoever goes back to it goes back to no other owner. */
  #own(names: readonly ZoneName[], owner: string): void {
    const { entries, unconfirmed } = this.#index;
    for (const name of names) {
      const held = entries.get(name);
      const before = unconfirmed.get(name);
      if (held !== undefined) this.#index.set({ ...held, owner });
      if (typeof before === 'object') unconfirmed.set(name, { ...before, owner });
    }
  }

  /** A file that a person changed is no version to go back to. */
  #keepPrevious(name: ZoneName): void {
    if (isSame(this.#index.written.get(name), this.#files.stat(name))) this.#files.keepPrevious(name);
  }

  /** Is this a new version of a zone that is confirmed? Only what the nameserver served is worth going back to. */
  #succeeds({ name, digest }: ZoneEntry): boolean {
    const held = this.#index.entries.get(name);
    return held !== undefined && held.digest !== digest && !this.#index.unconfirmed.has(name);
  }
}

function isText(text: Buffer, { name, digest }: ZoneEntry): boolean {
  try {
    return validateZone(name, text).digest === digest;
  } catch {
    return false;
  }
}
