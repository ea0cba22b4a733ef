import { z } from 'zod';
import { pastVersion } from '../../../presentation/past-version.js';
import { apiFunction, text, wordOf, type ApiFunction } from '../api-function.js';
import { zone } from '../zone-parameters.js';

const privilege = 'clustering';

/** The change that ended a version, and what it ended. */
const endedVersion = z.object({
  time: z.string(),
  user: z.string(),
  via: z.string(),
  change: wordOf('saved', 'removed', 'given'),
  owner: z.string().optional(),
  newOwner: z.string().optional(),
  serial: z.number(),
  newSerial: z.number().optional(),
});

/** What a zone was before. */
export const HISTORY_FUNCTIONS = {
  listzonehistory: apiFunction({
    summary: 'The last 50 changes of a zone, the newest first, each with the version before it',
    privilege,
    parameters: { zone },
    answer: z.object({ version: z.array(endedVersion) }),
    run: async ({ zone: name }, { cluster, peer }) => ({
      version: (await cluster.zones.history(name, peer)).map(({ text: _text, ...version }) => version),
    }),
  }),
  getzoneversion: apiFunction({
    summary: 'The text of the version before a change, in base64; `time` is that of listzonehistory',
    privilege,
    parameters: { zone, time: text },
    answer: z.object({ zone: z.string(), serial: z.number(), text_b64: z.base64() }),
    run: async ({ zone: name, time }, { cluster, peer }) => {
      const { serial, text: octets } = await pastVersion(cluster, name, time, peer);
      return { zone: name, serial, text_b64: octets.toString('base64') };
    },
  }),
} satisfies Readonly<Record<string, ApiFunction>>;
