import type { Express } from 'express';
import type { TokenStore } from '../../access/tokens.js';
import type { Cluster } from '../../cluster/cluster.js';
import type { HostPanel } from '../../host/host-panel.js';
import type { Log } from '../../operations/log.js';
import { createPageApp, endWithErrorPages } from '../page-app.js';
import { clusterPages } from './cluster-pages.js';
import { smallForm, zoneTextForm } from './forms.js';
import { memberPages } from './member-pages.js';
import { newMemberPages } from './new-member-pages.js';
import { Outcomes } from './outcomes.js';
import { frameOf, type PageContext } from './page.js';
import { tokenPages } from './token-pages.js';
import { admit, guardForms } from './visit.js';
import { zoneEditor } from './zone-editor.js';
import { zonePages } from './zone-pages.js';

/**
 * The pages of the menu item Clusters » DNS Cluster, as an app of their own for the host to mount where it likes. `secret` is
 * behind the form tokens: at least 32 random bytes, kept over restarts.
 */
export function createPages(options: {
  cluster: Cluster;
  tokens: TokenStore;
  host: HostPanel;
  version: string;
  secret: Buffer;
  log: Log;
}): Express {
  const { host, secret, log } = options;
  const context: PageContext = { ...options, outcomes: new Outcomes() };
  const app = createPageApp();
  app.use(admit(host, secret));
  app.post(['/zones/text', '/zone/:name/text'], zoneTextForm);
  app.use(smallForm);
  app.use(guardForms(secret));
  app.use(clusterPages(context));
  app.use(newMemberPages(context));
  app.use(memberPages(context));
  app.use(zonePages(context));
  app.use(zoneEditor(context));
  app.use(tokenPages(context));
  endWithErrorPages(app, log, (request) => frameOf(host, request));
  return app;
}
