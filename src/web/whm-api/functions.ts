import type { ApiFunction } from './api-function.js';
import { AUDIT_FUNCTIONS } from './functions/audit-functions.js';
import { CLUSTER_FUNCTIONS } from './functions/cluster-functions.js';
import { DNS_FUNCTIONS } from './functions/dns-functions.js';
import { DRIFT_FUNCTIONS } from './functions/drift-functions.js';
import { HISTORY_FUNCTIONS } from './functions/history-functions.js';
import { NOTIFICATION_FUNCTIONS } from './functions/notification-functions.js';
import { RECORD_FUNCTIONS } from './functions/record-functions.js';
import { SERVER_FUNCTIONS } from './functions/server-functions.js';
import { SYNCHRONIZE_FUNCTIONS } from './functions/synchronize-functions.js';
import { TOKEN_FUNCTIONS } from './functions/token-functions.js';
import { USER_FUNCTIONS } from './functions/user-functions.js';
import { ZONE_FUNCTIONS } from './functions/zone-functions.js';

const TABLE = {
  ...SERVER_FUNCTIONS,
  ...ZONE_FUNCTIONS,
  ...HISTORY_FUNCTIONS,
  ...DNS_FUNCTIONS,
  ...RECORD_FUNCTIONS,
  ...CLUSTER_FUNCTIONS,
  ...SYNCHRONIZE_FUNCTIONS,
  ...DRIFT_FUNCTIONS,
  ...NOTIFICATION_FUNCTIONS,
  ...TOKEN_FUNCTIONS,
  ...USER_FUNCTIONS,
  ...AUDIT_FUNCTIONS,
};
/** Each function with the types of its parameters and its answer. */
export type Functions = typeof TABLE;

/** All functions of the API, by name. */
export const FUNCTIONS: ReadonlyMap<string, ApiFunction> = new Map<string, ApiFunction>(Object.entries(TABLE));
