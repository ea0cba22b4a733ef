import type { Trust } from '../../members/cpanel/trust.js';

/** A member, as far as it can be probed without its token. */
export interface KnownMember extends Pick<Trust, 'fingerprint' | 'trust' | 'keyPin' | 'ca'> {
  hostname: string;
  host: string;
  port: number;
}
