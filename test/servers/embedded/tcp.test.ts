import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decodeMessage, encodeMessage, RCODE } from '../../../src/dns/messages/message.js';
import { parseName } from '../../../src/dns/name.js';
import { query } from '../../query.js';
import { frame, FrameReader } from '../../../src/dns/messages/tcp.js';
import { TYPE } from '../../../src/dns/types.js';
import type { EmbeddedNameserver } from '../../../src/nameservers/embedded/embedded.js';
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

  async function open(): Promise<Socket> {
    const socket = connect(server.dns.port, server.dns.host);
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

  test('takes 256 connections, refuses more, and takes again when one is closed', async () => {
    const sockets = await Promise.all(Array.from({ length: 256 }, () => open()));
    const extra = connect(server.dns.port, server.dns.host);
    extra.on('error', () => undefined);
    await once(extra.resume(), 'close');
    sockets.pop()?.destroy();
    await expect
      .poll(() =>
        query(server.dns, parseName('a.example.'), TYPE.A, { tcp: true }).then(
          (answer) => answer.rcode,
          () => -1,
        ),
      )
      .toBe(RCODE.REFUSED);
    for (const socket of sockets) socket.destroy();
  });
});
