import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WhmNode } from './whm-node.js';

/* What a WHM asks a member for, to draw its row: sent as it sends it, answered to the letter. */
let node: WhmNode;
beforeAll(async () => {
  node = await WhmNode.start();
});
afterAll(() => node.stop());

/** One exchange over a socket, as it is. */
async function post(path: string, form: string): Promise<{ status: number; body: unknown }> {
  const head = [
    `POST ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${node.api.port}`,
    `Authorization: whm root:${node.api.secret}`,
    'Content-Type: application/octet-stream',
    `Content-Length: ${form.length}`,
  ];
  const { status, body } = await node.api.send(`${head.join('\r\n')}\r\n\r\n${form}`);
  return { status, body: JSON.parse(body.toString()) as unknown };
}

const ok = (command: string): object => ({ version: 1, command, reason: 'OK', result: 1 });

describe('what a WHM polls', () => {
  test('comes in one batch, each with an envelope of its own', async () => {
    const commands = ['installed_versions', 'servicestatus%3Fservice%3Dnamed', 'version'];
    const form = `api.version=1&${commands.map((command) => `command=${command}`).join('&')}`;
    const { status, body } = await post('/json-api/batch', form);
    expect(status).toBe(200);
    expect(body).toEqual({
      metadata: ok('batch'),
      data: {
        result: [
          { metadata: ok('installed_versions'), data: { 'dns-cluster': '0' } },
          {
            metadata: ok('servicestatus'),
            data: { service: [expect.objectContaining({ name: 'named', enabled: 1, running: 1, monitored: 1 })] },
          },
          { metadata: ok('version'), data: { version: '11.82.0.1' } },
        ],
      },
    });
  });

  test('a command that fails, or does not exist, stops none of the others', async () => {
    const form = 'api.version=1&command-1=dumpzone%3Fdomain%3Dnone.example&command-2=nonsense&command-3=gethostname';
    expect((await post('/json-api/batch', form)).body).toMatchObject({
      metadata: { result: 1 },
      data: {
        result: [
          { metadata: { command: 'dumpzone', result: 0, reason: 'Zone does not exist.' } },
          { metadata: { result: 0, reason: 'Unknown app ("nonsense") requested for this version (1) of the API.' } },
          { metadata: ok('gethostname'), data: { hostname: 'web.example.net' } },
        ],
      },
    });
  });

  test.each([
    ['none', 'api.version=1', 'Parameter command is missing'],
    ['one within one', 'command=batch%3Fcommand%3Dversion', 'names another batch'],
    ['a thousand', Array(1_000).fill('command=version').join('&'), 'more than 100'],
  ])('a batch of %s is refused', async (_what, form, reason) => {
    const { body } = await post('/json-api/batch', form);
    expect(body).toMatchObject({ metadata: { result: 0, reason: expect.stringContaining(reason) as string } });
  });

  test('the version and the host name without an API version are flat', async () => {
    const flat = async (call: string): Promise<unknown> => {
      const head = `GET /json-api/${call}? HTTP/1.1\r\nHost: x\r\nAuthorization: whm root:${node.api.secret}\r\n\r\n`;
      return JSON.parse((await node.api.send(head)).body.toString());
    };
    expect(await flat('version')).toEqual({ version: '11.82.0.1' });
    expect(await flat('gethostname')).toEqual({ hostname: 'web.example.net' });
  });

  test('whether it is trusted is 1 for a member, by either name, and 0 for all others', async () => {
    const ask = async (form: string): Promise<unknown> =>
      ((await post('/json-api/cluster_member_has_trust_with', `api.version=1&${form}`)).body as { data: unknown }).data;
    expect(await ask('host=ns9.example.net&althost=192.0.2.9')).toEqual({ has_trust: 0 });
  });
});
