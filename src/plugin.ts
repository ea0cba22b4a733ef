import { mkdir } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import type { Express } from 'express';
import { ShownCertificate } from './access/shown-certificate.js';
import { TokenStore } from './access/tokens.js';
import { usersOfTurn } from './access/users-of-turn.js';
import { trustTokens } from './access/trust-tokens.js';
import { Cluster } from './cluster/cluster.js';
import { DailySummary } from './cluster/daily-summary.js';
import { sentenceOf } from './errors.js';
import type { HostPanel, MountedApp } from './host/host-panel.js';
import { isApiPath, readPluginManifest } from './host/plugin-manifest.js';
import { BUILT_IN_TYPES } from './members/member-types.js';
import { ownMemberTypes } from './members/own-member-types.js';
import { createNameserver, type NameserverSettings } from './nameservers/nameserver-settings.js';
import { AuditLog } from './operations/audit-log.js';
import { defined } from './operations/defined.js';
import { createLog, type Log } from './operations/log.js';
import { Notifications } from './notifications/notifications.js';
import { ProblemWatch } from './notifications/problem-watch.js';
import { serverProblems } from './notifications/server-problems.js';
import { packageVersion } from './operations/version.js';
import type { StateLoss } from './state/json-state.js';
import { FolderLock } from './state/folder-lock.js';
import { secretFile } from './state/secret-file.js';
import { createApi } from './web/api.js';
import { openAnnouncing } from './web/listening/announcing-listener.js';
import { withHold } from './web/listening/backup-hold.js';
import { ControlSocket } from './web/listening/control-socket.js';
import { createPages } from './web/pages/pages.js';
import { startupApp } from './web/listening/startup-app.js';
import { endAccount } from './web/user-removal.js';
import { TlsListener, type TlsPlace } from './web/listening/tls-listener.js';

export type { Cluster } from './cluster/cluster.js';
export type { BatchOutcome, ChangeResult } from './cluster/model/results.js';
export type { Principal } from './access/principal.js';
export { zoneName, type ZoneName } from './zones/zone-name.js';
export { ClusterError } from './errors.js';
export { bearerCookie, type BearerCookie } from './host/bearer-cookie.js';
export { readPluginManifest, type PluginManifest } from './host/plugin-manifest.js';
export { stopFirst } from './host/stop-first.js';
export type { HostLink, HostPanel, HostUser, MountedApp, Notice } from './host/host-panel.js';
export { MemberError, type MemberBackend, type MemberChange, type Pushed } from './members/member-backend.js';
export type { MemberField, MemberType, MemberValues } from './members/member-type.js';
export type { NameserverSettings } from './nameservers/nameserver-settings.js';

/** What a host panel tells the plugin about its place. */
export interface PluginSettings {
  /** Folder that belongs to the plugin alone: zones, index, ledgers, state, tokens. Made where it is missing. */
  folder: string;
  /** This server's host name, as members know it. */
  hostname: string;
  nameserver: NameserverSettings;
  /** Port of the host's `api` app, and the fingerprint of its certificate: no server becomes its own member. */
  apiPort?: number;
  fingerprint?: string;
  /** In place of `fingerprint`: its certificate as a node of this software watches it. */
  certificate?: ShownCertificate;
  /** For a host that can't serve `api` at the root of a port itself: the plugin does, in place of the two above. */
  apiListener?: ApiListenerSettings;
  /** Cron expression of the health checker; each minute where absent. */
  healthSchedule?: string;
  /** Cron expression of the drift check; once an hour where absent. */
  driftSchedule?: string;
  /** Address or host name by which members reach this server; by default its end of the connection to them. */
  address?: string;
  /** The operator's member types: files, folders or npm packages that export `memberType` (docs/member-types.md). */
  memberTypes?: readonly string[];
  log?: Log;
  /** State files of a host that keeps its own as this plugin does, and found them lost. */
  losses?: readonly StateLoss[];
}

/**
 * A TLS listener of the plugin's own. Without a certificate it makes one, self-signed and kept in its folder, as peers
 * of this kind use: they pin the certificate itself.
 */
export type ApiListenerSettings = Omit<TlsPlace, 'key' | 'cert'> & Partial<Pick<TlsPlace, 'key' | 'cert'>>;

/** The plugin in a host: two apps to mount, and a life of its own. */
export interface Plugin {
  /** Mount at the menu's path (plugin.json: mounts.pages), behind the host's session. */
  readonly pages: MountedApp;
  /**
   * Mount at the root of the port that peers call (2087); no session, no body parser before it. Requests for other
   * paths than those in plugin.json (mounts.api) go on to the host.
   */
  readonly api: MountedApp;
  /** The cluster, for code of the host; throws before `start`. */
  readonly cluster: Cluster;
  readonly tokens: TokenStore;
  /** Where its own TLS listener is, and the fingerprint that members pin; undefined where the host serves `api`. */
  readonly apiListener: { port: number; fingerprint: string } | undefined;
  /**
   * Call this where the host removed a user and its `users` has no ids: a user who has the name later gets nothing of
   * what belonged to the one before.
   */
  accountRemoved(user: string): Promise<void>;
  /** Idempotent. Rejects where folder or nameserver can't be used. */
  start(): Promise<void>;
  /** Idempotent. */
  stop(): Promise<void>;
}

interface Running {
  cluster: Cluster;
  tokens: TokenStore;
  pages: Express;
  api: Express;
  apiListener: Plugin['apiListener'];
  /** Ends all of it, the lock of the folder last. */
  end: () => Promise<void>;
}

/**
 * Wires the rooms together. Nothing runs before `start`, nothing is left after `stop`, and nothing global is touched:
 * two instances live in one process. Until `start` is through, both apps answer 503.
 */
export function createPlugin(host: HostPanel, settings: PluginSettings): Plugin {
  const log = settings.log ?? createLog({ name: 'dns-cluster' });
  let running: Running | undefined;
  let changing: Promise<void> = Promise.resolve();

  const now = (): Running => {
    if (running === undefined) throw new Error('the DNS cluster plugin is not started');
    return running;
  };
  const inTurn = (step: () => Promise<void>): Promise<void> => {
    changing = changing.catch(() => undefined).then(step);
    return changing;
  };
  const manifest = readPluginManifest();
  let hasFailed = false;
  const absence = (): string =>
    hasFailed
      ? 'The DNS cluster could not start. The log of this server says why.'
      : 'The DNS cluster is starting. Try again in a few seconds.';
  return {
    pages: startupApp(() => running?.pages, absence),
    api: startupApp(
      () => running?.api,
      absence,
      (path) => isApiPath(manifest, path),
    ),
    get cluster() {
      return now().cluster;
    },
    get tokens() {
      return now().tokens;
    },
    get apiListener() {
      return now().apiListener;
    },
    accountRemoved: async (user) => endAccount(user, now()).then(() => undefined),
    start: () =>
      inTurn(async () => {
        hasFailed = false;
        try {
          running ??= await run(
            host,
            settings,
            startupApp(() => running?.api, absence),
            log,
          );
        } catch (error) {
          hasFailed = true;
          log.error({ error: sentenceOf(error) }, 'the DNS cluster could not start');
          throw error;
        }
      }),
    stop: () =>
      inTurn(async () => {
        const ending = running;
        running = undefined;
        await ending?.end();
      }),
  };
}

async function run(host: HostPanel, settings: PluginSettings, standingApi: Express, log: Log): Promise<Running> {
  const { folder } = settings;
  await mkdir(folder, { recursive: true, mode: 0o750 });
  const ends: (() => Promise<void>)[] = [];
  const end = async (): Promise<void> => {
    for (let next = ends.pop(); next !== undefined; next = ends.pop()) {
      await next().catch((error: unknown) => log.error({ error: sentenceOf(error) }, 'stopping went wrong'));
    }
  };
  let watch: ProblemWatch | undefined;
  const lock = await FolderLock.take(folder);
  ends.push(() => lock.release());
  try {
    const version = await packageVersion();
    const { listener: own, certificate = settings.certificate } = await ownApi(settings, standingApi, ends, log);
    const audit = new AuditLog(join(folder, 'audit.log'), log);
    ends.push(() => audit.close());
    const users = usersOfTurn(host);
    const isEnding = (): void => void watch?.check();
    const tokens = await TokenStore.open(join(folder, 'tokens.json'), { log, audit, users, isEnding });
    ends.push(() => tokens.close());
    const notifications = await Notifications.open(join(folder, 'notifications.json'), {
      from: settings.hostname,
      log,
      host: (notice) => host.notify?.(notice),
    });
    ends.push(() => notifications.close());
    const [servers, ...services] = BUILT_IN_TYPES;
    const cluster = await Cluster.start({
      folder,
      log,
      audit,
      own: {
        hostname: settings.hostname,
        apiPort: own?.port ?? settings.apiPort,
        // Another one after a renewal.
        get fingerprint() {
          return own?.fingerprint ?? certificate?.current.fingerprint ?? settings.fingerprint;
        },
        ...defined({ address: settings.address }),
      },
      // An operator's own type takes the place of a built-in one of its name.
      memberTypes: [servers, ...(await ownMemberTypes(settings.memberTypes ?? [], log)), ...services],
      tokens: trustTokens(tokens),
      users: users.users,
      nameserver: createNameserver(settings.nameserver, { folder: join(folder, 'nameserver'), log, version }),
      schedules: { health: settings.healthSchedule, drift: settings.driftSchedule },
    });
    ends.push(() => cluster.stop());
    const opened = await ProblemWatch.open(join(folder, 'problems'), {
      problems: async () => [
        ...cluster.problems(),
        ...(await serverProblems({
          ...{ tokens, folder, audit: audit.broken, certificate: certificate?.fault },
          losses: [...cluster.losses, tokens.loss, notifications.loss, ...(settings.losses ?? [])],
        })),
      ],
      tell: (notice) => notifications.tell(notice),
      log,
    });
    watch = opened;
    cluster.events.on('changed', () => void opened.check());
    ends.push(() => opened.close());
    const summary = new DailySummary(cluster, notifications, audit, log);
    await summary.start();
    ends.push(() => summary.stop());
    // Kept, so that a form that was open during a restart still works.
    const secret = await secretFile(join(folder, 'csrf.key'));
    const api = createApi({ cluster, tokens, audit, notifications, accounts: host.accounts, version, log });
    const control = await ControlSocket.open(
      folder,
      withHold(api as RequestListener, () => cluster.holdFiles(), log),
    );
    ends.push(() => control.close());
    return {
      cluster,
      tokens,
      end,
      api,
      apiListener: own,
      pages: createPages({ cluster, tokens, audit, notifications, host, version, secret, log }),
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/**
 * Opens the plugin's own TLS listener if configured. The cluster must know its port, so it opens first and answers 503
 * until then.
 */
async function ownApi(
  { apiListener: wanted, folder, hostname }: PluginSettings,
  api: Express,
  ends: (() => Promise<void>)[],
  log: Log,
): Promise<{ listener?: TlsListener; certificate?: ShownCertificate }> {
  if (wanted === undefined) return {};
  const { host, port, key, cert } = wanted;
  if (key !== undefined || cert !== undefined) {
    const listener = await TlsListener.open({ host, port, key: key ?? '', cert: cert ?? '' }, api);
    ends.push(() => listener.close());
    return { listener };
  }
  const certificate = await ShownCertificate.open({ folder: join(folder, 'tls'), hostname, addresses: [host], log });
  const listener = await openAnnouncing({ host, port }, certificate, api);
  ends.push(
    () => certificate.close(),
    () => listener.close(),
  );
  return { listener, certificate };
}
