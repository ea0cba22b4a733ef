import { z } from 'zod';
import { isNetwork } from '../../access/networks.js';

const networks = z.array(
  z.string().refine(isNetwork, 'must be an address or a range, such as 192.0.2.1 or 2001:db8::/32'),
);

/** The names and meanings of BIND's `rate-limit`. */
const rateLimit = z.strictObject({
  /** Equal answers to one network; 0 limits nothing. */
  responsesPerSecond: z.int().min(0).max(1_000).default(20),
  /** Seconds for which answers beyond the rate are held against a network. */
  window: z.int().min(1).max(3_600).default(15),
  /** Each so-manyeth answer beyond the rate is sent truncated, the others are not sent; 0 sends none. */
  slip: z.int().min(0).max(10).default(2),
  ipv4PrefixLength: z.int().min(1).max(32).default(24),
  ipv6PrefixLength: z.int().min(1).max(64).default(56),
  exemptClients: networks.default(['127.0.0.0/8', '::1']),
});

export type RateLimitSettings = z.output<typeof rateLimit>;

/** How the embedded nameserver's own settings are checked. */
export const embeddedSettings = z.strictObject({
  /** Who may transfer zones; nobody where absent. */
  allowTransfer: networks.default([]),
  rateLimit: rateLimit.prefault({}),
  /** Secrets of cookies, the one that makes them first; a random one where absent. */
  cookieSecrets: z.array(z.string().regex(/^[0-9A-Fa-f]{32}$/, 'must be 32 hexadecimal digits')).default([]),
});

export type EmbeddedSettings = z.input<typeof embeddedSettings>;
