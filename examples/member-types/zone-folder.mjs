/**
 * A member type of one's own: a member that is a folder, one file a zone. It is enough for a nameserver that reads such a folder, or for
 * a tool that carries it elsewhere. Name this file in the plugin's setting `memberTypes` to find it in the Backend Type menu.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { isAbsolute, join } from 'node:path';

const ENDING = '.zone';

/** Which failure the cluster counts: `unreachable`, `refused` or `invalid_answer`. The message is the operator's sentence. */
function failure(kind, sentence) {
  return Object.assign(new Error(sentence), { failure: kind });
}

class ZoneFolder {
  batch = 500;
  #folder;

  constructor(folder) {
    this.#folder = folder;
  }

  /** Proves the values of the form. */
  async probe() {
    try {
      await mkdir(this.#folder, { recursive: true });
    } catch (error) {
      throw failure(
        'refused',
        `${this.#folder} can not be made (${error.code}). Give a folder that this server may write.`,
      );
    }
    return { version: '1', hostname: hostname().toLowerCase() };
  }

  async zoneList() {
    const files = await readdir(this.#folder);
    return files.filter((file) => file.endsWith(ENDING)).map((file) => zoneOf(file));
  }

  async zones(names) {
    const texts = new Map();
    for (const name of names) {
      const text = await readFile(this.#file(name)).catch(() => undefined);
      if (text !== undefined) texts.set(name, text);
    }
    return texts;
  }

  async zoneExists(name) {
    return (await this.zones([name])).size > 0;
  }

  /** One outcome for each change. A zone that fails is `refused` with its reason and stops no other. */
  async push(changes) {
    const outcomes = [];
    for (const change of changes) {
      try {
        if (change.kind === 'remove') await rm(this.#file(change.name), { force: true });
        else await this.#write(change.name, change.text);
        outcomes.push({ name: change.name, outcome: 'done' });
      } catch (error) {
        outcomes.push({
          name: change.name,
          outcome: 'refused',
          reason: `${change.name} was not written: ${error.message}.`,
        });
      }
    }
    return outcomes;
  }

  async close() {}

  /** Nobody may read half a zone. */
  async #write(name, text) {
    const file = this.#file(name);
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
  }

  /** A zone's name may hold `/` (RFC 2317). */
  #file(name) {
    return join(this.#folder, `${name.replaceAll('/', '+')}${ENDING}`);
  }
}

function zoneOf(file) {
  return file.slice(0, -ENDING.length).replaceAll('+', '/');
}

export const memberType = {
  type: 'zone-folder',
  label: 'Folder of zone files',
  fields: [{ name: 'folder', label: 'Folder', type: 'text', help: 'On this server, with its whole path.' }],
  create({ folder }) {
    if (!isAbsolute(folder)) throw new Error(`"${folder}" is not a whole path: it must begin with /`);
    return new ZoneFolder(folder);
  },
};
