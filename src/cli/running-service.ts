import { request } from 'node:http';
import { join } from 'node:path';
import { z } from 'zod';
import { sentenceOf } from '../errors.js';
import { controlSocketOf } from '../web/control-socket.js';

/** The service could not be asked; the sentence says why and what to do. */
export class ServiceUnreachable extends Error {}
/** The service refused what it was asked, with its reason. */
export class ServiceRefusal extends Error {}

/** Where a node keeps the plugin's folder. */
const INSIDE_NODE = 'dns-cluster';
const envelope = z.object({ metadata: z.object({ result: z.number(), reason: z.string() }), data: z.unknown() });

const WHY: Readonly<Record<string, (folder: string) => string>> = {
  ENOENT: (folder) =>
    `No DNS cluster service runs on ${folder}. Start it, or give the folder of the one that runs with --folder.`,
  ECONNREFUSED: (folder) => `The DNS cluster service on ${folder} is not running. Start it and try again.`,
  ECONNRESET: (folder) =>
    `The DNS cluster service on ${folder} ended before it answered. Look in its log, start it and try again.`,
  EACCES: (folder) =>
    `You may not use the control socket of the DNS cluster service on ${folder}. Run this as root, or as the user of the service.`,
};

/**
 * Calls a function of the API of the service that keeps its data in `folder` (a node's, or the plugin's in another panel), with
 * root's rights. Takes as long as the service takes. Rejects with ServiceUnreachable or ServiceRefusal.
 */
export async function callService(folder: string, name: string): Promise<unknown> {
  const answer = await post(join(folder, INSIDE_NODE), name)
    .catch((error: unknown) => (codeOf(error) === 'ENOENT' ? post(folder, name) : Promise.reject(error as Error)))
    .catch((error: unknown) => unreachable(error, folder));
  const read = envelope.safeParse(answer);
  if (!read.success)
    throw new ServiceRefusal(typeof answer === 'string' ? answer.trim() : 'The answer is not readable.');
  const { metadata, data } = read.data;
  if (metadata.result !== 1) throw new ServiceRefusal(metadata.reason);
  return data;
}

async function post(folder: string, name: string): Promise<unknown> {
  const way = await controlSocketOf(folder);
  try {
    const text = await new Promise<string>((resolve, reject) => {
      const path = `/json-api/${name}?api.version=1`;
      const sent = request({ socketPath: way.path, path, method: 'POST' }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => resolve(Buffer.concat(parts).toString()));
        response.on('error', reject);
      });
      sent.on('error', reject);
      sent.end();
    });
    return parsed(text);
  } finally {
    await way.close();
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}

function unreachable(error: unknown, folder: string): never {
  const why = WHY[codeOf(error)];
  throw new ServiceUnreachable(why === undefined ? sentenceOf(error) : why(folder), { cause: error });
}
