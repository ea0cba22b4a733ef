import { BIND } from './bind/bind.js';
import { EMBEDDED } from './embedded/embedded.js';
import { KNOT } from './knot/knot.js';
import { NSD } from './nsd/nsd.js';
import { POWERDNS } from './powerdns/powerdns.js';

/** Every kind of nameserver, as settings name it: a line here, and the folder of that name with all the rest. */
export const KINDS = {
  embedded: EMBEDDED,
  bind: BIND,
  powerdns: POWERDNS,
  nsd: NSD,
  knot: KNOT,
} as const;

/** Needs nothing to be installed. */
export const DEFAULT_KIND = 'embedded' satisfies keyof typeof KINDS;
