import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ClusterState } from '../../../src/cluster/model/cluster-state.js';
import { zoneName } from '../../../src/zones/zone-name.js';
import { authority, selfSigned, type Pair } from '../../certificates.js';
import { ClusterNode } from '../cluster-node.js';
import { ROOT, zoneText } from '../zone-texts.js';

// Starts whole servers, several times in a test.
vi.setConfig({ testTimeout: 60_000 });
const NAME = zoneName('a.example');

let web: ClusterNode;
let ns1: ClusterNode;
let serial: number;
beforeEach(async () => {
  serial = 1;
  [web, ns1] = await Promise.all([ClusterNode.start('web.example.com'), ClusterNode.start('ns1.example.net')]);
  mkdirSync(join(ns1.folder, 'made'));
});
afterEach(() => Promise.all([web.end(), ns1.end()]));

function renewed(key?: string): Pair {
  return selfSigned(join(ns1.folder, 'made'), 'ns1.example.net', key);
}

/** Connections that stand go on: what is shown counts for new ones. */
async function connectAnew(): Promise<void> {
  await ns1.stop();
  await ns1.start();
}

/** It answers, and a change gets there. */
async function expectSent(): Promise<void> {
  await connectAnew();
  await web.cluster.members.test(web.row(ns1).id, ROOT);
  serial++;
  await web.cluster.saveZone(NAME, zoneText(serial), ROOT);
  await vi.waitFor(async () => expect(await ns1.served(NAME)).toBe(serial), { timeout: 20_000 });
  expect(web.row(ns1).state).toBe('online');
}

/** A change does not get there, and nothing else either; resolves with the sentence. */
async function expectStopped(): Promise<string> {
  await connectAnew();
  ns1.calls.length = 0;
  serial++;
  await web.cluster.saveZone(NAME, zoneText(serial), ROOT);
  const { id } = web.row(ns1);
  const test = web.cluster.members.test(id, ROOT);
  await expect(test).rejects.toMatchObject({ code: 'member_call_failed' });
  expect(web.row(ns1)).toMatchObject({ lastFailureKind: 'certificate_changed' });
  expect(await ns1.served(NAME)).not.toBe(serial);
  expect(ns1.calls).toEqual([]);
  return web.row(ns1).lastFailure ?? '';
}

function audited(): { action: string; target: string; via: string }[] {
  const lines = readFileSync(join(web.folder, 'data', 'audit.log'), 'utf8')
    .trim()
    .split('\n');
  return lines.map((line) => JSON.parse(line) as { action: string; target: string; via: string });
}

describe('a member that is known by its key', () => {
  test('is trusted with a renewed certificate of the same key, and nothing is sent again', async () => {
    const { id } = await web.add(ns1);
    await expectSent();
    expect(web.row(ns1)).toMatchObject({ trust: 'key', keyPin: ns1.certificate.keyPin });
    await ns1.putCertificate(renewed(ns1.certificate.key));
    await expectSent();
    // An edit keeps what it is known by, and the certificate that it shows now is noted.
    const { token } = await ns1.invitation('sync', ROOT);
    const edited = await web.cluster.members.edit(id, { token }, ROOT);
    expect(edited).toMatchObject({ trust: 'key', fingerprint: ns1.fingerprint, zonesInSync: 1 });
    expect(edited.renewals).toBeUndefined();
  });

  test('is trusted with another key that the accepted one signed: it is shown, audited, and kept', async () => {
    await web.add(ns1);
    await expectSent();
    const { fingerprint, keyPin } = web.row(ns1);
    await ns1.putCertificate(renewed());
    await expectSent();
    const now = ns1.certificate.keyPin;
    const renewal = { from: { fingerprint, keyPin }, keys: [now], fingerprint: ns1.fingerprint };
    expect(web.row(ns1)).toMatchObject({ keyPin: now, fingerprint: ns1.fingerprint, renewals: [renewal] });
    const noted = { action: 'acceptKey', target: `ns1.example.net ${now}`, via: 'this server' };
    expect(audited().filter(({ action }) => action === 'acceptKey')).toMatchObject([noted]);
    await web.stop();
    await web.start();
    await expectSent();
    expect(web.row(ns1)).toMatchObject({ keyPin: now, renewals: [renewal] });
  });

  test('is trusted after two renewals that happened while this server was down', async () => {
    await web.add(ns1);
    await expectSent();
    await web.stop();
    await ns1.putCertificate(renewed());
    const between = ns1.certificate.keyPin;
    await ns1.putCertificate(renewed());
    await web.start();
    await expectSent();
    expect(web.row(ns1)).toMatchObject({ renewals: [{ keys: [between, ns1.certificate.keyPin] }] });
  });

  test('is not trusted with a key that nobody signed: both fingerprints, the member and the command are named', async () => {
    await web.add(ns1);
    await expectSent();
    const { fingerprint: accepted, id } = web.row(ns1);
    await ns1.renewCertificate();
    const said = await expectStopped();
    expect(said).toMatch(/^ns1\.example\.net shows another certificate/);
    for (const part of [accepted, ns1.fingerprint, 'did not sign', 'dnscluster members accept ns1.example.net'])
      expect(said).toContain(part);
    expect(said).not.toContain('127.0.0.1');
    await web.cluster.members.edit(id, { fingerprint: ns1.fingerprint }, ROOT);
    await expectSent();
    expect(web.row(ns1)).toMatchObject({ trust: 'key', keyPin: ns1.certificate.keyPin });
  });

  test('is not trusted with a key of before, as an old copy of its disk shows it', async () => {
    const old = ns1.certificate;
    await web.add(ns1);
    await expectSent();
    await ns1.putCertificate(renewed());
    await expectSent();
    // The copy knows nothing of the newer key.
    await ns1.renewCertificate();
    writeFileSync(join(ns1.folder, 'renewed-tls', 'announced.json'), JSON.stringify({ key: old.key, statements: [] }));
    writeFileSync(join(ns1.folder, 'renewed-tls', 'tls.key'), old.key);
    writeFileSync(join(ns1.folder, 'renewed-tls', 'tls.crt'), old.cert);
    await ns1.renewCertificate();
    expect(ns1.certificate.keyPin).toBe(old.keyPin);
    expect(await expectStopped()).toContain('did not sign');
  });

  test('is looked at by a person where its key changes again and again', async () => {
    await web.add(ns1);
    for (let i = 0; i < 5; i++) {
      await ns1.putCertificate(renewed());
      await expectSent();
    }
    await ns1.putCertificate(renewed());
    expect(await expectStopped()).toMatch(/ns1\.example\.net changed its key more than 5 times within a day/);
  });
});

describe('a key that was accepted automatically', () => {
  test('is taken back: nothing is sent to it, it is not accepted again, and the one before is trusted', async () => {
    const { id } = await web.add(ns1);
    await expectSent();
    const first = ns1.certificate;
    const second = renewed();
    await ns1.putCertificate(second);
    await expectSent();
    expect(await web.cluster.members.takeBackKey(id, ROOT)).toMatchObject({
      keyPin: first.keyPin,
      renewals: [{ takenBackAt: expect.any(String) as string }],
    });
    expect(await expectStopped()).toContain('taken back');
    // Nor is a key that follows it.
    await ns1.putCertificate(renewed());
    expect(await expectStopped()).toContain('taken back');
    await web.stop();
    await web.start();
    expect(await expectStopped()).toContain('taken back');
    expect(audited().map(({ action }) => action)).toContain('takeBackKey');
    await expect(web.cluster.members.takeBackKey(id, ROOT)).rejects.toMatchObject({ code: 'no_renewal' });
    // The one before is trusted: it is the one that is known.
    await ns1.putCertificate(first);
    await expectSent();
    expect(web.row(ns1)).toMatchObject({ keyPin: first.keyPin });
  });

  test('can be accepted by a person after that', async () => {
    const { id } = await web.add(ns1);
    await expectSent();
    await ns1.putCertificate(renewed());
    await expectSent();
    await web.cluster.members.takeBackKey(id, ROOT);
    await expectStopped();
    await web.cluster.members.edit(id, { fingerprint: ns1.fingerprint }, ROOT);
    await expectSent();
    await expect(web.cluster.members.takeBackKey(id, ROOT)).rejects.toMatchObject({ code: 'no_renewal' });
  });
});

describe('a member that is known by its certificate alone', () => {
  const strip = ({ members, ...state }: ClusterState): unknown => ({
    ...state,
    members: members.map((row) => {
      const { trust: _trust, keyPin: _pin, ca: _ca, ...old } = row as unknown as Record<string, unknown>;
      return old;
    }),
  });

  test.each<[string, () => Promise<void>]>([
    [
      'by choice',
      async () => {
        await web.cluster.members.add({ ...(await ns1.invitation('write-only', ROOT)), trust: 'certificate' }, ROOT);
      },
    ],
    [
      'because its row is of before there was a choice',
      async () => {
        await web.add(ns1);
        await web.stop();
        const file = join(web.folder, 'data', 'cluster.json');
        writeFileSync(file, JSON.stringify(strip(JSON.parse(readFileSync(file, 'utf8')) as ClusterState)));
        await web.start();
      },
    ],
  ])('%s: is not trusted with a renewed one until a person accepts it', async (_why, begin) => {
    await begin();
    await expectSent();
    expect(web.row(ns1)).toMatchObject({ trust: 'certificate' });
    await ns1.putCertificate(renewed(ns1.certificate.key));
    const said = await expectStopped();
    expect(said).toContain('dnscluster members accept ns1.example.net');
    const { id } = web.row(ns1);
    await web.cluster.members.edit(id, { fingerprint: ns1.fingerprint, trust: 'key' }, ROOT);
    await expectSent();
    await ns1.putCertificate(renewed(ns1.certificate.key));
    await expectSent();
  });
});

describe('a member that is known by an authority', () => {
  test('is trusted with what the authority signed for its host name, and with nothing else', async () => {
    const made = join(ns1.folder, 'made');
    const ca = authority(made);
    await ns1.putCertificate(ca.sign('DNS:localhost'));
    const invitation = { ...(await ns1.invitation('write-only', ROOT)), host: 'localhost', trust: 'ca' as const };
    // No public authority knows it, and an address is no host name.
    await expect(web.cluster.members.add(invitation, ROOT)).rejects.toThrow(/No public authority vouches/);
    const byAddress = { ...invitation, host: '127.0.0.1', ca: ca.cert };
    await expect(web.cluster.members.add(byAddress, ROOT)).rejects.toThrow(/does not vouch/);
    const broken = { ...invitation, ca: ca.cert.slice(0, 100) };
    await expect(web.cluster.members.add(broken, ROOT)).rejects.toMatchObject({ code: 'member_field_invalid' });
    const row = await web.cluster.members.add({ ...invitation, ca: ca.cert }, ROOT);
    expect(row).toMatchObject({ trust: 'ca', ca: ca.cert, host: 'localhost' });
    await expectSent();
    // Another key, and nothing is asked.
    await ns1.putCertificate(ca.sign('DNS:localhost,DNS:ns1.example.net'));
    await expectSent();
    await ns1.putCertificate(ca.sign('DNS:ns1.example.net'));
    expect(await expectStopped()).toContain('The accepted authority does not vouch for it');
    await ns1.putCertificate(selfSigned(made, 'localhost'));
    await expectStopped();
    await ns1.putCertificate(ca.sign('DNS:localhost'));
    await expectSent();
  });
});

test('another address of the same server keeps what the member is known by', async () => {
  const { id, fingerprint, keyPin } = await web.add(ns1);
  await ns1.putCertificate(renewed(ns1.certificate.key));
  const moved = await web.cluster.members.edit(id, { host: 'localhost' }, ROOT);
  expect(moved).toMatchObject({ host: 'localhost', trust: 'key', keyPin, fingerprint: ns1.fingerprint });
  expect(moved.fingerprint).not.toBe(fingerprint);
  await expectSent();
});
