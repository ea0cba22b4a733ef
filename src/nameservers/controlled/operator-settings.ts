import { isAbsolute } from 'node:path';
import { z } from 'zod';
import type { ControlFile } from '../server-kind.js';

export const absolutePath = z.string().refine(isAbsolute, 'must be an absolute path');
export const portNumber = z.int().min(1).max(65_535);

/** What most operators' servers take from us. */
export interface OverSocket {
  /** Path of the socket where it listens for commands. */
  controlSocket: string;
  /** File that its configuration includes and that we alone write. */
  includeFile: string;
}

export const overSocket = z.strictObject({ controlSocket: absolutePath, includeFile: absolutePath });

/** To connect to a socket is to write to it: some can't be read by anybody. */
export function socketOf({ controlSocket }: OverSocket): ControlFile {
  return { file: controlSocket, right: 'write' };
}
