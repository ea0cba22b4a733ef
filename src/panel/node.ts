import { access, constants, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ShownCertificate } from '../access/shown-certificate.js';
import { ClusterError, sentenceOf } from '../errors.js';
import { readPluginManifest } from '../host/plugin-manifest.js';
import type { NameserverSettings } from '../nameservers/nameserver-settings.js';
import { defined } from '../operations/defined.js';
import { createLog } from '../operations/log.js';
import { createPlugin, type Plugin } from '../plugin.js';
import type { CertificateFiles } from '../state/certificate.js';
import { FolderLock } from '../state/folder-lock.js';
import { secretFile } from '../state/secret-file.js';
import { openAnnouncing } from '../web/listening/announcing-listener.js';
import { Notices } from './notices.js';
import { createPanel } from './panel.js';
import { UserStore } from './users.js';

/** Where one node lives: the bare-bones panel with the plugin in it, behind TLS. */
export interface NodeSettings {
  /** Its host name in the cluster. */
  name: string;
  /** Everything that it keeps. */
  folder: string;
  /** Address and port of pages and API; port 0 takes a free one. */
  host: string;
  port: number;
  nameserver: NameserverSettings;
  /** Address or host name by which members reach this server (PluginSettings). */
  address?: string;
  /** Member types of the operator's own (PluginSettings). */
  memberTypes?: readonly string[];
  /** In place of a certificate that the node makes for itself. */
  tls?: CertificateFiles;
  /** Its log goes to `node.log` in the folder, and lines of this level and above to standard error, too. */
  console?: 'warn';
}

export interface RunningNode {
  url: string;
  fingerprint: string;
  plugin: Plugin;
  users: UserStore;
  stop(): Promise<void>;
}

const ANY_ADDRESS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/**
 * Starts a node: certificate, users, panel, listener, plugin. Rejects where a port or folder cannot be used; nothing is
 * left running then.
 */
export async function startNode(settings: NodeSettings): Promise<RunningNode> {
  const { folder } = settings;
  await ownFolder(folder);
  const lock = await FolderLock.take(folder);
  try {
    const node = await startInside(settings);
    return { ...node, stop: () => node.stop().finally(() => lock.release()) };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** The folder is ours: nobody else reads or writes what lies in it. */
async function startInside(settings: NodeSettings): Promise<RunningNode> {
  const { name, folder, host, address, memberTypes, tls } = settings;
  const log = createLog({
    name,
    file: join(folder, 'node.log'),
    ...(settings.console && { console: settings.console }),
  });
  const reached = [host, ...(address === undefined ? [] : [address])].filter((one) => !ANY_ADDRESS.has(one));
  const certificate = await ShownCertificate.open({
    ...{ folder: join(folder, 'tls'), hostname: name, addresses: reached, given: tls, log },
  });
  const users = await UserStore.open(join(folder, 'users.json'), log);
  const notices = await Notices.open(join(folder, 'notices.json'), log);
  const secret = await secretFile(join(folder, 'session.key'));
  const panel = createPanel({ name, users, notices, secret, log });
  // The listener opens first, because the plugin must know the port; until the plugin is there, it answers 503.
  const listener = await openAnnouncing({ host, port: settings.port }, certificate, panel.app);
  const plugin = createPlugin(panel.host, {
    folder: join(folder, 'dns-cluster'),
    hostname: name,
    nameserver: settings.nameserver,
    ...defined({ address, memberTypes }),
    apiPort: listener.port,
    certificate,
    log,
    losses: users.loss === undefined ? [] : [users.loss],
  });
  panel.mount(readPluginManifest(), plugin);
  const stop = async (): Promise<void> => {
    await plugin.stop();
    await listener.close();
    await certificate.close();
    await users.close();
    await notices.close();
  };
  try {
    await plugin.start();
  } catch (error) {
    await stop();
    throw error;
  }
  const url = `https://${host}:${listener.port}`;
  return { url, fingerprint: listener.fingerprint, plugin, users, stop };
}

async function ownFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o750 });
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new ClusterError('folder_unusable', { folder, why: sentenceOf(error) }, { cause: error });
  }
}
