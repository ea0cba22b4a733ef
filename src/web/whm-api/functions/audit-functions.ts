import { z } from 'zod';
import { didOrIsRoot } from '../../../access/principal.js';
import { auditEntry } from '../../../operations/audit-chain.js';
import { apiFunction, text, whole, type ApiFunction } from '../api-function.js';

const USUAL = 100;

/** Who changed what. */
export const AUDIT_FUNCTIONS = {
  listaudit: apiFunction({
    summary: 'The last requested changes: who, how, what, of which zone or member, and whether it was refused',
    privilege: 'clustering',
    parameters: { limit: whole.optional(), user: text.optional(), action: text.optional(), target: text.optional() },
    answer: z.object({ entry: z.array(auditEntry) }),
    run: async ({ limit = USUAL, user, action, target }, { peer }, { audit }) => ({
      entry:
        (await audit?.latest(limit, (entry) => {
          // A reseller sees what they did themselves.
          if (!didOrIsRoot(peer, entry)) return false;
          if (user !== undefined && entry.user !== user) return false;
          if (action !== undefined && entry.action !== action) return false;
          return target === undefined || entry.target.includes(target);
        })) ?? [],
    }),
  }),
} satisfies Readonly<Record<string, ApiFunction>>;
