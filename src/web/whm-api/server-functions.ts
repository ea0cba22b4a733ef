import { ANNOUNCED_VERSION } from '../wire/server-calls.js';
import { apiFunction, type ApiFunction } from './api-function.js';

/** About this server and the caller. */
export const SERVER_FUNCTIONS: Readonly<Record<string, ApiFunction>> = {
  version: apiFunction({ parameters: {}, run: () => ({ version: ANNOUNCED_VERSION }) }),
  gethostname: apiFunction({ parameters: {}, run: (_, { cluster }) => ({ hostname: cluster.hostname }) }),
  myprivs: apiFunction({
    parameters: {},
    run: (_, { peer }) => ({ privileges: [Object.fromEntries(peer.privileges.map((name) => [name, 1]))] }),
  }),
};
