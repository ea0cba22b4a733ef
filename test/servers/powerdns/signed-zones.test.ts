import type { NewCpanelMember } from '../../../src/cluster/model/member-status.js';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PdnsControl } from '../../../src/nameservers/powerdns/control.js';
import type { NameserverSettings } from '../../../src/nameservers/nameserver-settings.js';
import { freePort } from '../../../src/operations/ports.js';
import { startNode, type RunningNode } from '../../../src/panel/node.js';
import { ROOT } from '../../cluster/zone-texts.js';
import { needs } from '../../needs.js';
import { OWN_ZONE } from '../operator-server.js';
import { OperatorsPdns } from './operator.js';

describe.skipIf(!needs('pdns_server', 'pdnsutil'))('a server whose PowerDNS signs a zone by itself', () => {
  let server: OperatorsPdns;
  let signing: RunningNode;
  let web: RunningNode;
  const folders: string[] = [];

  const begin = async (name: string, nameserver: NameserverSettings): Promise<RunningNode> => {
    const folder = mkdtempSync(join(tmpdir(), 'dns-cluster-signed-'));
    folders.push(folder);
    return startNode({ name, folder, host: '127.0.0.1', port: 0, nameserver });
  };

  beforeEach(async () => {
    server = await OperatorsPdns.configure();
    server.pdnsutil('secure-zone', OWN_ZONE);
    await server.start();
    signing = await begin('ns1.example.net', server.settings);
    web = await begin('web.example.net', { kind: 'embedded', host: '127.0.0.1', port: await freePort() });
  });
  afterEach(async () => {
    await Promise.all([signing.stop(), web.stop()]);
    await server.end();
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });

  const refusal = { code: 'nameserver_signs_zones', message: expect.stringContaining(OWN_ZONE) as string };

  test('cannot begin a cluster, add a member, or become one, and is told which zone and what to do', async () => {
    await expect(signing.plugin.cluster.settings.setClustering(true, ROOT)).rejects.toMatchObject(refusal);
    await expect(signing.plugin.cluster.settings.setClustering(true, ROOT)).rejects.toThrow(/pdnsutil disable-dnssec/);
    const invitation = async (to: RunningNode): Promise<NewCpanelMember> => {
      const { host, port } = new URL(to.url);
      const { secret } = await to.plugin.tokens.create({
        user: 'root',
        kind: 'root',
        name: 'peer',
        privileges: ['all'],
      });
      return { host: host.split(':')[0] ?? '', port: Number(port), user: 'root', token: secret, role: 'write-only' };
    };
    await expect(signing.plugin.cluster.members.add(await invitation(web), ROOT)).rejects.toMatchObject(refusal);
    await expect(web.plugin.cluster.members.add(await invitation(signing), ROOT)).rejects.toMatchObject(refusal);
    expect(web.plugin.cluster.members.list(ROOT)).toEqual([]);
  });

  test('can, when it signs no more', async () => {
    server.pdnsutil('disable-dnssec', OWN_ZONE);
    const control = new PdnsControl(join(server.folder, 'pdns.controlsocket'));
    await control.command('purge');
    control.close();
    await signing.stop();
    await signing.plugin.start(); // what was found is asked again after a minute, or at a start
    await expect(signing.plugin.cluster.settings.setClustering(true, ROOT)).resolves.toBeUndefined();
    await signing.plugin.stop();
  });
});
