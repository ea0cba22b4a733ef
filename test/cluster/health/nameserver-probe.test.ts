import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { probeNameserver } from '../../../src/cluster/health/nameserver-probe.js';
import { EmbeddedNameserver } from '../../../src/nameservers/embedded/embedded.js';
import { createLog } from '../../../src/operations/log.js';
import { zoneName } from '../../../src/zones/zone-name.js';
import { ClusterNode } from '../cluster-node.js';
import { ROOT, zoneText } from '../zone-texts.js';

const NAME = zoneName('a.example');

describe('a nameserver is asked over UDP and TCP', () => {
  let nameserver: EmbeddedNameserver | undefined;
  let socket: Socket | undefined;
  afterEach(async () => {
    await nameserver?.stop();
    socket?.close();
    nameserver = socket = undefined;
  });

  test('and answers where it says that it does not have the zone, too', async () => {
    const listen = [{ host: '127.0.0.1', port: 0 }] as const;
    nameserver = new EmbeddedNameserver({ listen, version: '0', log: createLog({ level: 'silent' }) });
    await nameserver.start();
    for (const zone of [NAME, undefined]) {
      expect(await probeNameserver(nameserver.dns, zone, undefined)).toBeUndefined();
    }
  });

  test('and one of both that is silent is named, with the time of the first probe in a row', async () => {
    socket = createSocket('udp4', (question, { port, address }) => {
      // The question sent back as an answer: the bit QR is set (RFC 1035 §4.1.1), and so is REFUSED; EDNS is left as it
      // came.
      const answer = Buffer.from(question);
      answer[2] = (answer[2] ?? 0) | 0x80;
      answer[3] = 5;
      socket?.send(answer, port, address);
    });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const dns = { host: '127.0.0.1', port: socket.address().port };
    const silent = await probeNameserver(dns, NAME, undefined);
    expect(silent?.over).toEqual(['TCP']);
    socket.close();
    socket = undefined;
    const later = await probeNameserver(dns, NAME, silent);
    expect(later).toMatchObject({ over: ['UDP', 'TCP'], since: silent?.since });
  });
});

test('a member whose nameserver is silent says so on its row, gets every change, and is not counted as failing', async () => {
  const web = await ClusterNode.start('web', { schedules: { health: '* * * * * *' } });
  const ns = await ClusterNode.start('ns');
  try {
    await web.add(ns);
    await web.cluster.saveZone(NAME, zoneText(1), ROOT);
    await ns.nameserver.stop();
    await vi.waitFor(() => expect(web.row(ns).silentNameserver?.over).toEqual(['UDP', 'TCP']), 10_000);
    await web.cluster.saveZone(NAME, zoneText(2), ROOT, { wait: 'local' });
    await vi.waitFor(() => expect(ns.holdings()).toEqual(web.holdings()), 10_000);
    expect(web.row(ns)).toMatchObject({ state: 'online', failures: 0 });
    await ns.stop();
    await ns.start();
    await vi.waitFor(() => expect(web.row(ns).silentNameserver).toBeUndefined(), 10_000);
  } finally {
    await Promise.all([web.end(), ns.end()]);
  }
}, 30_000);
