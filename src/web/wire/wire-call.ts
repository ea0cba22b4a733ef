import type { WireRequest } from './wire-request.js';

/** The plain text that answers a call; 200 where no status is given. */
export interface WireAnswer {
  body: string | Buffer;
  status?: number;
}

/** A call of the wire. One that `streams` reads the request's pairs itself; all others find their parameters read. */
export type WireCall = ((request: WireRequest) => WireAnswer | Promise<WireAnswer>) & { streams?: true };
