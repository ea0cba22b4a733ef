import type { MemberContext } from '../../src/members/member-type.js';
import { createLog } from '../../src/operations/log.js';

/** This server, for members that are talked to without a cluster. */
export const HERE: MemberContext = {
  log: createLog({ level: 'silent' }),
  own: { hostname: 'web.example.net', apiPort: 2087, fingerprint: undefined },
};
