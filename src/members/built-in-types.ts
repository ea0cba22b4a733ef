import { softLayer } from './hosted/softlayer.js';
import { vpsNet } from './hosted/vpsnet.js';
import type { MemberType } from './member-type.js';
import { powerDnsApi } from './powerdns-api/powerdns-api.js';

/** Beside the original's wire, in the order of the Backend Type menu. */
export const BUILT_IN_TYPES: readonly MemberType[] = [softLayer, vpsNet, powerDnsApi];
