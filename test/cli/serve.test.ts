import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { generate } from 'selfsigned';
import { Agent, request } from 'undici';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { parseName } from '../../src/dns/name.js';
import { query } from '../query.js';
import { TYPE } from '../../src/dns/types.js';
import { freePort } from '../../src/operations/ports.js';
import { ClusterNode } from '../cluster/cluster-node.js';
import { ROOT } from '../cluster/zone-texts.js';
import { needs } from '../needs.js';
import { builtProgram } from './built-program.js';
import { RunningService } from './running-service.js';

const program = builtProgram();
const REFUSED = 5;
// Starts whole servers, several in a test.
vi.setConfig({ testTimeout: 120_000 });

let folder: string;
let services: RunningService[];
let settings: { name: string; folder: string; host: string; port: number; nameserver: Record<string, unknown> };
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'serve-'));
  services = [];
  const nameserver = { kind: 'embedded', host: '127.0.0.1', port: await freePort() };
  settings = {
    ...{ name: 'ns1.example.net', folder: join(folder, 'data'), host: '127.0.0.1', port: await freePort(), nameserver },
  };
});
afterEach(async () => {
  for (const service of services) await service.ended('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** The service with this configuration: an object, or the text of the file. */
function serve(configuration: unknown, env: Record<string, string> = {}): RunningService {
  const file = join(folder, 'node.json');
  writeFileSync(file, typeof configuration === 'string' ? configuration : JSON.stringify(configuration));
  const service = new RunningService(program, file, env);
  services.push(service);
  return service;
}

async function answer(path: string): Promise<[status: number, text: string]> {
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
  try {
    const { statusCode, body } = await request(`https://127.0.0.1:${settings.port}${path}`, { dispatcher });
    return [statusCode, await body.text()];
  } finally {
    await dispatcher.close();
  }
}

describe('dnscluster serve', () => {
  test('says when it is ready, answers over TLS and DNS, ends in order by SIGTERM, and starts again on the same data', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const service = serve(settings);
      await service.untilSaid(/ns1\.example\.net is ready at .*certificate ([0-9A-F]{2}:){31}/);
      expect(await answer('/readyz')).toEqual([200, 'ready\n']);
      const port = Number(settings.nameserver['port']);
      expect((await query({ host: '127.0.0.1', port }, parseName('example.org.'), TYPE.SOA)).rcode).toBe(REFUSED);
      expect(await service.ended(signal)).toBe(0);
      expect(service.said).toMatch(new RegExp(`ends \\(${signal}\\)\\n.*has ended\\n$`));
    }
    expect(statSync(settings.folder).mode & 0o777).toBe(0o750);
  });

  test('ends within five seconds of SIGTERM though a member answers nothing any more', async () => {
    const member = await ClusterNode.start('ns2');
    const socketPath = join(settings.folder, 'dns-cluster', 'control', 'control.sock');
    const local = new Agent({ connect: { socketPath } });
    const call = (path: string, form: Record<string, string>): Promise<string> => {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      const body = new URLSearchParams(form).toString();
      const options = { method: 'POST', headers, body, dispatcher: local } as const;
      return request(`http://localhost/json-api/${path}?api.version=1`, options).then((said) => said.body.text());
    };
    try {
      const service = serve(settings);
      await service.untilSaid(/is ready/);
      const { host, port, user, token } = await member.invitation('sync', ROOT);
      expect(await call('addmember', { host, port: String(port), user, token, role: 'sync' })).toContain('"result":1');
      const asked = new Promise<void>((resolve) => {
        member.intercept = () => (resolve(), true);
      });
      const check = call('checkdrift', {}).catch(() => undefined);
      await asked;
      const start = performance.now();
      expect(await service.ended('SIGTERM')).toBe(0);
      expect(performance.now() - start).toBeLessThan(5_000);
      await check;
    } finally {
      await local.destroy();
      await member.end();
    }
  });

  test('shows the certificate of files that it is given, and refuses a key that is not its own', async () => {
    const [made, other] = await Promise.all([generate([]), generate([])]);
    const tls = { certificate: join(folder, 'chain.pem'), key: join(folder, 'key.pem') };
    writeFileSync(tls.certificate, made.cert);
    writeFileSync(tls.key, made.private);
    const service = serve({ ...settings, tls });
    await service.untilSaid(/is ready/);
    const socket = connect({ host: '127.0.0.1', port: settings.port, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    expect(socket.getPeerCertificate().fingerprint256).toBe(new X509Certificate(made.cert).fingerprint256);
    socket.destroy();
    await service.ended('SIGTERM');

    writeFileSync(tls.key, other.private);
    const refused = serve({ ...settings, tls });
    expect(await refused.ended()).toBe(1);
    expect(refused.said).toMatch(/chain\.pem with the key .*key\.pem cannot be used: .*PEM files that belong together/);
  });

  test('says which port is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const service = serve({ ...settings, port });
    expect(await service.ended()).toBe(1);
    expect(service.said).toMatch(
      new RegExp(`cannot listen on 127.0.0.1:${port} .*EADDRINUSE.*choose another address or port`),
    );
    taken.close();
  });

  test('says that its folder cannot be used', async () => {
    writeFileSync(join(folder, 'data'), '');
    const service = serve(settings);
    expect(await service.ended()).toBe(1);
    expect(service.said).toMatch(/^The data folder \S+ cannot be used by this user: .*\n$/);
  });

  test('does not start a second time on the same data, and names the process that has it', async () => {
    const first = serve(settings);
    await first.untilSaid(/is ready/);
    const second = serve({ ...settings, port: await freePort() });
    expect(await second.ended()).toBe(1);
    expect(second.said).toMatch(/process \d+/);
    expect(await answer('/healthz')).toEqual([200, 'ok\n']);
  });

  test.skipIf(!needs('systemd-notify', 'perl'))('tells systemd when it is ready and when it ends', async () => {
    const socket = join(folder, 'notify');
    const receiver = spawn('perl', [
      ...['-MIO::Socket::UNIX', '-e'],
      '$|=1; $s=IO::Socket::UNIX->new(Type=>SOCK_DGRAM,Local=>$ARGV[0]); print "open\n"; while($s->recv($m,4096)||1){print "$m\n"}',
      socket,
    ]);
    let told = '';
    receiver.stdout.on('data', (part: Buffer) => (told += part.toString()));
    await once(receiver.stdout, 'data');
    const service = serve(settings, { NOTIFY_SOCKET: socket });
    await service.untilSaid(/is ready/);
    await expect.poll(() => told, { timeout: 20_000 }).toMatch(/^READY=1$/m);
    expect(told).not.toMatch(/STOPPING/);
    await service.ended('SIGTERM');
    await expect.poll(() => told, { timeout: 20_000 }).toMatch(/^STOPPING=1$/m);
    receiver.kill();
  });
});

describe('dnscluster serve with a configuration that is wrong', () => {
  test('names every wrong field, and makes nothing', async () => {
    const service = serve({ ...settings, port: 0, colour: 1 });
    expect(await service.ended()).toBe(2);
    expect(service.said).toMatch(
      /node\.json is wrong at port: .*; its top level: .*"colour"\. Correct that and start again\.\n$/,
    );
    expect(existsSync(settings.folder)).toBe(false);
  });

  test('that is missing: says its name and the option', async () => {
    const service = new RunningService(program, join(folder, 'none.json'));
    expect(await service.ended()).toBe(2);
    expect(service.said).toMatch(/none\.json cannot be read: ENOENT.*--config/);
  });
});
