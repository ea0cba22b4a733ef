import { Agent, request } from 'undici';

export interface Answer {
  status: number;
  text: string;
  /** Where it redirects to; empty where it does not. */
  location: string;
}

/**
 * One who visits a host over HTTP: keeps its cookies, and sends a bearer token where one is set. Follows no redirect.
 */
export class Visitor {
  /** Sent with each request, where it is set. */
  bearer: string | undefined;
  readonly #base: string;
  readonly #cookies = new Map<string, string>();
  // The certificates of tests are nobody's.
  readonly #agent = new Agent({ connect: { rejectUnauthorized: false } });

  constructor(base: string) {
    this.#base = base;
  }

  async send(
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    options: { body?: string; type?: string; headers?: Readonly<Record<string, string>> } = {},
  ): Promise<Answer> {
    const cookie = [...this.#cookies].map((pair) => pair.join('=')).join('; ');
    const { statusCode, headers, body } = await request(this.#base + path, {
      method,
      dispatcher: this.#agent,
      headers: {
        ...(cookie === '' ? {} : { cookie }),
        ...(this.bearer === undefined ? {} : { authorization: `Bearer ${this.bearer}` }),
        ...(options.type === undefined ? {} : { 'content-type': options.type }),
        ...options.headers,
      },
      body: options.body ?? null,
    });
    for (const set of [headers['set-cookie'] ?? []].flat()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      this.#cookies.set(name, value);
    }
    const location = headers['location'];
    return { status: statusCode, text: await body.text(), location: typeof location === 'string' ? location : '' };
  }

  get(path: string): Promise<Answer> {
    return this.send('GET', path);
  }

  json(path: string, content: unknown): Promise<Answer> {
    return this.send('POST', path, { body: JSON.stringify(content), type: 'application/json' });
  }

  form(path: string, fields: Readonly<Record<string, string>>, headers: Record<string, string> = {}): Promise<Answer> {
    const body = new URLSearchParams(fields).toString();
    return this.send('POST', path, { body, type: 'application/x-www-form-urlencoded', headers });
  }

  close(): Promise<void> {
    return this.#agent.close();
  }
}
