import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket as NetSocket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { decodeMessage, encodeMessage, RCODE, type DnsMessage } from '../../src/dns/messages/message.js';
import { parseName } from '../../src/dns/name.js';
import { DnsClient } from '../../src/dns/messages/query.js';
import { query } from '../query.js';
import { frame, FrameReader } from '../../src/dns/messages/tcp.js';
import { TYPE } from '../../src/dns/types.js';
import { ClusterError } from '../../src/errors.js';

const EXAMPLE = parseName('example.org.');
const soa = (serial: number): DnsMessage['answer'][number] => {
  const numbers = Buffer.alloc(20);
  numbers.writeUInt32BE(serial);
  return {
    owner: EXAMPLE,
    ttl: 60,
    type: TYPE.SOA,
    rdata: `${EXAMPLE}${EXAMPLE}${numbers.toString('latin1')}`,
    line: 0,
  };
};

let open: (Socket | Server)[] = [];
afterEach(() => {
  for (const server of open) server.close();
  open = [];
});

/** A nameserver of a few lines that misbehaves as told: sends what `reply` makes of each question, over UDP. */
async function udp(
  reply: (question: DnsMessage, send: (answer: DnsMessage | Buffer) => void) => void,
): Promise<number> {
  const socket = createSocket('udp4');
  open.push(socket);
  socket.on('message', (octets, peer) => {
    reply(decodeMessage(octets), (answer) => {
      socket.send(Buffer.isBuffer(answer) ? answer : encodeMessage(answer), peer.port, peer.address);
    });
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return socket.address().port;
}

const answerTo = (question: DnsMessage, serial = 1): DnsMessage => ({
  ...question,
  ...{ response: true, aa: true, answer: [soa(serial)] },
});

async function failure(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ClusterError);
  return (error as ClusterError).message;
}

describe('a question', () => {
  test('is answered', async () => {
    const port = await udp((question, send) => send(answerTo(question, 77)));
    const answer = await query({ host: '127.0.0.1', port }, EXAMPLE, TYPE.SOA);
    expect(answer).toMatchObject({ rcode: RCODE.NOERROR, aa: true, tc: false, answer: [soa(77)] });
  });

  test('ignores answers to another question, with another id, and things that are no answer', async () => {
    const port = await udp((question, send) => {
      send(Buffer.from('not DNS at all'));
      send(question);
      send({ ...answerTo(question, 1), id: question.id ^ 1 });
      send({ ...answerTo(question, 2), questions: [{ name: parseName('example.net.'), type: TYPE.SOA, class: 1 }] });
      send({ ...answerTo(question, 3), questions: [{ name: EXAMPLE, type: TYPE.A, class: 1 }] });
      send({ ...answerTo(question, 4), questions: [] });
      send(answerTo(question, 5));
    });
    expect((await query({ host: '127.0.0.1', port }, EXAMPLE, TYPE.SOA)).answer).toEqual([soa(5)]);
  });

  test('is sent a second time where the first is lost', async () => {
    let seen = 0;
    const port = await udp((question, send) => {
      if (++seen === 2) send(answerTo(question));
    });
    expect((await query({ host: '127.0.0.1', port }, EXAMPLE, TYPE.SOA, { timeout: 300 })).aa).toBe(true);
    expect(seen).toBe(2);
  });

  test('without an answer fails with the server and the name in the sentence', async () => {
    const port = await udp(() => undefined);
    const message = await failure(query({ host: '127.0.0.1', port }, EXAMPLE, TYPE.SOA, { timeout: 100 }));
    expect(message).toContain(`127.0.0.1:${port} gave no answer for example.org. (within 100 ms)`);
  });

  test('and a thousand at once to a port where nobody listens all fail at once, and others run between them', async () => {
    const port = await udp(() => undefined);
    const socket = open.pop();
    await new Promise<void>((resolve) => socket?.close(() => resolve()));
    const client = new DnsClient({ host: '127.0.0.1', port }, { timeout: 60_000 });
    await failure(client.query(EXAMPLE, TYPE.SOA));
    let failed = 0;
    const failedByTurn = new Set<number>();
    const turn = setInterval(() => failedByTurn.add(failed), 1);
    const messages = await Promise.all(
      Array.from({ length: 1_000 }, () => failure(client.query(EXAMPLE, TYPE.SOA)).finally(() => failed++)),
    );
    clearInterval(turn);
    expect(messages.filter((message) => !message.includes('ECONNREFUSED'))).toEqual([]);
    expect([...failedByTurn].filter((count) => count > 0 && count < 1_000)).not.toEqual([]);
    client.close();
  });

  test('to a port where nobody listens fails at once, and the client stays usable', async () => {
    const port = await udp(() => undefined);
    const socket = open.pop();
    await new Promise<void>((resolve) => socket?.close(() => resolve()));
    const client = new DnsClient({ host: '127.0.0.1', port }, { timeout: 10_000 });
    const began = performance.now();
    expect(await failure(client.query(EXAMPLE, TYPE.SOA))).toContain('ECONNREFUSED');
    expect(performance.now() - began).toBeLessThan(2_000);
    const back = createSocket('udp4');
    open.push(back);
    back.on('message', (octets, peer) => back.send(encodeMessage(answerTo(decodeMessage(octets))), peer.port));
    await new Promise<void>((resolve) => back.bind(port, '127.0.0.1', resolve));
    expect(await client.soaSerial(EXAMPLE)).toBe(1);
    client.close();
  });

  test('is asked again over TCP where the answer is truncated', async () => {
    const port = await udp((question, send) => send({ ...answerTo(question), tc: true, answer: [] }));
    const tcp = createServer((socket) => {
      const frames = new FrameReader();
      socket.on('data', (chunk) => {
        frames.push(chunk);
        const question = frames.next();
        if (question === undefined) return;
        // In single octets: TCP keeps no message boundaries.
        for (const octet of frame(encodeMessage(answerTo(decodeMessage(question), 9))))
          socket.write(Buffer.from([octet]));
      });
    });
    open.push(tcp);
    await new Promise<void>((resolve) => tcp.listen(port, '127.0.0.1', resolve));
    expect((tcp.address() as AddressInfo).port).toBe(port);
    expect(await query({ host: '127.0.0.1', port }, EXAMPLE, TYPE.SOA)).toMatchObject({ tc: false, answer: [soa(9)] });
  });

  test('over TCP says so where nobody listens', async () => {
    const port = await udp((question, send) => send({ ...answerTo(question), tc: true, answer: [] }));
    expect(await failure(query({ host: '127.0.0.1', port }, EXAMPLE, TYPE.SOA))).toContain(
      'over TCP: connect ECONNREFUSED',
    );
  });
});

describe('a client', () => {
  test('asks thousands of questions over one socket and each gets its own answer', async () => {
    const ports = new Set<number>();
    const socket = createSocket('udp4');
    open.push(socket);
    socket.on('message', (octets, peer) => {
      ports.add(peer.port);
      const question = decodeMessage(octets);
      const name = question.questions[0]?.name ?? EXAMPLE;
      const answer = { ...soa(Number(name.slice(1, 1 + name.charCodeAt(0)))), owner: name };
      socket.send(encodeMessage({ ...answerTo(question), answer: [answer] }), peer.port);
    });
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const client = new DnsClient({ host: '127.0.0.1', port: socket.address().port });
    const numbers = Array.from({ length: 5000 }, (_, i) => i + 1);
    const serials = await Promise.all(numbers.map((number) => client.soaSerial(parseName(`${number}.test.`))));
    expect(serials).toEqual(numbers);
    expect(ports.size).toBe(1);
    client.close();
  });

  test('takes no serial without authority, from another name, or with an error', async () => {
    const replies: ((question: DnsMessage) => DnsMessage)[] = [
      (question) => ({ ...answerTo(question), aa: false }),
      (question) => ({ ...answerTo(question), answer: [{ ...soa(1), owner: parseName('org.') }] }),
      (question) => ({ ...answerTo(question), rcode: RCODE.REFUSED }),
      (question) => ({ ...answerTo(question), answer: [], authority: [soa(1)] }),
    ];
    const port = await udp((question, send) => send(replies.shift()?.(question) ?? question));
    const client = new DnsClient({ host: '127.0.0.1', port });
    for (let i = 0; i < 4; i++) expect(await client.soaSerial(EXAMPLE)).toBeUndefined();
    client.close();
  });

  test('closed ends what is under way and takes no more', async () => {
    const port = await udp(() => undefined);
    const client = new DnsClient({ host: '127.0.0.1', port });
    const waiting = failure(client.query(EXAMPLE, TYPE.SOA));
    await new Promise((resolve) => setTimeout(resolve, 50));
    client.close();
    client.close();
    expect(await waiting).toContain('the client was closed');
    expect(await failure(client.query(EXAMPLE, TYPE.SOA))).toContain('the client was closed');
  });

  test('that a signal closes waits neither for an answer over TCP nor for an address', async () => {
    const silent = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
    open.push(silent);
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const ending = new AbortController();
    const options = { timeout: 60_000, signal: ending.signal };
    const tcp = failure(query({ host: '127.0.0.1', port }, EXAMPLE, TYPE.SOA, { ...options, tcp: true }));
    const nowhere = { host: 'ns.example', port, addressOf: () => new Promise<string>(() => undefined) };
    const looked = [true, false].map((over) => failure(query(nowhere, EXAMPLE, TYPE.SOA, { ...options, tcp: over })));
    const [socket] = (await once(silent, 'connection')) as [NetSocket];
    const closed = once(socket, 'close');
    ending.abort();
    for (const said of await Promise.all([tcp, ...looked])) expect(said).toContain('the client was closed');
    await closed;
  });
});
