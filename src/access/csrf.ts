import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** Whose form it is; the token of one login is worth nothing in another. */
interface FormOwner {
  user: string;
  sessionId: string;
}

/** The token for the hidden field of this owner's forms. Stateless: the same for the whole login. */
export function csrfToken(secret: Buffer, owner: FormOwner): string {
  return createHmac('sha256', secret)
    .update(JSON.stringify(['csrf', owner.user, owner.sessionId]))
    .digest('base64url');
}

/** Is `token` the one of this owner? In constant time. */
export function csrfTokenMatches(secret: Buffer, owner: FormOwner, token: unknown): boolean {
  if (typeof token !== 'string') return false;
  const expected = Buffer.from(csrfToken(secret, owner));
  const given = Buffer.from(token);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/**
 * Does the browser say that this request comes from a page of another origin? Sec-Fetch-Site decides where it is sent
 * (every current browser, on https and loopback); else Origin against Host. A client that sends neither is no browser,
 * so no victim.
 */
export function isCrossOrigin(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  if (headers.origin === undefined) return false;
  return !URL.canParse(headers.origin) || new URL(headers.origin).host !== headers.host;
}
