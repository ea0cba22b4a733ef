import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { connect, createServer as createSilentServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createLog } from '../../src/operations/log.js';
import type { Notice } from '../../src/host/host-panel.js';
import { Notifications } from '../../src/notifications/notifications.js';

const log = createLog({ level: 'silent' });
let folder: string;
let received: { headers: IncomingHttpHeaders; body: string }[];
let mails: { to: string[]; source: string }[];
let statuses: number[];
let web: Server;
let mail: SMTPServer;
let told: Notice[];
let notifications: Notifications;

const portOf = (server: { address(): AddressInfo | string | null }): number => (server.address() as AddressInfo).port;
const open = (): Promise<Notifications> =>
  Notifications.open(join(folder, 'notifications.json'), {
    ...{ from: 'web.example.net', host: (notice: Notice) => told.push(notice), log, grouped: 50, again: [10, 10] },
  });

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'notifications-'));
  [received, mails, statuses, told] = [[], [], [], []];
  web = createServer((request, response) => {
    void text(request).then((body) => {
      received.push({ headers: request.headers, body });
      response.statusCode = statuses.shift() ?? 200;
      response.end();
    });
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  mail = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, session, callback) => {
      void text(stream).then((source) => {
        mails.push({ to: session.envelope.rcptTo.map(({ address }) => address), source });
        callback();
      });
    },
  });
  await new Promise<void>((resolve) => mail.listen(0, '127.0.0.1', resolve));
  notifications = await open();
});
afterEach(async () => {
  await notifications.close();
  await new Promise((resolve) => web.close(resolve));
  await new Promise<void>((resolve) => mail.close(() => resolve()));
  rmSync(folder, { recursive: true });
});

const webhook = (): string => `http://127.0.0.1:${portOf(web)}/hook`;
const down = { subject: 'ns1 was disabled', text: 'It failed.' };

describe('a notice', () => {
  test('goes to the webhook, signed over its time and body', async () => {
    await notifications.configure({ webhook: webhook(), webhookSecret: 'a secret' });
    notifications.tell(down);
    await vi.waitFor(() => expect(received).toHaveLength(1));
    const [{ headers, body }] = received as [(typeof received)[0]];
    expect(JSON.parse(body)).toEqual({ server: 'web.example.net', notices: [down] });
    const time = String(headers['x-dns-cluster-time']);
    const expected = createHmac('sha256', 'a secret').update(`${time}.${body}`).digest('hex');
    expect(headers['x-dns-cluster-signature']).toBe(`sha256=${expected}`);
    expect(told).toEqual([down]);
  });

  test('goes by mail; those that come together are one message', async () => {
    const smtp = `smtp://127.0.0.1:${portOf(mail.server)}`;
    await notifications.configure({ mailTo: 'root@example.net, noc@example.net', smtp });
    notifications.tell(down);
    notifications.tell({ subject: 'ns2 was disabled', text: 'It failed, too.\r\nBcc: x@example.net' });
    await vi.waitFor(() => expect(mails).toHaveLength(1));
    const [{ to, source }] = mails as [(typeof mails)[0]];
    expect(to).toEqual(['root@example.net', 'noc@example.net']);
    expect(source).toContain('Subject: [web.example.net] ns1 was disabled, and 1 more');
    expect(source).toContain('It failed, too.');
    expect(source.split('\r\n\r\n')[0]).not.toContain('Bcc');
    expect(told).toHaveLength(2);
  });

  test('is sent again where it did not arrive, and given up after some tries', async () => {
    await notifications.configure({ webhook: webhook() });
    statuses.push(500, 503);
    notifications.tell(down);
    await vi.waitFor(() => expect(received).toHaveLength(3));
    statuses.push(500, 500, 500, 500, 500);
    notifications.tell(down);
    await vi.waitFor(() => expect(received).toHaveLength(6));
    await notifications.close();
    expect(received).toHaveLength(6);
    notifications = await open();
  });

  test('holds nobody up, and of very many at once says how many there were', async () => {
    await notifications.configure({ webhook: webhook() });
    for (let i = 0; i < 1_000; i++) notifications.tell({ ...down, subject: `notice ${i}` });
    await vi.waitFor(() => expect(received).toHaveLength(1));
    const { notices } = JSON.parse(received[0]?.body ?? '') as { notices: Notice[] };
    expect(notices).toHaveLength(201);
    expect(notices.at(-1)?.subject).toBe('800 more notices');
  });
});

test('a receiver that never comes to the end of its answer does not keep this server from ending', async () => {
  const slow = createServer((request, response) => {
    request.resume();
    const drip = setInterval(() => response.write('x'), 20);
    response.on('close', () => clearInterval(drip));
    received.push({ headers: request.headers, body: '' });
  });
  await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
  await notifications.configure({ webhook: `http://127.0.0.1:${portOf(slow)}/` });
  notifications.tell(down);
  await vi.waitFor(() => expect(received).toHaveLength(1));
  await notifications.close();
  slow.closeAllConnections();
  await new Promise((resolve) => slow.close(resolve));
});

test('a mail server that never says a word does not keep this server from ending', async () => {
  const callers: Socket[] = [];
  const silent = createSilentServer((socket) => void callers.push(socket));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  await notifications.configure({ mailTo: 'root@example.net', smtp: `smtp://127.0.0.1:${portOf(silent)}` });
  notifications.tell(down);
  await vi.waitFor(() => expect(callers).toHaveLength(1));
  await notifications.close();
  for (const socket of callers) socket.destroy();
  await new Promise((resolve) => silent.close(resolve));
});

test('a receiver that takes no connection does not keep this server from ending for 5 s', async () => {
  const source =
    "const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port))";
  const receiver = spawn(process.execPath, ['-e', source], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(receiver.stdout, 'data')) as [Buffer];
  const port = Number(line);
  // It is stopped, and the system takes no more connections for it than these.
  receiver.kill('SIGSTOP');
  const callers = Array.from({ length: 4 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
  const waiting = (): number =>
    readFileSync('/proc/net/tcp', 'latin1').split(`:${port.toString(16).toUpperCase().padStart(4, '0')} 02 `).length -
    1;
  await vi.waitFor(() => expect(waiting() + callers.filter(({ pending }) => !pending).length).toBe(4), 10_000);
  const before = waiting();
  expect(before).toBeGreaterThan(0);
  await notifications.configure({ webhook: `http://127.0.0.1:${port}/` });
  notifications.tell(down);
  await vi.waitFor(() => expect(waiting()).toBe(before + 1), 10_000);
  const start = performance.now();
  await notifications.close();
  expect(performance.now() - start).toBeLessThan(5_000);
  for (const socket of callers) socket.destroy();
  receiver.kill('SIGKILL');
});

test('a subject with line ends in it adds no header to a mail', async () => {
  await notifications.configure({ mailTo: 'root@example.net', smtp: `smtp://127.0.0.1:${portOf(mail.server)}` });
  notifications.tell({ subject: 'ns1\r\nBcc: thief@example.org\r\n\r\nother text', text: 'x' });
  await vi.waitFor(() => expect(mails).toHaveLength(1));
  expect(mails[0]?.to).toEqual(['root@example.net']);
  const [headers] = mails[0]?.source.split('\r\n\r\n') ?? [];
  expect(headers).toContain('ns1');
  expect(headers).not.toMatch(/^Bcc/m);
});

describe('the settings', () => {
  test.each([
    [{ webhook: 'ftp://example.net/' }, 'webhook'],
    [{ smtp: 'mail.example.net' }, 'smtp'],
    [{ mailTo: 'a@example.net\r\nBcc: b@example.net' }, 'mailTo'],
  ])('%j are refused, and nothing is changed', async (change, parameter) => {
    await expect(notifications.configure(change)).rejects.toMatchObject({
      code: 'parameter_invalid',
      message: expect.stringContaining(parameter) as string,
    });
    expect(notifications.settings).toMatchObject({ webhook: '', smtp: '', mailTo: '' });
  });

  test('are there after a restart, and tried on request', async () => {
    await notifications.configure({ webhook: webhook(), mailTo: 'a@example.net', smtp: 'smtp://127.0.0.1:1' });
    await notifications.close();
    notifications = await open();
    expect(await notifications.test()).toMatchObject([
      { channel: 'mail', failed: expect.stringContaining('ECONNREFUSED') as string },
      { channel: 'webhook' },
    ]);
  });
});
