import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { expect } from 'vitest';

/** Debian's; playwright's own would have to be downloaded. */
const EXECUTABLE = '/usr/bin/chromium';
/** Asks nobody but this machine, whatever a page wants. */
const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'];
const ARTEFACTS = 'coverage/pages';
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export interface Look {
  width: 1280 | 820 | 390;
  scheme: 'light' | 'dark';
}
export const WIDE: Look = { width: 1280, scheme: 'light' };
export const LOOKS: readonly Look[] = [WIDE, { width: 820, scheme: 'light' }, { width: 390, scheme: 'dark' }];

/** A real Chromium, with a login in each of its windows. */
export class TestBrowser {
  readonly #browser: Browser;
  readonly #base: string;
  /** What a page said that it should not have. */
  readonly complaints: string[] = [];

  private constructor(browser: Browser, base: string) {
    this.#browser = browser;
    this.#base = base;
    mkdirSync(ARTEFACTS, { recursive: true });
  }

  static async start(base: string): Promise<TestBrowser> {
    const browser = await chromium.launch({ executablePath: EXECUTABLE, args: ARGUMENTS });
    return new TestBrowser(browser, base);
  }

  close(): Promise<void> {
    return this.#browser.close();
  }

  async window(login: { user: string; password: string } | undefined, look: Look, javaScript = true): Promise<Page> {
    const context = await this.#browser.newContext({
      ...{ baseURL: this.#base, ignoreHTTPSErrors: true, javaScriptEnabled: javaScript, acceptDownloads: true },
      ...{ viewport: { width: look.width, height: 900 }, colorScheme: look.scheme, reducedMotion: 'reduce' },
    });
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(`${page.url()}: ${message.text()}`);
    });
    if (login !== undefined) {
      await page.goto(`${this.#base}/login`);
      await page.getByLabel('User').fill(login.user);
      await page.getByLabel('Password').fill(login.password);
      await page.keyboard.press('Enter');
      await page.getByRole('link', { name: 'Log out' }).waitFor();
    }
    return page;
  }

  /**
   * Looks at the page that is open: keeps a picture of it, and fails where axe-core finds something, or it is too wide.
   */
  async examine(page: Page, name: string): Promise<void> {
    const { width } = page.viewportSize() ?? { width: 0 };
    await page.screenshot({ path: join(ARTEFACTS, `${name}-${width}.png`), fullPage: true });
    // By the debugger, which the pages' own policy does not bind.
    await page.evaluate(axeSource);
    const found = await page.evaluate<string[]>(
      'axe.run().then(({ violations }) => violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 150)).join(" | ")}`))',
    );
    expect(found, name).toEqual([]);
    const wide = await page.evaluate('document.documentElement.scrollWidth');
    expect(wide, `${name} is too wide`).toBeLessThanOrEqual(width);
  }

  /** What can be operated on this page and is not reached by the Tab key. */
  async unreachable(page: Page): Promise<string[]> {
    const focusable = `[...document.querySelectorAll('a[href], button, input, select, textarea, summary')].filter((one) =>
      one.type !== 'hidden' && !one.disabled && !one.hidden && one.checkVisibility())`;
    const count = await page.evaluate<number>(`${focusable}.length`);
    await page.evaluate('document.body.focus()');
    for (let i = 0; i < count + 10; i++) {
      await page.keyboard.press('Tab');
      // Of radio buttons one group is one stop; the arrows go on from there.
      await page.evaluate(`(() => {
        const at = document.activeElement;
        at.dataset.reached = '';
        if (at.type === 'radio') for (const other of document.getElementsByName(at.name)) other.dataset.reached = '';
      })()`);
    }
    return page.evaluate<string[]>(
      `${focusable}.filter((one) => !('reached' in one.dataset)).map((one) => one.outerHTML.slice(0, 120))`,
    );
  }
}

export type { Page };
