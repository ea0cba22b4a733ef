import { open, type FileHandle } from 'node:fs/promises';
import { ifMissing } from '../errors.js';

const BLOCK = 64 * 1024;
const NEWLINE = 10;

/**
 * The lines of a file from its end, or from this octet, the last first; read block by block, so that the last ones of a
 * large file cost little. None where it is not there.
 */
export async function* lastLines(file: string, end?: number): AsyncGenerator<string> {
  const handle = await open(file).catch(ifMissing(undefined));
  if (handle === undefined) return;
  try {
    let at = end ?? (await handle.stat()).size;
    /** The end of a line that begins further in front. */
    let rest = Buffer.alloc(0);
    while (at > 0) {
      const from = Math.max(0, at - BLOCK);
      const block = Buffer.concat([await octetsOf(handle, from, at), rest]);
      let to = block.length;
      for (let newline = block.lastIndexOf(NEWLINE); newline >= 0;) {
        if (to > newline + 1) yield block.toString('utf8', newline + 1, to);
        to = newline;
        newline = newline === 0 ? -1 : block.lastIndexOf(NEWLINE, newline - 1);
      }
      rest = block.subarray(0, to);
      at = from;
    }
    if (rest.length > 0) yield rest.toString('utf8');
  } finally {
    await handle.close();
  }
}

async function octetsOf(handle: FileHandle, from: number, to: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(to - from), 0, to - from, from);
  return buffer.subarray(0, bytesRead);
}
