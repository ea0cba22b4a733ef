import { pastVersion } from '../../../presentation/past-version.js';
import { apiFunction, text, type ApiFunction } from '../api-function.js';
import { zone } from '../zone-parameters.js';

const privilege = 'clustering';

/** What a zone was before. */
export const HISTORY_FUNCTIONS: Readonly<Record<string, ApiFunction>> = {
  listzonehistory: apiFunction({
    summary: 'The changes of a zone, the newest first, each with the version that it ended; at most 50',
    privilege,
    parameters: { zone },
    run: async ({ zone: name }, { cluster, peer }) => ({
      version: (await cluster.zoneHistory(name, peer)).map(({ text: _text, ...version }) => version),
    }),
  }),
  getzoneversion: apiFunction({
    summary: 'The text of a version that a change ended, in base64; `time` is that of listzonehistory',
    privilege,
    parameters: { zone, time: text },
    run: async ({ zone: name, time }, { cluster, peer }) => {
      const { serial, text: octets } = await pastVersion(cluster, name, time, peer);
      return { zone: name, serial, text_b64: octets.toString('base64') };
    },
  }),
};
