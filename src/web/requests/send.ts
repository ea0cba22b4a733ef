import type { Request, Response } from 'express';

/** The rest of a body up to so many octets is read and dropped, so that the connection can go on. */
const SMALL = 64 * 1024;
/** So long, milliseconds, a sender has to read an answer that came before its body was through; then it is cut off. */
const LINGER = 2_000;

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

/** Is the body read, or is what is missing worth reading? */
function isThrough(request: Request): boolean {
  if (request.complete) return true;
  // Somebody stopped reading it: the connection would stand still.
  if (request.destroyed) return false;
  return request.headers['transfer-encoding'] === undefined && Number(request.headers['content-length'] ?? 0) <= SMALL;
}
