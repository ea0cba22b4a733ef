import type { Express } from 'express';
import type { TokenStore } from '../../access/tokens.js';
import type { Cluster } from '../../cluster/cluster.js';
import type { HostPanel } from '../../host/host-panel.js';
import type { AuditLog } from '../../operations/audit-log.js';
import type { Notifications } from '../../notifications/notifications.js';
import type { Log } from '../../operations/log.js';
import { createPageApp, endWithErrorPages } from '../page-app.js';
import { activityPages } from './activity-pages.js';
import { clusterPages } from './members/cluster-pages.js';
import { driftPages } from './drift-pages.js';
import { smallForm, zoneTextForm } from './forms.js';
import { Managing } from './managing.js';
import { managingPages } from './managing-pages.js';
import { memberCertificate } from './members/member-certificate.js';
import { memberPages } from './members/member-pages.js';
import { newMemberPages } from './members/new-member-pages.js';
import { notificationPages } from './notification-pages.js';
import { Outcomes } from './outcomes.js';
import { frameOf, type PageContext } from './page.js';
import { synchronizePages } from './synchronize-pages.js';
import { tokenPages } from './token-pages.js';
import { userPages } from './user-pages.js';
import { admit, guardForms } from './visit.js';
import { zoneEditor } from './zones/zone-editor.js';
import { zoneHistory } from './zones/zone-history.js';
import { zoneOwner } from './zones/zone-owner.js';
import { zonePages } from './zones/zone-pages.js';
import { zoneRecords } from './zones/zone-records.js';

/**
 * The pages of the menu item Clusters » DNS Cluster, as an app of their own for the host to mount where it likes.
 * `secret` is behind the form tokens: at least 32 random bytes, kept over restarts.
 */
export function createPages(options: {
  cluster: Cluster;
  tokens: TokenStore;
  host: HostPanel;
  version: string;
  secret: Buffer;
  log: Log;
  /** Shown on the page Activity. */
  audit?: AuditLog;
  notifications?: Notifications;
}): Express {
  const { cluster, host, secret, log } = options;
  const managing = new Managing(host);
  const context: PageContext = { ...options, outcomes: new Outcomes(), managing };
  const app = createPageApp();
  app.use(admit(host, cluster.accounts, secret, managing));
  app.post(['/zones/text', '/zone/:name/text'], zoneTextForm);
  app.use(smallForm);
  app.use(guardForms(secret));
  app.use(managingPages(context));
  app.use(activityPages(context));
  app.use(clusterPages(context));
  app.use(newMemberPages(context));
  app.use(memberPages(context));
  app.use(memberCertificate(context));
  app.use(driftPages(context));
  app.use(notificationPages(context));
  app.use(synchronizePages(context));
  app.use(zoneOwner(context));
  app.use(zonePages(context));
  app.use(zoneRecords(context));
  app.use(zoneHistory(context));
  app.use(zoneEditor(context));
  app.use(tokenPages(context));
  app.use(userPages(context));
  endWithErrorPages(app, log, (request) => frameOf(host, request));
  return app;
}
