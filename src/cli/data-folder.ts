import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Option, type Command } from 'commander';
import { INSIDE_NODE, isReplaced } from '../backup/backed-up-files.js';
import { DATA_FOLDER } from '../panel/node-configuration.js';
import { STATE_RECORD } from '../state/state-record.js';
import { WrongUse } from './terminal/failure.js';

/** What is read of the options of a command that works on files of this machine. */
export interface FolderOptions {
  json?: true;
  folder?: string;
}

/** Adds the options of a command that works on the files of a service on this machine. */
export function worksOnFiles(command: Command): Command {
  const folder = new Option(
    '--folder <folder>',
    `the data folder of a service on this machine (DNSCLUSTER_FOLDER; ${DATA_FOLDER})`,
  );
  return command.option('--json', 'print one line of JSON, for programs').addOption(folder);
}

/** The data folder that was meant: a node's, or the plugin's in another panel. */
export function folderOf({ folder }: FolderOptions, env = process.env): string {
  return folder ?? env['DNSCLUSTER_FOLDER'] ?? DATA_FOLDER;
}

/** The plugin's folder in it. Throws WrongUse where there is none. */
export async function pluginFolderOf(folder: string): Promise<string> {
  for (const place of [join(folder, INSIDE_NODE), folder]) {
    const marks = await Promise.all(
      ['cluster.json', 'index', 'audit.log', STATE_RECORD].map((mark) => isThere(join(place, mark))),
    );
    if (marks.includes(true)) return place;
  }
  throw new WrongUse(`${folder} is not the data folder of a DNS cluster service. Name it with --folder.`);
}

/** A state file, by its name: of the node or of the plugin. */
export async function stateFileIn(folder: string, name: string): Promise<string> {
  return join(isReplaced(name, false) ? folder : await pluginFolderOf(folder), name);
}

export async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
