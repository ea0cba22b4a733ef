import type { ApiRequest } from '../requests/api-request.js';

/** The plain text that answers a call; 200 where no status is given. A large text comes in parts. */
export interface WireAnswer {
  body: string | Buffer | AsyncIterable<Buffer>;
  status?: number;
}

/** A call of the wire, found by its name in a table. */
export interface WireCall {
  /** It changes zones: one that arrives again with the same dnsuniqid is answered and not done again. */
  writes?: true;
  /** It reads the request's pairs as they arrive; all others find their parameters read. */
  streams?: true;
  answer: (request: ApiRequest) => WireAnswer | Promise<WireAnswer>;
}

export type WireCalls = Readonly<Record<string, WireCall>>;
