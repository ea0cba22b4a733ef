import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { softLayer } from '../../src/members/hosted/softlayer.js';
import { vpsNet } from '../../src/members/hosted/vpsnet.js';
import { CpanelMember } from '../../src/members/cpanel/cpanel-member.js';
import { CutOff, type CallOptions, type MemberBackend, type MemberChange } from '../../src/members/member-backend.js';
import { powerDnsApi } from '../../src/members/powerdns-api/powerdns-api.js';
import { HERE } from './here.js';
import { validateZone } from '../../src/zones/validation.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { ClusterNode } from '../cluster/cluster-node.js';
import { ROOT, zoneText } from '../cluster/zone-texts.js';

const NAME = zoneName('a.example');
const change: MemberChange = { kind: 'upsert', isNew: true, ...validateZone(NAME, zoneText(1)) };
const CALLS: Record<string, (member: MemberBackend, options: CallOptions) => Promise<unknown>> = {
  probe: (member, options) => member.probe(options),
  zoneList: (member, options) => member.zoneList(options),
  zones: (member, options) => member.zones([NAME], options),
  zoneExists: (member, options) => member.zoneExists(NAME, options),
  push: (member, options) => member.push([change], options),
  'push of a removal': (member, options) => member.push([{ kind: 'remove', name: NAME }], options),
};

/** Makes a call to a member that does not answer, and cuts it off when it was asked. */
async function cutOff(call: (options: CallOptions) => Promise<unknown>, asked: () => Promise<unknown>): Promise<void> {
  const ending = new AbortController();
  const waiting = asked();
  const made = call({ signal: ending.signal });
  await Promise.race([waiting, made]);
  ending.abort(new CutOff());
  await expect(made).rejects.toBeInstanceOf(CutOff);
}

describe('a service', () => {
  let server: Server;
  /** What it answers; without one, nothing. */
  let status: number | undefined;
  let base: string;
  beforeEach(async () => {
    status = undefined;
    server = createServer((_request, response) => {
      if (status !== undefined) response.writeHead(status, { 'retry-after': '30' }).end('{}');
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });
  const TYPES = {
    SoftLayer: () => softLayer.create({ username: 'u', apikey: 'k', baseurl: base }, HERE),
    'VPS.NET': () => vpsNet.create({ username: 'u', apikey: 'k', baseurl: base }, HERE),
    PowerDNS: () => powerDnsApi.create({ url: base, apikey: 'k' }, HERE),
  };
  const table = Object.entries(TYPES).flatMap(([kind, open]) =>
    Object.entries(CALLS).map(([name, call]) => ({ kind, open, name, call })),
  );

  test.each(table)('at $kind that is silent is waited for no longer than the signal says: $name', async (of) => {
    const member = of.open();
    await cutOff(
      (options) => of.call(member, options),
      () => once(server, 'request'),
    );
    await member.close();
  });

  test('that wants a pause is not waited for meanwhile', async () => {
    status = 429;
    const member = TYPES.SoftLayer();
    await cutOff(
      (options) => member.zoneList(options),
      () => once(server, 'request'),
    );
    await member.close();
  });
});

describe('a member of the cPanel wire', () => {
  let node: ClusterNode;
  let member: CpanelMember;
  beforeEach(async () => {
    node = await ClusterNode.start('ns1');
    const { host, port = 0, user, token } = await node.invitation('sync', ROOT);
    member = new CpanelMember({ host, port, user, token, fingerprint: node.fingerprint, self: 'web' });
    await member.probe();
  });
  afterEach(async () => {
    await member.close();
    await node.end();
  });
  const ALL: Record<string, (member: CpanelMember, options: CallOptions) => Promise<unknown> | undefined> = {
    ...CALLS,
    showVersion: (one, options) => one.showVersion(options),
    requestTrust: (one, options) => one.requestTrust({ user: 'root', address: 'web', token: 't' }, options),
    buckets: (one, options) => one.digests?.buckets('web', options),
    ofBuckets: (one, options) => one.digests?.ofBuckets('web', ['00'], options),
    ofZones: (one, options) => one.digests?.ofZones([NAME], options),
  };

  test.each(Object.entries(ALL))('that is silent is waited for no longer than the signal says: %s', async (_, call) => {
    const asked = new Promise<void>((resolve) => {
      node.intercept = () => {
        resolve();
        return true;
      };
    });
    await cutOff(
      (options) => call(member, options) ?? Promise.reject(new Error('it can tell no digests')),
      () => asked,
    );
  });
});
