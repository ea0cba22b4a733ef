import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decodeMessage, encodeMessage, RCODE } from '../../../src/dns/messages/message.js';
import { parseName } from '../../../src/dns/name.js';
import { query } from '../../query.js';
import { frame, FrameReader } from '../../../src/dns/messages/tcp.js';
import { TYPE } from '../../../src/dns/types.js';
import type { EmbeddedNameserver } from '../../../src/nameservers/embedded/embedded.js';
import { networkOf } from '../../../src/nameservers/embedded/network.js';
import { parsedUpsert, startEmbedded } from './embedded-server.js';

let server: EmbeddedNameserver;
beforeEach(async () => {
  server = await startEmbedded();
});
afterEach(() => server.stop());

describe('over TCP the embedded nameserver', () => {
  const question = (id: number, name: string, type: number): Buffer =>
    frame(
      encodeMessage({
        ...{
          id,
          response: false,
          opcode: 0,
          rcode: 0,
          aa: false,
          tc: false,
          rd: false,
          ra: false,
          ad: false,
          cd: false,
        },
        questions: [{ name: parseName(name), type, class: 1 }],
        answer: [],
        authority: [],
        additional: [],
      }),
    );

  async function open(localAddress = '127.0.0.1'): Promise<Socket> {
    const socket = connect({ ...server.dns, localAddress });
    await once(socket, 'connect');
    return socket;
  }

  test('answers a hundred questions of one write in their order, then ends when the asker does', async () => {
    await server.apply([parsedUpsert('a.example', 1)]);
    const socket = await open();
    socket.end(Buffer.concat(Array.from({ length: 100 }, (_, id) => question(id, 'ns.a.example.', TYPE.A))));
    const frames = new FrameReader();
    for await (const chunk of socket) frames.push(chunk as Buffer);
    const ids: number[] = [];
    for (let octets = frames.next(); octets !== undefined; octets = frames.next()) ids.push(decodeMessage(octets).id);
    expect(ids).toEqual(Array.from({ length: 100 }, (_, id) => id));
  });

  test('takes a question octet by octet', async () => {
    const socket = await open();
    for (const octet of question(7, 'a.example.', TYPE.A)) {
      socket.write(Buffer.from([octet]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(decodeMessage(answer.subarray(2))).toMatchObject({ id: 7, rcode: RCODE.REFUSED });
    socket.destroy();
  });

  test('closes an idle connection, and one that sends single octets for ever', async () => {
    await server.stop();
    server = await startEmbedded({ tcpIdleTimeout: 200 });
    const [silent, slow] = await Promise.all([open(), open()]);
    const dripping = setInterval(() => slow.write(Buffer.from([1])), 50);
    // An octet on its way meets a closed connection: that it is reset is as good an end.
    const ended = (socket: Socket): Promise<void> =>
      new Promise((resolve) =>
        socket
          .on('error', () => undefined)
          .on('close', () => resolve())
          .resume(),
      );
    await Promise.all([ended(silent), ended(slow)]);
    clearInterval(dripping);
  });

  test('an asker that does not read costs nobody else anything', async () => {
    const big = Array.from({ length: 60 }, (_, i) => `t 60 TXT ${'x'.repeat(250)}${i}\n`).join('');
    await server.apply([parsedUpsert('big.example', 1, big)]);
    const socket = await open();
    socket.pause();
    const batch = Buffer.concat(Array.from({ length: 500 }, (_, id) => question(id, 't.big.example.', TYPE.TXT)));
    // The kernel takes some megabytes for us; then our writing stalls too, for the server reads no further.
    let stalled = false;
    for (let sent = 0; sent < 2000 && !stalled; sent++) {
      if (socket.write(batch)) continue;
      const halfSecond = new Promise<true>((resolve) => setTimeout(() => resolve(true), 500));
      stalled = await Promise.race([once(socket, 'drain').then(() => false), halfSecond]);
    }
    expect(stalled).toBe(true);
    expect((await query(server.dns, parseName('ns.big.example.'), TYPE.A)).answer).toHaveLength(1);
    socket.destroy();
  });

  /** Asks over a connection of its own; -1 where it is closed without an answer. */
  const rcodeFor = async (localAddress: string): Promise<number> => {
    const socket = await open(localAddress);
    try {
      socket.write(question(9, 'a.example.', TYPE.A));
      const [answer] = (await once(socket, 'data')) as [Buffer];
      return decodeMessage(answer.subarray(2)).rcode;
    } catch {
      return -1;
    } finally {
      socket.destroy();
    }
  };
  const openAll = (count: number, localAddress: string): Promise<Socket[]> =>
    Promise.all(
      Array.from({ length: count }, async () => {
        const socket = await open(localAddress);
        return socket.on('error', () => undefined).resume();
      }),
    );
  const ends = async (sockets: Socket[], count: number): Promise<void> => {
    await expect.poll(() => sockets.filter((socket) => socket.closed).length).toBe(count);
  };

  test('answers everybody while one address opens 300 connections and asks nothing', async () => {
    const idle = await openAll(300, '127.0.0.1');
    const others = Array.from({ length: 50 }, (_, i) => `127.0.0.${i + 2}`);
    expect(await Promise.all(others.map(rcodeFor))).toEqual(others.map(() => RCODE.REFUSED));
    expect(await rcodeFor('127.0.0.1')).toBe(RCODE.REFUSED);
    await ends(idle, 300 - 32 + 1);
    for (const socket of idle) socket.destroy();
  });

  test('closes the longest idle of an address, and keeps what is used', async () => {
    const [used, unused, ...others] = await openAll(32, '127.0.0.1');
    used?.write(question(1, 'a.example.', TYPE.A));
    await once(used as Socket, 'data');
    const [newcomer] = await openAll(1, '127.0.0.1');
    await ends(
      [unused].flatMap((socket) => socket ?? []),
      1,
    );
    expect([used, newcomer, ...others].filter((socket) => socket?.closed !== false)).toEqual([]);
    for (const socket of [used, newcomer, ...others]) socket?.destroy();
  });

  test('closes the longest idle of all where many addresses hold 256', async () => {
    const held: Socket[] = [];
    for (let last = 1; last <= 16; last++) held.push(...(await openAll(16, `127.0.0.${last}`)));
    expect(await rcodeFor('127.0.1.1')).toBe(RCODE.REFUSED);
    await ends(held, 1);
    expect(held.slice(0, 16).filter((socket) => socket.closed)).toHaveLength(1);
    for (const socket of held) socket.destroy();
  });
});

describe('the network of an address', () => {
  const one = (address: string): string => networkOf(address, { ipv4: 32, ipv6: 56 });

  test('is the address itself for IPv4, and the first 56 bits of IPv6', () => {
    expect(one('192.0.2.1')).not.toBe(one('192.0.2.2'));
    expect(one('2001:db8:1:2ff::1')).toBe(one('2001:db8:1:200:ffff::9'));
    expect(one('2001:db8:1:2ff::1')).not.toBe(one('2001:db8:1:300::1'));
    expect(one('fe80::1%eth0')).toBe(one('fe80::2'));
  });

  test('has any number of bits', () => {
    const of = (address: string, ipv4: number): string => networkOf(address, { ipv4, ipv6: 32 });
    expect(of('192.0.2.1', 22)).toBe(of('192.0.3.255', 22));
    expect(of('192.0.3.1', 22)).not.toBe(of('192.0.4.1', 22));
    expect(of('32.1.13.184', 32)).not.toBe(of('2001:db8::', 32));
    expect(of('10.0.0.1', 0)).toBe(of('192.0.2.1', 0));
  });
});
