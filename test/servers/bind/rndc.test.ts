import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ClusterError } from '../../../src/errors.js';
import { RndcChannel } from '../../../src/nameservers/bind/control.js';
import { keyClause, newRndcKey, readRndcKey, type RndcKey } from '../../../src/nameservers/bind/rndc-key.js';
import {
  decodeMessage,
  encodeMessage,
  RndcFormatError,
  type RndcMessage,
} from '../../../src/nameservers/bind/rndc-message.js';
import { needs } from '../../needs.js';
import { OperatorsNamed } from './operator.js';

const key = newRndcKey();
const { message } = fc.letrec<{ message: RndcMessage; value: string | RndcMessage }>((tie) => ({
  message: fc.dictionary(fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 20 }), tie('value'), {
    maxKeys: 4,
    noNullPrototype: true,
  }),
  value: fc.oneof({ maxDepth: 2 }, fc.string({ unit: 'binary-ascii' }), tie('message')),
}));

describe('messages of the control channel', () => {
  test('what is written is read again', () => {
    fc.assert(
      fc.property(message, (given) => {
        expect(decodeMessage(encodeMessage(given, key), key)).toEqual(given);
      }),
    );
  });

  test('a message whose content was changed anywhere, or that another key signed, is refused', () => {
    const octets = encodeMessage({ _ctrl: { _ser: '1' }, _data: { type: 'status' } }, key);
    const content = octets.indexOf('_ctrl') - 1;
    fc.assert(
      fc.property(
        fc.integer({ min: content, max: octets.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        (at, change) => {
          const forged = Buffer.from(octets);
          forged[at] = (forged[at] ?? 0) ^ change;
          expect(() => decodeMessage(forged, key)).toThrow(RndcFormatError);
        },
      ),
    );
    expect(() => decodeMessage(octets, newRndcKey())).toThrow('its signature is not by our key');
  });

  test('octets that are no message are refused, and never anything worse', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
        expect(() => decodeMessage(Buffer.from(octets), key)).toThrow(RndcFormatError);
      }),
    );
  });
});

describe('key files', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dns-cluster-rndc-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const read = async (text: string): Promise<RndcKey> => {
    await writeFile(join(folder, 'key'), text);
    return readRndcKey(join(folder, 'key'));
  };

  test('a key that was written is read again', async () => {
    expect(await read(keyClause(key))).toEqual(key);
  });

  test('comments are passed over, also where the secret holds what looks like one', async () => {
    const text =
      '# key "no" { };\n/* key "no" { secret "x"; } */ key mine { algorithm HMAC-SHA512; // why not\n secret "//8=";\n};';
    expect(await read(text)).toEqual({ name: 'mine', algorithm: 'sha512', secret: Buffer.from([255, 255]) });
  });

  test.each([
    ['', 'it holds no key clause'],
    ['key k { algorithm hmac-md5; secret "AAAA"; };', 'its algorithm is none of'],
    ['key k { algorithm hmac-sha256; };', 'it holds no secret'],
  ])('%j is refused: %s', async (text, why) => {
    await expect(read(text)).rejects.toThrow(why);
  });

  test('a missing file is named', async () => {
    await expect(readRndcKey(join(folder, 'none'))).rejects.toThrow(join(folder, 'none'));
  });
});

describe.skipIf(!needs('named'))('the control channel of a real named', () => {
  let named: OperatorsNamed;
  let server: { host: string; port: number; key: RndcKey };

  beforeAll(async () => {
    named = await OperatorsNamed.configure();
    await named.start();
    server = { host: '127.0.0.1', port: named.operator.controlPort, key: await readRndcKey(named.operator.keyFile) };
  });
  afterAll(() => named.end());

  test('a command is answered with its text; a refused one with its error', async () => {
    const channel = new RndcChannel(server);
    expect(await channel.command('status')).toMatchObject({
      result: 0,
      text: expect.stringContaining('up and running') as string,
    });
    expect(await channel.command('reload nowhere.example')).toMatchObject({ error: 'not found' });
    expect(await channel.command('nonsense')).toMatchObject({ error: 'unknown command', text: '' });
    channel.close();
  });

  test('many commands at once are all answered, over four connections', async () => {
    const channel = new RndcChannel(server);
    const replies = await Promise.all(
      Array.from({ length: 300 }, (_, i) => channel.command(`zonestatus z${i}.example`)),
    );
    expect(replies.every(({ text }, i) => text.includes(`'z${i}.example'`))).toBe(true);
    channel.close();
  });

  test.each(['sha1', 'sha224', 'sha256', 'sha384', 'sha512'] as const)(
    'named takes a key of hmac-%s',
    async (algorithm) => {
      const other = await OperatorsNamed.configure();
      const otherKey: RndcKey = { ...newRndcKey(), algorithm };
      await writeFile(other.operator.keyFile, keyClause(otherKey));
      await other.start();
      const channel = new RndcChannel({ host: '127.0.0.1', port: other.operator.controlPort, key: otherKey });
      expect(await channel.command('status')).toMatchObject({ result: 0 });
      channel.close();
      await other.end();
    },
  );

  test('a wrong key is said to be the likely cause, and its secret is not shown', async () => {
    const wrong = newRndcKey();
    const channel = new RndcChannel({ ...server, key: wrong });
    const error: unknown = await channel.command('status').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ClusterError);
    expect(String(error)).toContain('is the key the one of its controls statement?');
    expect(String(error)).not.toContain(wrong.secret.toString('base64'));
  });

  test('a server that is no named is refused', async () => {
    const impostor = createServer((socket) =>
      socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    );
    impostor.listen(0, '127.0.0.1');
    await once(impostor, 'listening');
    const channel = new RndcChannel({ ...server, port: (impostor.address() as AddressInfo).port });
    await expect(channel.command('status')).rejects.toMatchObject({ code: 'nameserver_unavailable' });
    impostor.close();
  });

  test('a named that is silent is waited for no longer than asked', async () => {
    const channel = new RndcChannel(server);
    await channel.command('status');
    await named.freeze();
    const start = performance.now();
    await expect(channel.command('status', 200)).rejects.toThrow('no reply within 200 ms');
    expect(performance.now() - start).toBeLessThan(2_000);
    channel.close();
    await named.kill();
    await named.start();
  });

  test('named goes away in the middle of a command: that fails at once, it is told, and the next start is found', async () => {
    const lost = vi.fn();
    const channel = new RndcChannel(server, lost);
    await channel.command('status');
    await named.freeze();
    const underWay = channel.command('status');
    const failed = expect(underWay).rejects.toMatchObject({ code: 'nameserver_unavailable' });
    await named.kill();
    await failed;
    await vi.waitFor(() => expect(lost).toHaveBeenCalledOnce());
    await expect(channel.command('status')).rejects.toThrow('ECONNREFUSED');
    await named.start();
    expect(await channel.command('status')).toMatchObject({ result: 0 });
    channel.close();
    await expect(channel.command('status')).rejects.toThrow('was closed');
  });
});
