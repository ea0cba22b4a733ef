import { randomBytes } from 'node:crypto';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parseName } from '../../src/dns/name.js';
import { printZone } from '../../src/dns/zone-text/printer.js';
import { HMAC_HASHES, keyOfFile, SharedKeyError, type SharedKey } from '../../src/dns/messages/shared-key.js';
import { frame, FrameReader } from '../../src/dns/messages/tcp.js';
import { transferZone, type TransferOptions } from '../../src/dns/messages/transfer.js';
import { keyClause } from '../../src/nameservers/bind/rndc-key.js';
import type { DnsAddress } from '../../src/nameservers/nameserver.js';
import { needs, run } from '../needs.js';
import { OperatorsKnot } from './knot/operator.js';
import { OperatorsNamed } from './bind/operator.js';
import { OperatorsNsd } from './nsd/operator.js';
import type { OperatorServer } from './operator-server.js';

const ZONE = 'large.example';
/** Some 30 messages, more for servers that send small ones. */
const RECORDS = 15_000;
const keys: SharedKey[] = HMAC_HASHES.map((algorithm) => ({
  name: `key-${algorithm}`,
  algorithm,
  secret: randomBytes(32),
}));
const key = keys.find(({ algorithm }) => algorithm === 'sha256') as SharedKey;
const KNOWN_TO_NONE: SharedKey = { name: 'unknown', algorithm: 'sha256', secret: randomBytes(32) };

const text = [
  '$TTL 300\n@ SOA ns1.host.example. hostmaster.host.example. 7 3600 600 86400 300\n@ NS ns1.host.example.\n',
  ...Array.from({ length: RECORDS }, (_, i) => `host-${i} TXT "${'x'.repeat(i % 60)}" "${i}"\n`),
].join('');

const base64 = ({ secret }: SharedKey): string => secret.toString('base64');

/** Real primaries that give the zone to who has one of the keys, and to nobody else. */
const PRIMARIES: readonly { kind: string; installed: boolean; configure: () => Promise<OperatorServer> }[] = [
  {
    kind: 'BIND',
    installed: needs('named', 'named-compilezone'),
    configure: async () => {
      const allowed = keys.map(({ name }) => `key "${name}";`).join(' ');
      const zone = `zone "${ZONE}" { type primary; file "${ZONE}"; allow-transfer { ${allowed} }; };`;
      return OperatorsNamed.configure(`${keys.map(keyClause).join('')}${zone}`);
    },
  },
  {
    kind: 'Knot',
    installed: needs('knotd'),
    configure: async () => {
      const server = await OperatorsKnot.configure();
      const file = join(server.folder, 'knot.conf');
      const clauses = keys.map(
        (one) => `  - id: ${one.name}\n    algorithm: hmac-${one.algorithm}\n    secret: ${base64(one)}\n`,
      );
      const acl = `acl:\n  - id: us\n    key: [${keys.map(({ name }) => name).join(', ')}]\n    action: transfer\n`;
      const before = await readFile(file, 'utf8');
      const zone = `zone:\n  - domain: ${ZONE}\n    file: ${ZONE}\n    acl: us\n`;
      await writeFile(file, `key:\n${clauses.join('')}${acl}${before}${zone}`);
      return server;
    },
  },
  {
    kind: 'NSD',
    installed: needs('nsd'),
    configure: async () => {
      const server = await OperatorsNsd.configure();
      const clauses = keys.map(
        (one) => `key:\n  name: ${one.name}\n  algorithm: hmac-${one.algorithm}\n  secret: "${base64(one)}"\n`,
      );
      const allowed = keys.map(({ name }) => `  provide-xfr: 127.0.0.1 ${name}\n`);
      const zone = `zone:\n  name: ${ZONE}\n  zonefile: "${server.folder}/${ZONE}"\n${allowed.join('')}`;
      await appendFile(join(server.folder, 'nsd.conf'), `${clauses.join('')}${zone}`);
      return server;
    },
  },
];

function transfer(server: DnsAddress, options: TransferOptions, zone = ZONE): Promise<string> {
  const name = parseName(`${zone}.`);
  return transferZone(server, name, options).then((records) => printZone({ origin: name, records, warnings: [] }));
}

describe.each(PRIMARIES)('a zone from $kind by AXFR', ({ kind, installed, configure }) => {
  describe.skipIf(!installed)('with TSIG', () => {
    let server: OperatorServer;
    let truth: string;
    beforeAll(async () => {
      server = await configure();
      const file = join(server.folder, ZONE);
      await writeFile(file, text);
      truth = run('named-compilezone', '-q', '-s', 'full', '-o', '-', ZONE, file);
      await server.start();
    });
    afterAll(() => server.end());

    test.each(keys)('is whole, signed by HMAC with $algorithm', async (one) => {
      expect((await transfer(server.dns, { key: one })) === truth).toBe(true);
    });

    test('is refused without a key, with the response code', async () => {
      await expect(transfer(server.dns, {})).rejects.toThrow(
        /large\.example.*127\.0\.0\.1:\d+: it .*\((REFUSED|NOTAUTH)\)/,
      );
    });

    test('is refused with a key that it does not know', async () => {
      await expect(transfer(server.dns, { key: KNOWN_TO_NONE })).rejects.toThrow(/BADKEY/);
    });

    test('is refused with another secret', async () => {
      await expect(transfer(server.dns, { key: { ...key, secret: randomBytes(32) } })).rejects.toThrow(/BADSIG/);
    });

    test('is refused where the clocks differ, and says by how much', async () => {
      const now = (): number => Date.now() - 4_000_000;
      await expect(transfer(server.dns, { key, now })).rejects.toThrow(/clock is (4000|3999|4001) s ahead .*BADTIME/);
    });

    test('that it does not have is refused', async () => {
      await expect(transfer(server.dns, { key }, 'other.example')).rejects.toThrow(/other\.example.*NOTAUTH|REFUSED/);
    });

    describe('through somebody in the middle', () => {
      let middle: Middle;
      afterEach(() => middle.close());

      test('who changes an octet of any message, is not taken', async () => {
        const whole = await Middle.start(server.dns, (messages) => messages);
        middle = whole;
        await transfer(middle.address, { key });
        const count = middle.passed;
        expect(count).toBeGreaterThan(3);
        await whole.close();
        for (const at of [0, 1, Math.floor(count / 2), count - 1]) {
          middle = await Middle.start(server.dns, (message, i) => (i === at ? flipped(message) : message));
          await expect(transfer(middle.address, { key }), `${kind}, message ${at}`).rejects.toThrow(
            /signature|signed|ends|name|rdata|TSIG/,
          );
          await middle.close();
        }
      });

      test('who leaves a message out, or sends one twice, is not taken', async () => {
        middle = await Middle.start(server.dns, (message, i) => (i === 1 ? undefined : message));
        await expect(transfer(middle.address, { key })).rejects.toThrow(/signature/);
        await middle.close();
        middle = await Middle.start(server.dns, (message, i) =>
          i === 1 ? Buffer.concat([message, frame(message)]) : message,
        );
        await expect(transfer(middle.address, { key })).rejects.toThrow(/signature/);
      });

      test('who ends the connection early, is not taken', async () => {
        middle = await Middle.start(server.dns, (message, i) => (i < 2 ? message : 'end'));
        await expect(transfer(middle.address, { key })).rejects.toThrow(/closed before the end of the zone/);
      });

      test('who falls silent, is not waited for', async () => {
        middle = await Middle.start(server.dns, (message, i) => (i < 2 ? message : undefined));
        await expect(transfer(middle.address, { key, silence: 200 })).rejects.toThrow(/silent for 0\.2 s|signature/);
        await expect(transfer(middle.address, { key, timeout: 300 })).rejects.toThrow(/took too long|signature/);
      });
    });

    test('is not read further where it is larger than what is wanted', async () => {
      await expect(transfer(server.dns, { key, largest: 100_000 })).rejects.toThrow(/larger than 100000 octets/);
    });
  });
});

test('a transfer from where nobody listens says so', async () => {
  const server = createServer();
  const { port } = await new Promise<AddressInfo>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(server.address() as AddressInfo));
  });
  await new Promise((resolve) => server.close(resolve));
  await expect(transfer({ host: '127.0.0.1', port }, {})).rejects.toThrow(/ECONNREFUSED/);
});

describe('a key file', () => {
  const secret = Buffer.from('0123456789abcdef');
  const wanted = { name: 'k.example', algorithm: 'sha512', secret };
  test.each([
    ['of tsig-keygen', keyClause({ ...key, ...wanted, algorithm: 'sha512' })],
    ['of keymgr -t', `# hmac-sha512:k.example:${secret.toString('base64')}\nkey:\n  - id: k.example\n`],
    ['with one line', `hmac-sha512:k.example:${secret.toString('base64')}\n`],
  ])('%s is read', (_by, content) => {
    expect(keyOfFile(content)).toEqual(wanted);
  });
  test.each([
    ['of MD5', 'hmac-md5:k:MTIz', /hmac-sha1, /],
    ['without a key', 'nothing', /no key clause/],
  ])('%s is refused', (_what, content, why) => {
    expect(() => keyOfFile(content)).toThrow(SharedKeyError);
    expect(() => keyOfFile(content)).toThrow(why);
  });
});

/** The last octet of the records' data, which is text: what stays a message all the same. */
function flipped(message: Buffer): Buffer {
  const copy = Buffer.from(message);
  const at = copy.indexOf('xxxx');
  const place = at < 0 ? 12 : at;
  copy[place] = (copy[place] ?? 0) ^ 1;
  return copy;
}

type Change = (message: Buffer, i: number) => Buffer | undefined | 'end';

/** Sits before a server and changes its answers: message for message, nothing for undefined. */
class Middle {
  passed = 0;
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(to: DnsAddress, change: Change): Promise<Middle> {
    const server = createServer();
    const middle = new Middle(server);
    server.on('connection', (client) => middle.#join(client, to, change));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return middle;
  }

  get address(): DnsAddress {
    return { host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port };
  }

  async close(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket, to: DnsAddress, change: Change): void {
    const upstream = connect(to);
    for (const socket of [client, upstream]) {
      this.#open.add(socket);
      socket.on('error', () => undefined);
    }
    client.pipe(upstream);
    client.on('close', () => upstream.destroy());
    const frames = new FrameReader();
    let i = 0;
    upstream.on('data', (chunk) => {
      frames.push(chunk);
      for (let message = frames.next(); message !== undefined; message = frames.next()) {
        const changed = change(message, i++);
        if (changed === 'end') client.end();
        else if (changed !== undefined && client.writable) {
          // A second message may be behind the first: its frame stands in the octets already.
          const length = Math.min(changed.length, message.length);
          client.write(Buffer.concat([frame(changed.subarray(0, length)), changed.subarray(length)]));
          this.passed++;
        }
      }
    });
  }
}
