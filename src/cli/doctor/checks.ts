import { CERTIFICATE_CHECK } from './certificate-check.js';
import type { Check } from './check.js';
import { FOLDER_CHECKS } from './folder-checks.js';
import { MEMBER_CHECKS } from './member-checks.js';
import { NAMESERVER_CHECK } from './nameserver-checks.js';
import { PORT_CHECK } from './port-checks.js';
import { PROGRAM_CHECKS } from './program-checks.js';
import { ZONE_CHECK } from './zone-check.js';

/** Everything that `dnscluster doctor` checks, in the order of its output. */
export const CHECKS: readonly Check[] = [
  ...PROGRAM_CHECKS,
  ...FOLDER_CHECKS,
  PORT_CHECK,
  NAMESERVER_CHECK,
  CERTIFICATE_CHECK,
  ...MEMBER_CHECKS,
  ZONE_CHECK,
];
