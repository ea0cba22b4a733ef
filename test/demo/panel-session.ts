import type { RunningDemo } from './running-demo.js';

/** A person at the web server's panel: logs in, opens pages, sends their forms as a browser does. */
export class PanelSession {
  readonly #demo: RunningDemo;
  readonly #base: string;
  #cookies = '';

  private constructor(demo: RunningDemo) {
    this.#demo = demo;
    this.#base = demo.node('web').url;
  }

  static async logIn(demo: RunningDemo): Promise<PanelSession> {
    const session = new PanelSession(demo);
    const { user, password } = demo.line.login;
    const answer = await session.send('/login', { user, password }, '/login');
    if (answer.status !== 303) throw new Error(`login answered ${answer.status}: ${answer.body}`);
    return session;
  }

  async open(path: string): Promise<{ status: number; body: string }> {
    const answer = await this.#demo.fetch(this.#base + path, { headers: { cookie: this.#cookies } });
    this.#keepCookies(answer.headers['set-cookie']);
    return answer;
  }

  /** Opens the page that holds the form, then sends the form with the page's hidden fields and these values. */
  async send(
    action: string,
    values: Record<string, string>,
    page: string,
  ): Promise<{ status: number; body: string; location: string }> {
    const { body: html } = await this.open(page);
    const form = html.split('<form').find((part) => part.includes(`action="${action}"`)) ?? '';
    const hidden: Record<string, string> = {};
    for (const [tag] of form.split('</form>')[0]?.matchAll(/<input[^>]*type="hidden"[^>]*>/g) ?? []) {
      const name = /name="([^"]*)"/.exec(tag)?.[1];
      if (name !== undefined) hidden[name] = /value="([^"]*)"/.exec(tag)?.[1] ?? '';
    }
    const answer = await this.#demo.fetch(this.#base + action, {
      method: 'POST',
      headers: {
        cookie: this.#cookies,
        origin: this.#base,
        'sec-fetch-site': 'same-origin',
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ ...hidden, ...values }).toString(),
    });
    this.#keepCookies(answer.headers['set-cookie']);
    const location = answer.headers['location'];
    return { status: answer.status, body: answer.body, location: typeof location === 'string' ? location : '' };
  }

  #keepCookies(set: string | string[] | undefined): void {
    for (const cookie of [set ?? []].flat()) this.#cookies = cookie.split(';')[0] ?? '';
  }
}
