import { readFile } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { ClusterError, sentenceOf } from '../errors.js';
import { nameserverSettings } from '../nameservers/nameserver-settings.js';
import type { NodeSettings } from './node.js';

/** Where a node's configuration and its data lie where nothing else is said. */
export const CONFIGURATION_FILE = '/etc/dns-cluster/node.json';
export const DATA_FOLDER = '/var/lib/dns-cluster';

/** The port of the original's API, which its peers call. */
const API_PORT = 2087;
const path = z.string().refine(isAbsolute, 'must be an absolute path');
const hostname = z
  .string()
  .regex(/^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/, {
    error: 'must be a host name in small letters, such as ns1.example.net',
  });

const configuration = z.strictObject({
  name: hostname,
  folder: path.default(DATA_FOLDER),
  host: z.string().min(1).default('0.0.0.0'),
  port: z.int().min(1).max(65_535).default(API_PORT),
  nameserver: nameserverSettings,
  address: z.string().min(1).exactOptional(),
  memberTypes: z.array(z.string().min(1)).exactOptional(),
  tls: z.strictObject({ certificate: path, key: path }).exactOptional(),
});

/**
 * Reads and checks the configuration of a node (docs/operations.md lists its fields). Rejects with
 * configuration_unreadable, or with configuration_invalid, which names every wrong field.
 */
export async function readNodeConfiguration(file: string): Promise<NodeSettings> {
  const read = configuration.safeParse(await jsonOf(file));
  if (read.success) return read.data;
  const faults = read.error.issues.map(({ path: at, message }) => `${nameOf(at)}: ${lowerFirst(message)}`).join('; ');
  throw new ClusterError('configuration_invalid', { file, faults });
}

async function jsonOf(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new ClusterError('configuration_unreadable', { file, why: sentenceOf(error) }, { cause: error });
  }
}

function nameOf(at: readonly PropertyKey[]): string {
  return at.length === 0 ? 'its top level' : at.join('.');
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
