import { z } from 'zod';
import { ClusterError } from '../../../errors.js';
import type { Notifications } from '../../../notifications/notifications.js';
import { apiFunction, flag, text, type ApiFunction, type ApiStores } from '../api-function.js';
import { authorizeRoot } from '../../../cluster/model/audit.js';

const privilege = 'clustering';

/** Of what is secret, only whether it is set. */
const settings = z.object({
  mailTo: z.string(),
  mailFrom: z.string(),
  smtp: z.string(),
  webhook: z.string(),
  webhookSecret: z.string(),
  dailySummary: z.boolean(),
});

/** Who is told what goes wrong. Root's alone. */
export const NOTIFICATION_FUNCTIONS = {
  getnotifications: apiFunction({
    summary: 'Where notifications go; for secrets, only whether they are set',
    privilege,
    parameters: {},
    answer: z.object({ settings }),
    run: (_, { peer }, stores) => {
      authorizeRoot(peer);
      return { settings: shown(of(stores)) };
    },
  }),
  setnotifications: apiFunction({
    summary: 'Change where notifications go; the rest stays',
    privilege,
    parameters: {
      mail_to: text.optional(),
      mail_from: text.optional(),
      smtp: text.optional(),
      webhook: text.optional(),
      webhook_secret: text.optional(),
      daily_summary: flag.optional(),
    },
    answer: z.object({ settings }),
    run: async (given, { peer }, stores) => {
      authorizeRoot(peer);
      const change = {
        mailTo: given.mail_to,
        mailFrom: given.mail_from,
        smtp: given.smtp,
        webhook: given.webhook,
        webhookSecret: given.webhook_secret,
        dailySummary: given.daily_summary,
      };
      await of(stores).configure(Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)));
      return { settings: shown(of(stores)) };
    },
  }),
  testnotifications: apiFunction({
    summary: 'Send a test message by every channel, with each outcome',
    privilege,
    parameters: {},
    answer: z.object({ channel: z.array(z.object({ channel: z.string(), failed: z.string().optional() })) }),
    run: async (_, { peer }, stores) => {
      authorizeRoot(peer);
      return { channel: await of(stores).test() };
    },
  }),
} satisfies Readonly<Record<string, ApiFunction>>;

/** The settings without their secrets. */
function shown({ settings: kept }: Notifications): z.infer<typeof settings> {
  const isSet = (secret: string): string => (secret === '' ? '' : '(set)');
  return { ...kept, smtp: isSet(kept.smtp), webhookSecret: isSet(kept.webhookSecret) };
}

function of({ notifications }: ApiStores): Notifications {
  if (notifications === undefined) throw new ClusterError('internal');
  return notifications;
}
