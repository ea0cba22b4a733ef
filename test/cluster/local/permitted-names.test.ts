import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Cluster } from '../../../src/cluster/cluster.js';
import { zoneName } from '../../../src/zones/zone-name.js';
import { scratchCluster } from '../lone-cluster.js';
import { reseller, ROOT } from '../zone-texts.js';

const TEXT = Buffer.from(
  '$TTL 60\n@ SOA ns1.nameserver.test. h.nameserver.test. 1 1 1 1 1\n@ NS ns1.nameserver.test.\n',
);
const ANN = reseller('ann');
const BOB = reseller('bob');

let cluster: Cluster;
let end: () => Promise<void>;
beforeAll(async () => {
  ({ cluster, end } = await scratchCluster());
  await cluster.saveZone(zoneName('ann.example'), TEXT, ANN);
  await cluster.saveZone(zoneName('sub.deep.example'), TEXT, ANN);
});
afterAll(() => end());

const made = (name: string, by = BOB): Promise<unknown> => cluster.addZone(zoneName(name), TEXT, by);

describe('an account does not make', () => {
  test.each([
    ['a single label', ['localhost', 'web', 'ns1', 'com', 'example', 'arpa']],
    [
      'a public suffix',
      ['co.uk', 'CO.UK.', 'kawasaki.jp', 'b.kawasaki.jp', '公司.cn', 'github.io', 'in-addr.arpa', 'ip6.arpa'],
    ],
    ['a name at or above a server of the cluster', ['web.example.net', 'example.net', 'WEB.example.NET.']],
    ['a reverse zone above what is allocated', ['192.in-addr.arpa', '2.ip6.arpa', '0.2.ip6.arpa', '0.0.2.ip6.arpa']],
  ])('%s', async (_, names) => {
    for (const name of names)
      await expect(made(name), name).rejects.toMatchObject({
        code: 'name_not_permitted',
        message: expect.stringMatching(/Ask an administrator/) as string,
      });
  });

  test('a name at, above or below a zone of another account', async () => {
    await expect(made('ann.example')).rejects.toMatchObject({ code: 'zone_not_yours' });
    await expect(made('www.ann.example')).rejects.toMatchObject({ code: 'zone_shadows' });
    await expect(made('deep.example')).rejects.toMatchObject({ code: 'zone_shadows' });
  });
});

test('an account makes what a registry or a provider gives it', async () => {
  for (const name of [
    'bob.co.uk',
    'bob.github.io',
    'city.kawasaki.jp',
    'www.ck',
    'xn--bcher-kva.example',
    '_dmarc.bob.example',
    '0.192.in-addr.arpa',
    '2.0.192.in-addr.arpa',
    '0/26.2.0.192.in-addr.arpa',
    '8.b.d.0.1.0.0.2.ip6.arpa',
    'below.web.example.net',
  ])
    expect(await made(name), name).toMatchObject({ change: 'created' });
});

test('root makes each of them', async () => {
  for (const name of ['localhost', 'uk', 'in-addr.arpa', 'example.net', 'www.ann.example'])
    expect(await made(name, ROOT), name).toMatchObject({ change: 'created' });
});

test('root allows an account a name, that account alone, and takes it back', async () => {
  const allowed = [{ account: 'bob', zone: 'ac.uk' }];
  await expect(cluster.settings.change({ allowedNames: allowed }, BOB)).rejects.toMatchObject({
    code: 'privilege_missing',
  });
  await cluster.settings.change({ allowedNames: allowed }, ROOT);
  await expect(made('ac.uk', ANN)).rejects.toMatchObject({ code: 'name_not_permitted' });
  expect(await made('ac.uk')).toMatchObject({ change: 'created' });
  await cluster.removeZone(zoneName('ac.uk'), BOB);
  await cluster.settings.change({ allowedNames: [] }, ROOT);
  await expect(made('ac.uk')).rejects.toMatchObject({ code: 'name_not_permitted' });
});

test('a name that is none is not allowed to anybody', async () => {
  const wrong = cluster.settings.change({ allowedNames: [{ account: 'bob', zone: 'Ac.uk.' }] }, ROOT);
  await expect(wrong).rejects.toMatchObject({ code: 'parameter_invalid' });
});

test('nobody makes a zone of a label that only looks like an A-label; one that is there is kept, and can be removed', async () => {
  const name = zoneName('xn--r2.example');
  for (const by of [BOB, ROOT])
    await expect(made(name, by)).rejects.toMatchObject({
      code: 'zone_name_invalid',
      message: expect.stringContaining('internationalized') as string,
    });
  const sender = { hostsSeen: ['other.example.net'], claimed: { server: 'other.example.net', epoch: 0 } };
  expect(await cluster.saveZone(name, TEXT, ROOT, { sender })).toMatchObject({ change: 'created' });
  expect(await cluster.removeZone(name, ROOT, { sender })).toMatchObject({ change: 'removed' });
});
