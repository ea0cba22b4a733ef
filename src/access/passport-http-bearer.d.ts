/** The part of passport-http-bearer that is used here; the published types bring those of another framework along. */
declare module 'passport-http-bearer' {
  import type { Request } from 'express';
  import { Strategy as Base } from 'passport';
  type Done = (error: unknown, user?: unknown) => void;
  export class Strategy extends Base {
    constructor(options: { passReqToCallback: true }, verify: (request: Request, token: string, done: Done) => void);
  }
}
