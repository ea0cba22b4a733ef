import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';

export const USER = 'hosting@example.net';
export const KEY = 'k3y-with-$ecret';

/** What a service does with its next calls instead of answering them. */
export interface Mishap {
  status: number;
  headers?: Readonly<Record<string, string>>;
  body?: unknown;
  /** Only calls of this method and of a path that matches. */
  method?: string;
  path?: RegExp;
  times: number;
  /** Carry the call out, and lose only the answer. */
  after?: boolean;
}

/** A hosted service on loopback: credentials, mishaps, and a record of what was called. */
export class JsonService {
  readonly app: Express = express();
  /** `METHOD /path` of each call, without its query. */
  readonly calls: string[] = [];
  mishap: Mishap | undefined;
  readonly #server: Server;

  constructor(refuse: (response: Response) => void) {
    this.app.use(express.json({ limit: '8mb' }));
    this.app.use((request, response, next) => {
      this.calls.push(`${request.method} ${request.path}`);
      if (this.#meets(request)) this.#happen(response, next);
      else next();
    });
    this.app.use((request, response, next) => {
      const basic = Buffer.from(`${USER}:${KEY}`).toString('base64');
      if (request.headers.authorization === `Basic ${basic}`) next();
      else refuse(response);
    });
    this.#server = createServer(this.app);
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** How many calls that change something came since. */
  get writes(): number {
    return this.calls.filter((call) => !call.startsWith('GET')).length;
  }

  #meets({ method, path }: Request): boolean {
    const { mishap } = this;
    if (mishap === undefined || mishap.times <= 0) return false;
    return (mishap.method ?? method) === method && (mishap.path ?? /^/).test(path);
  }

  #happen(response: Response, next: NextFunction): void {
    const mishap = this.mishap as Mishap;
    mishap.times--;
    const { status, headers = {}, body = { error: 'Something went wrong.' } } = mishap;
    if (mishap.after === true) {
      response.json = () => response.status(status).set(headers).type('json').end(JSON.stringify(body));
      next();
      return;
    }
    response.status(status).set(headers).type('json').end(JSON.stringify(body));
  }
}
