import { createHmac } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import nodemailer from 'nodemailer';
import { request } from 'undici';
import { z } from 'zod';
import { ClusterError, sentenceOf } from '../errors.js';
import type { Notice } from '../host/host-panel.js';
import { cutOffBy } from '../operations/cut-off.js';
import { defined } from '../operations/defined.js';
import { JsonState, type StateLoss } from '../state/json-state.js';
import { refuseChanged, revisionOf } from '../state/revision.js';
import type { Log } from '../operations/log.js';

const oneLine = z
  .string()
  .max(1_000)
  .regex(/^[^\r\n]*$/);
const notificationSettings = z.object({
  /** Addresses, separated by commas; empty: no mail. */
  mailTo: oneLine,
  mailFrom: oneLine,
  /** As `smtps://user:password@mail.example.net`; empty: this machine's own sendmail. */
  smtp: oneLine.regex(/^(smtps?:\/\/.+)?$/, 'must be empty, or begin with smtp:// or smtps://'),
  /** Where JSON is sent to; empty: nowhere. */
  webhook: oneLine.regex(/^(https?:\/\/.+)?$/, 'must be empty, or begin with https://'),
  /** Signs what is sent there. */
  webhookSecret: oneLine,
  dailySummary: z.boolean(),
});
type NotificationSettings = z.infer<typeof notificationSettings>;

const NOTHING: NotificationSettings = {
  mailTo: '',
  mailFrom: '',
  smtp: '',
  webhook: '',
  webhookSecret: '',
  dailySummary: false,
};
/** Of the settings, what is never shown. */
export const SECRET_SETTINGS = ['smtp', 'webhookSecret'] as const;
const SHOWN_SETTINGS = ['mailTo', 'mailFrom', 'webhook', 'dailySummary'] as const;

/** Notices that come within this time are one message. */
const GROUPED_WITHIN = 30_000;
const MOST_WAITING = 200;
/** Pauses before a message is sent again, milliseconds. */
const AGAIN = [60_000, 300_000, 1_800_000];
const TIMEOUT = 30_000;

interface NotificationsOptions {
  /** Who tells, as the host name of this server. */
  from: string;
  /** The host's own channel, which gets each notice at once. */
  host: (notice: Notice) => void;
  log: Log;
  /** For tests. */
  grouped?: number;
  again?: readonly number[];
}

/**
 * Tells people by mail, webhook and the host's own channel. Nobody waits for it; what can't be sent is tried again a
 * few times and is in the log.
 */
export class Notifications {
  readonly #state: JsonState<NotificationSettings>;
  /** What this start found of the file, where it was not as it should be. */
  readonly loss: StateLoss | undefined;
  readonly #options: NotificationsOptions;
  readonly #ending = new AbortController();
  #waiting: Notice[] = [];
  #dropped = 0;
  #sending = new Set<Promise<void>>();

  private constructor(state: JsonState<NotificationSettings>, options: NotificationsOptions) {
    this.#state = state;
    this.loss = state.loss;
    this.#options = options;
  }

  static async open(file: string, options: NotificationsOptions): Promise<Notifications> {
    const { log } = options;
    const state = await JsonState.open(file, { schema: notificationSettings, defaults: () => NOTHING, log });
    return new Notifications(state, options);
  }

  get settings(): NotificationSettings {
    return this.#state.data;
  }

  /** Names what is shown of the settings, as `configure` takes it. */
  get revision(): string {
    return revisionOf(this.settings, SHOWN_SETTINGS);
  }

  /**
   * `seen`: the revision that the change was made from. Rejects with parameter_invalid, changed_meanwhile; then nothing
   * is changed.
   */
  async configure(change: Partial<NotificationSettings>, seen?: string): Promise<void> {
    await this.#state.update((draft) => {
      refuseChanged('The notifications', seen, this.revision);
      const read = notificationSettings.safeParse({ ...draft, ...change });
      if (!read.success) {
        const [issue] = read.error.issues;
        throw new ClusterError('parameter_invalid', {
          parameter: issue?.path.join('.') ?? '',
          why: issue?.message ?? 'is wrong',
        });
      }
      Object.assign(draft, read.data);
    });
  }

  tell(notice: Notice): void {
    const { host, log } = this.#options;
    log.warn(notice, 'notice for root');
    host(notice);
    if (this.#channels.length === 0) return;
    if (this.#waiting.length >= MOST_WAITING) {
      this.#dropped++;
      return;
    }
    this.#waiting.push(notice);
    if (this.#waiting.length === 1) this.#later(this.#sendGroup());
  }

  /** Sends a message by every channel now. Resolves with what became of it at each. */
  async test(): Promise<{ channel: string; failed?: string }[]> {
    const notice = { subject: 'A test', text: 'Notifications of the DNS cluster reach you.' };
    return Promise.all(
      this.#channels.map(async ({ name, send }) => {
        const failure = await send([notice]).then(() => undefined, sentenceOf);
        return { channel: name, ...defined({ failed: failure }) };
      }),
    );
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await Promise.allSettled(this.#sending);
    await this.#state.close();
  }

  get #channels(): { name: string; send: (notices: readonly Notice[]) => Promise<void> }[] {
    const { mailTo, webhook } = this.settings;
    return [
      ...(mailTo === '' ? [] : [{ name: 'mail', send: (notices: readonly Notice[]) => this.#mail(notices) }]),
      ...(webhook === '' ? [] : [{ name: 'webhook', send: (notices: readonly Notice[]) => this.#post(notices) }]),
    ];
  }

  async #sendGroup(): Promise<void> {
    await this.#pause(this.#options.grouped ?? GROUPED_WITHIN);
    const notices = this.#waiting;
    this.#waiting = [];
    if (this.#dropped > 0) {
      notices.push({ subject: `${this.#dropped} more notices`, text: 'They are in the log of this server.' });
      this.#dropped = 0;
    }
    await Promise.all(this.#channels.map(({ name, send }) => this.#trySend(name, () => send(notices))));
  }

  async #trySend(channel: string, send: () => Promise<void>): Promise<void> {
    const pauses = this.#options.again ?? AGAIN;
    for (let tries = 0; ; tries++) {
      try {
        // A connection that does not come about heeds no signal before its own time-out.
        await cutOffBy([this.#ending.signal], send);
        return;
      } catch (error) {
        const wait = pauses[tries];
        const isLast = wait === undefined || this.#ending.signal.aborted;
        this.#options.log.error({ channel, error: sentenceOf(error), isLast }, 'a notification could not be sent');
        if (isLast) return;
        await this.#pause(wait);
      }
    }
  }

  async #mail(notices: readonly Notice[]): Promise<void> {
    const { mailTo, mailFrom, smtp } = this.settings;
    const { from } = this.#options;
    const transport =
      smtp === ''
        ? nodemailer.createTransport({ sendmail: true })
        : nodemailer.createTransport({
            url: smtp,
            connectionTimeout: TIMEOUT,
            greetingTimeout: TIMEOUT,
            socketTimeout: TIMEOUT,
          });
    const [first] = notices;
    const subject =
      notices.length === 1 ? (first?.subject ?? '') : `${first?.subject ?? ''}, and ${notices.length - 1} more`;
    const text = notices.map((notice) => `${notice.subject}\n\n${notice.text}\n`).join('\n');
    try {
      await transport.sendMail({
        to: mailTo,
        from: mailFrom === '' ? `dns-cluster@${from}` : mailFrom,
        subject: `[${from}] ${subject}`,
        text,
        disableFileAccess: true,
        disableUrlAccess: true,
        signal: this.#ending.signal,
      });
    } finally {
      transport.close();
    }
  }

  /** The signature is over `time.body`: a receiver that checks both can't be sent an old message again. */
  async #post(notices: readonly Notice[]): Promise<void> {
    const { webhook, webhookSecret } = this.settings;
    const body = JSON.stringify({ server: this.#options.from, notices });
    const time = String(Math.floor(Date.now() / 1_000));
    const signature = createHmac('sha256', webhookSecret).update(`${time}.${body}`).digest('hex');
    const response = await request(webhook, {
      method: 'POST',
      body,
      // For the whole of it, and no longer than this server runs: else a receiver that answers an octet now and then
      // keeps it from ending.
      signal: AbortSignal.any([this.#ending.signal, AbortSignal.timeout(TIMEOUT)]),
      headers: {
        'content-type': 'application/json',
        'x-dns-cluster-time': time,
        ...(webhookSecret === '' ? {} : { 'x-dns-cluster-signature': `sha256=${signature}` }),
      },
    });
    await response.body.dump();
    if (response.statusCode >= 300) throw new Error(`the webhook answered with status ${response.statusCode}`);
  }

  async #pause(milliseconds: number): Promise<void> {
    await pause(milliseconds, undefined, { signal: this.#ending.signal, ref: false }).catch(() => undefined);
  }

  #later(work: Promise<void>): void {
    const one = work.finally(() => this.#sending.delete(one));
    this.#sending.add(one);
  }
}
