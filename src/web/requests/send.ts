import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import { inSlices } from '../../operations/in-slices.js';
import { jsonPieces } from './json-pieces.js';

/** The rest of a body up to so many octets is read and dropped, so that the connection can go on. */
const SMALL = 64 * 1024;
/** So long, milliseconds, a sender has to read an answer that came before its body was through; then it is cut off. */
const LINGER = 2_000;
/** Characters of JSON that are written at once. */
const PIECE = 64 * 1024;

/**
 * Sends a whole answer, also while a large body still arrives: the rest is not read, and the connection ends. Not at
 * once, for the sender may be writing yet, and a reset would take the answer from it.
 */
export function send(request: Request, response: Response, body: string | Buffer): void {
  if (isThrough(request)) {
    response.send(body);
    return;
  }
  response.set({ Connection: 'close', 'Content-Length': String(Buffer.byteLength(body)) });
  response.write(body);
  const cut = setTimeout(() => response.end(), LINGER);
  response.once('close', () => clearTimeout(cut));
}

/** Sends a value as JSON, which is made and written in pieces where it is long: others get their turn in between. */
export async function sendJson(request: Request, response: Response, value: unknown): Promise<void> {
  response.type('json');
  const pieces: Buffer[] = [];
  let text = '';
  await inSlices(jsonPieces(value), (piece) => {
    text += piece;
    if (text.length < PIECE) return;
    pieces.push(Buffer.from(text));
    text = '';
  });
  pieces.push(Buffer.from(text));
  if (pieces.length === 1 || !isThrough(request)) {
    send(request, response, Buffer.concat(pieces));
    return;
  }
  response.set('Content-Length', String(pieces.reduce((length, piece) => length + piece.length, 0)));
  // Whoever goes away meanwhile needs no answer.
  await pipeline(Readable.from(pieces), response).catch(() => undefined);
}

/** Is the body read, or is what is missing worth reading? */
function isThrough(request: Request): boolean {
  if (request.complete) return true;
  // Somebody stopped reading it: the connection would stand still.
  if (request.destroyed) return false;
  return request.headers['transfer-encoding'] === undefined && Number(request.headers['content-length'] ?? 0) <= SMALL;
}
