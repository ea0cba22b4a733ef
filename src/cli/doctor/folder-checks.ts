import { constants, type Stats } from 'node:fs';
import { access, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sentenceOf } from '../../errors.js';
import { fillingDisk } from '../../notifications/server-problems.js';
import { StateRecord } from '../../state/state-record.js';
import { notice, wrong, type Check, type Finding } from './check.js';
import type { Facts } from './facts.js';

/** Files that hold secrets or hashes of them: nobody but the service's user may read them. */
const SECRET = /\.key$|^(cluster|tokens|users|notifications)\.json(\.bak)?$/;
/** Folders that are the service's alone. */
const CLOSED = new Set(['control', 'tls']);
const STATE = /^[a-z]+\.json$/;
const STATES = ['cluster', 'accounts', 'tokens', 'notifications', 'users'].map((name) => `${name}.json`);
const OTHERS_WRITE = 0o022;
const NOT_OWNER = 0o077;

interface Entry {
  path: string;
  name: string;
  stat: Stats;
}

/** What the service keeps on disk. */
export const FOLDER_CHECKS: readonly Check[] = [
  { name: 'folders', well: 'Folders and files belong only to the service.', run: folders },
  { name: 'state', well: 'All state files can be read.', run: stateFiles },
  {
    name: 'disk',
    well: 'The disk has free space.',
    run: async ({ data }) =>
      (await fillingDisk(data)).map(({ text }) =>
        wrong(text, 'Free space on that disk, or move the folder to a larger one.'),
      ),
  },
];

async function folders({ folder, data }: Facts): Promise<Finding[]> {
  const top = await stat(folder).catch((error: unknown) => sentenceOf(error));
  if (typeof top === 'string')
    return [wrong(`The folder ${folder} can't be used: ${top}`, "Create it, and give it to the service's user.")];
  const findings: Finding[] = [];
  // Root may write everywhere but where nobody may.
  await access(folder, constants.W_OK).catch((error: unknown) => {
    findings.push(
      wrong(
        `The folder ${folder} can't be written: ${sentenceOf(error)}`,
        "Mount it for writing, or give it to the service's user.",
      ),
    );
  });
  for (const { path, name, stat: found } of [
    { path: folder, name: '', stat: top },
    ...(await entriesOf(folder, data)),
  ]) {
    const mode = (found.mode & 0o777).toString(8);
    if (found.uid !== top.uid) {
      findings.push(
        wrong(
          `${path} belongs to user ${found.uid}, but the folder to user ${top.uid}.`,
          `chown ${top.uid}:${top.gid} ${path}`,
        ),
      );
    }
    const isClosed = found.isDirectory() ? CLOSED.has(name) : SECRET.test(name);
    if (isClosed && (found.mode & NOT_OWNER) !== 0) {
      findings.push(
        wrong(
          `Users other than the service can use ${path} (mode ${mode}).`,
          `chmod ${found.isDirectory() ? '700' : '600'} ${path}`,
        ),
      );
    } else if ((found.mode & OTHERS_WRITE) !== 0) {
      findings.push(wrong(`Users other than the service can write ${path} (mode ${mode}).`, `chmod go-w ${path}`));
    }
  }
  return findings;
}

/** What lies in the folders, not what lies in folders there: zones are many. Links are what they lead to. */
async function entriesOf(...places: readonly string[]): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const place of new Set(places.flatMap((one) => [one, join(one, 'tls')]))) {
    for (const name of await readdir(place).catch(() => [])) {
      const path = join(place, name);
      const found = await stat(path).catch(() => undefined);
      if (found !== undefined && !found.isSocket()) entries.push({ path, name, stat: found });
    }
  }
  return [...new Map(entries.map((entry) => [entry.path, entry])).values()];
}

async function stateFiles({ folder, data }: Facts): Promise<Finding[]> {
  const findings: Finding[] = [];
  const entries = await entriesOf(folder, data);
  for (const place of new Set([folder, data])) {
    const record = await StateRecord.read(place);
    const there = new Set(entries.map(({ path }) => path));
    for (const name of STATES) {
      if (!record.has('made', name) || there.has(join(place, name))) continue;
      const fix = there.has(join(place, `${name}.bak`))
        ? 'Restart the service: the copy beside it takes its place.'
        : `Stop the service, and restore a backup. To begin without what was in it: dnscluster state forget ${name}`;
      findings.push(wrong(`The state file ${join(place, name)} is missing.`, fix));
    }
  }
  for (const { path, name } of entries) {
    if (/\.damaged-\d+$/.test(name)) {
      findings.push(
        notice(
          `A state file was damaged and set aside as ${path}.`,
          'Check members, tokens, settings and the owners of zones, then delete it. node.log says what was lost.',
        ),
      );
    }
    if (!STATE.test(name)) continue;
    try {
      JSON.parse(await readFile(path, 'utf8'));
    } catch (error) {
      const fix = `Stop the service, put ${path}.bak in its place (cp -p ${path}.bak ${path}), and start it.`;
      findings.push(wrong(`The state file ${path} can't be read: ${sentenceOf(error)}.`, fix));
    }
  }
  return findings;
}
