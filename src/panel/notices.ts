import { z } from 'zod';
import type { Notice } from '../host/host-panel.js';
import type { Log } from '../operations/log.js';
import { sentenceOf } from '../errors.js';
import { defined } from '../operations/defined.js';
import { JsonState } from '../state/json-state.js';

/** Of this server and root's; and of all accounts together, of which the one with the most loses its oldest first. */
const MOST = 50;
const MOST_OF_ACCOUNTS = 50;
const kept = z.object({ time: z.string(), subject: z.string(), text: z.string(), account: z.string().optional() });
const schema = z.object({ notices: z.array(kept) });

/** What root must not miss, until root has put it away. */
export class Notices {
  readonly #state: JsonState<z.infer<typeof schema>>;
  readonly #log: Log;

  private constructor(state: JsonState<z.infer<typeof schema>>, log: Log) {
    this.#state = state;
    this.#log = log;
  }

  static async open(file: string, log: Log): Promise<Notices> {
    return new Notices(
      await JsonState.open(file, { schema, defaults: () => ({ notices: [] }), log, mayBeLost: true }),
      log,
    );
  }

  /** The newest first. */
  list(): z.infer<typeof kept>[] {
    return [...this.#state.data.notices].reverse();
  }

  add({ subject, text, account }: Notice): void {
    const time = new Date().toISOString();
    const written = this.#state.update((draft) => {
      draft.notices = bounded([...draft.notices, { time, subject, text, ...defined({ account }) }]);
    });
    // Whoever has something to say does not wait; the log has it in any case.
    written.catch((error: unknown) => this.#log.error({ error: sentenceOf(error) }, 'a notice could not be kept'));
  }

  async clear(): Promise<void> {
    await this.#state.update((draft) => {
      draft.notices = [];
    });
  }

  close(): Promise<void> {
    return this.#state.close();
  }
}

type Kept = z.infer<typeof kept>;

function bounded(notices: readonly Kept[]): Kept[] {
  const of = notices.filter(({ account }) => account !== undefined);
  const dropped = new Set(notices.filter(({ account }) => account === undefined).slice(0, -MOST));
  if (of.length > MOST_OF_ACCOUNTS) {
    const count = (account: string | undefined): number => of.filter((one) => one.account === account).length;
    const most = Math.max(...of.map(({ account }) => count(account)));
    const oldest = of.find(({ account }) => count(account) === most);
    if (oldest !== undefined) dropped.add(oldest);
  }
  return notices.filter((one) => !dropped.has(one));
}
