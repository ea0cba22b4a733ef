import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ifMissing } from '../errors.js';
import { STATE_RECORD } from '../state/state-record.js';
import type { Manifest } from './backup-format.js';

/** Where a node keeps the plugin's folder. */
export const INSIDE_NODE = 'dns-cluster';

export type Layout = Manifest['layout'];

/** Of a node's folder; others in it are somebody else's. */
const OF_NODE: ReadonlySet<string> = new Set([
  ...['users.json', 'notices.json', 'session.key', 'tls', STATE_RECORD, INSIDE_NODE],
]);

/**
 * In the plugin's folder: who runs there, how it is talked to, what the nameserver is given anew at each start, and
 * other restores.
 */
const OF_NO_STATE: readonly RegExp[] = [
  /^lock/,
  /^control$/,
  /^nameserver$/,
  /^node\.log/,
  /^before-restore-/,
  /^restoring-/,
  /^restore-unfinished$/,
];
/** What was half written, set aside as damaged, or is the version before. */
const PASSING = /\.tmp$|\.damaged-[0-9]+$|\.bak$/;

/** Does a restore replace this entry of a folder? `inPlugin`: it lies in the plugin's folder. */
export function isReplaced(name: string, inPlugin: boolean): boolean {
  return inPlugin ? !OF_NO_STATE.some((pattern) => pattern.test(name)) : OF_NODE.has(name.replace(/\.bak$/, ''));
}

/** Does a backup hold it? */
export function isKept(name: string, inPlugin: boolean): boolean {
  return isReplaced(name, inPlugin) && !PASSING.test(name);
}

/** The folders whose entries a restore replaces, the plugin's last. */
export function placesOf(folder: string, layout: Layout): { path: string; inPlugin: boolean }[] {
  if (layout === 'plugin') return [{ path: folder, inPlugin: true }];
  return [
    { path: folder, inPlugin: false },
    { path: join(folder, INSIDE_NODE), inPlugin: true },
  ];
}

/** A node's folder has the plugin's in it, or what a start makes before that. */
export async function layoutOf(folder: string): Promise<Layout> {
  const names = await entriesOf(folder);
  return [INSIDE_NODE, 'users.json', 'session.key'].some((name) => names.includes(name)) ? 'node' : 'plugin';
}

/** Names in a folder; none where it is missing. */
export async function entriesOf(folder: string): Promise<string[]> {
  return readdir(folder).catch(ifMissing([]));
}

/**
 * Files of the folder in an order in which they can be copied while the service runs and does not fold its journal:
 * what members acknowledged, then all else, then the journals, which say of every change what the files must come to.
 * So no copy says that a member has what this server has not. Paths are relative to the folder; links, sockets and what
 * is passing are left out.
 */
export async function* filesToBackUp(folder: string, layout: Layout): AsyncGenerator<string> {
  const inner = layout === 'node' ? `${INSIDE_NODE}/` : '';
  const ledgers = `${inner}ledgers/`;
  const isJournal = (path: string): boolean => path.startsWith(`${inner}journal.`);
  for await (const path of below(folder, '', layout)) if (path.startsWith(ledgers)) yield path;
  for await (const path of below(folder, '', layout)) if (!path.startsWith(ledgers) && !isJournal(path)) yield path;
  for await (const path of below(folder, '', layout)) if (isJournal(path)) yield path;
}

async function* below(folder: string, inside: string, layout: Layout): AsyncGenerator<string> {
  const inner = layout === 'node' ? INSIDE_NODE : '';
  const isTop = inside === '' || inside === inner;
  const entries = await readdir(join(folder, inside), { withFileTypes: true }).catch(ifMissing([]));
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (isTop ? !isKept(entry.name, inside === inner) : isPassing(entry.name, inside)) continue;
    const path = inside === '' ? entry.name : `${inside}/${entry.name}`;
    if (entry.isDirectory()) yield* below(folder, path, layout);
    else if (entry.isFile()) yield path;
  }
}

/** A zone's name may end as something passing does, but never begins with a dot. */
function isPassing(name: string, inside: string): boolean {
  if (/(^|\/)(zones\/[0-9a-f]{2}|previous|by-hand)$/.test(inside)) return name.startsWith('.');
  return PASSING.test(name);
}
