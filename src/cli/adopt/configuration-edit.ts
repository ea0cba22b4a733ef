import { chmod, chown, copyFile, readFile, realpath, stat } from 'node:fs/promises';
import { constants } from 'node:fs';
import { askProgram } from '../../nameservers/configured/configuration-reading.js';
import type { StatementPlace } from '../../nameservers/configured/configured-zone.js';
import type { OperatedServer } from '../../nameservers/server-kind.js';
import { replaceFile } from '../../state/durable-file.js';

/** A zone's statement in the operator's configuration. */
export interface ZoneStatement {
  zone: string;
  place: StatementPlace;
}

interface EditedFile {
  /** As it was found; one character an octet. */
  text: string;
  gone: Map<string, StatementPlace>;
}

/**
 * Takes zones' statements out of a nameserver's configuration, and puts them back. Each file is copied beside itself
 * before its first change, and keeps its owner and mode.
 */
export class ConfigurationEdit {
  /** Copies that were made. */
  readonly copies: string[] = [];
  readonly #server: OperatedServer;
  readonly #configuration: string;
  readonly #suffix: string;
  readonly #files = new Map<string, EditedFile>();

  /** `configuration`: the file with which the server is started, to be checked as a whole. */
  constructor(server: OperatedServer, configuration: string, now = new Date()) {
    this.#server = server;
    this.#configuration = configuration;
    this.#suffix = `.before-adopt-${now.toISOString().replaceAll(/[-:]|\..*/g, '')}`;
  }

  /** Rejects, with everything as it was, where the server would refuse the configuration without them. */
  async takeOut(statements: readonly ZoneStatement[]): Promise<void> {
    for (const { zone, place } of statements) (await this.#fileOf(zone, place)).gone.set(zone, place);
    try {
      await this.#write(statements);
      const checker = this.#server.checker?.(this.#configuration);
      if (checker !== undefined) await askProgram(this.#configuration, checker);
    } catch (error) {
      await this.putBack(statements);
      throw error;
    }
  }

  async putBack(statements: readonly ZoneStatement[]): Promise<void> {
    for (const { zone, place } of statements) this.#files.get(await realpath(place.file))?.gone.delete(zone);
    await this.#write(statements);
  }

  /** Rejects where the file has changed since the places were found. */
  async #fileOf(zone: string, place: StatementPlace): Promise<EditedFile> {
    const path = await realpath(place.file);
    const known = this.#files.get(path);
    const file = known ?? { text: await readFile(path, 'latin1'), gone: new Map<string, StatementPlace>() };
    const statement = file.text.slice(place.start, place.end).toLowerCase();
    if (!statement.includes(zone.toLowerCase())) throw new Error(`${path} was changed meanwhile; try again.`);
    if (known === undefined) {
      await copyFile(path, path + this.#suffix, constants.COPYFILE_EXCL);
      this.copies.push(path + this.#suffix);
      this.#files.set(path, file);
    }
    return file;
  }

  async #write(statements: readonly ZoneStatement[]): Promise<void> {
    const paths = new Set(await Promise.all(statements.map(({ place }) => realpath(place.file))));
    for (const path of paths) {
      const file = this.#files.get(path);
      if (file === undefined) continue;
      const { uid, gid, mode } = await stat(path);
      await replaceFile(path, Buffer.from(this.#textOf(file), 'latin1'), mode & 0o777);
      await chown(path, uid, gid);
      await chmod(path, mode & 0o7777);
    }
  }

  #textOf({ text, gone }: EditedFile): string {
    const places = [...gone].sort(([, a], [, b]) => a.start - b.start);
    let at = 0;
    let edited = '';
    for (const [zone, { start, end }] of places) {
      edited += text.slice(at, start) + this.#server.comment(`zone ${zone} is served by dns-cluster`);
      at = end;
    }
    return edited + text.slice(at);
  }
}
