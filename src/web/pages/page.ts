import type { Request, Response } from 'express';
import type { Principal } from '../../access/principal.js';
import type { TokenStore } from '../../access/tokens.js';
import type { Cluster } from '../../cluster/cluster.js';
import type { HostPanel } from '../../host/host-panel.js';
import type { AuditLog } from '../../operations/audit-log.js';
import type { Notifications } from '../../notifications/notifications.js';
import type { Frame } from '../page-app.js';
import type { Managing } from './managing.js';
import type { Outcomes, Outcome } from './outcomes.js';
import { visitOf } from './visit.js';
import { timeAgo, ZONE_STATES } from '../../presentation/words.js';

/** What every page's routes work with. */
export interface PageContext {
  cluster: Cluster;
  tokens: TokenStore;
  host: HostPanel;
  /** Version of this software. */
  version: string;
  outcomes: Outcomes;
  managing: Managing;
  audit?: AuditLog | undefined;
  notifications?: Notifications | undefined;
}

/** A path below our mount point from its segments, with a query if the last is an object. All parts are encoded. */
type UrlOf = (...parts: (string | Readonly<Record<string, string | number>>)[]) => string;

/** Builds links from where the host mounted us. */
export function urlsOf(request: Request): UrlOf {
  return (...parts) => {
    const segments = parts.filter((part) => typeof part === 'string').map((part) => encodeURIComponent(part));
    const query = parts
      .filter((part) => typeof part !== 'string')
      .flatMap((part) => Object.entries(part))
      .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
    return `${request.baseUrl}/${segments.join('/')}${query.length > 0 ? `?${query.join('&')}` : ''}`;
  };
}

const NAVIGATION = [
  { label: 'DNS Cluster', segments: [], prefix: /^\/($|member|clustering|synchronize|notifications|users)/ },
  { label: 'Zones', segments: ['zones'], prefix: /^\/zone/ },
  { label: 'Drift and conflicts', segments: ['drift'], prefix: /^\/drift/ },
  { label: 'Manage API Tokens', segments: ['tokens'], prefix: /^\/token/ },
  { label: 'Activity', segments: ['activity'], prefix: /^\/activity/ },
];

/** The frame of a page; without menu and links for somebody who is not let in. */
export function frameOf(host: HostPanel, request: Request): Frame {
  const url = urlsOf(request);
  const user = host.identify(request);
  return {
    panel: host.name,
    user: user?.user,
    links: host.links?.(request) ?? [],
    nav:
      user === undefined
        ? []
        : NAVIGATION.map(({ label, segments, prefix }) => ({
            label,
            href: url(...segments),
            current: prefix.test(request.path),
          })),
    assets: `${request.baseUrl}/assets`,
  };
}

/** Renders a view with the values that all views use, and the outcome that the URL names. */
export function showPage(
  context: PageContext,
  request: Request,
  response: Response,
  view: string,
  data: Readonly<Record<string, unknown>> & { title: string },
): void {
  const { principal, login, csrf } = visitOf(request);
  response.render(view, {
    outcome: context.outcomes.of(login.user, request.query['result']),
    ...data,
    frame: frameOf(context.host, request),
    url: urlsOf(request),
    csrf,
    isRoot: principal.kind === 'root',
    // Whom root may act for, and acts for.
    managing:
      login.kind === 'root'
        ? { as: principal.user === login.user ? '' : principal.user, resellers: context.managing.resellers() }
        : undefined,
    ago: timeAgo,
    zoneStates: ZONE_STATES,
  });
}

/** The users to whom this principal may give zones. */
export function usersOf({ host }: PageContext, { kind }: Principal): string[] {
  return kind === 'root' ? host.users().map(({ user }) => user) : [];
}

/** Redirects after a form, to a page that shows the outcome. */
export function redirectWith(
  context: PageContext,
  request: Request,
  response: Response,
  segments: readonly string[],
  outcome: Outcome,
): void {
  const result = context.outcomes.keep(visitOf(request).login.user, outcome);
  response.redirect(303, urlsOf(request)(...segments, { result }));
}
