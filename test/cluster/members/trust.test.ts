import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Agent, request } from 'undici';
import { ClusterNode } from '../cluster-node.js';
import { reseller, ROOT } from '../zone-texts.js';
import type { NewCpanelMember } from '../../../src/cluster/model/member-status.js';

const ANY = new Agent({ connect: { rejectUnauthorized: false } });

let web: ClusterNode;
let ns1: ClusterNode;
beforeEach(async () => {
  [web, ns1] = await Promise.all([ClusterNode.start('web'), ClusterNode.start('ns1')]);
});
afterEach(() => Promise.all([web, ns1].map((node) => node.end())));

const invited = async (as = ROOT): Promise<NewCpanelMember> => ({
  ...(await ns1.invitation('sync', as)),
  reverseTrust: true,
});

describe('Setup Reverse Trust Relationship', () => {
  test('adds this server on the other one as standalone, with a token of its own that can do no more', async () => {
    const { reverseTrust } = await web.cluster.members.add(await invited(), ROOT);
    expect(reverseTrust).toMatchObject({ established: true });
    expect(ns1.row(web)).toMatchObject({ role: 'standalone', state: 'online', user: 'root' });
    expect(web.tokens.list()).toMatchObject([
      { privileges: ['clustering'], name: expect.stringMatching(/^trust-ns1-/) as string },
    ]);
    // Nothing comes of it that would make a ring by itself.
    expect(web.cluster.members.list(ROOT)).toHaveLength(1);
  });

  test('asked for again on a row that was deleted here renews the token there', async () => {
    const { id } = await web.cluster.members.add(await invited(), ROOT);
    const before = ns1.row(web);
    await web.cluster.members.remove(id, ROOT);
    const { reverseTrust } = await web.cluster.members.add(await invited(), ROOT);
    expect(reverseTrust).toMatchObject({ established: true });
    expect(ns1.row(web)).toMatchObject({ id: before.id, role: 'standalone' });
    expect(ns1.cluster.members.list(ROOT)).toHaveLength(1);
    expect(await ns1.cluster.members.enable(before.id, ROOT)).toMatchObject({ state: 'online' });
  });

  test('where the other one can not call back: the member stays, no token is left behind, and its reason is said', async () => {
    web.intercept = (call, _request, response) => {
      if (call !== 'showversion' && !call.startsWith('/json-api/version')) return false;
      response.statusCode = 500;
      response.end('out of order');
      return true;
    };
    const { reverseTrust } = await web.cluster.members.add(await invited(), ROOT);
    expect(reverseTrust).toMatchObject({ established: false });
    expect(reverseTrust?.said).toMatch(
      /No trust relationship was set up with 127\.0\.0\.1:\d+\. 127\.0\.0\.1 answered with HTTP 500/,
    );
    expect(web.cluster.members.list(ROOT)).toHaveLength(1);
    expect(web.tokenNames()).toEqual([]);
    expect(ns1.cluster.members.list(ROOT)).toEqual([]);
  });

  test('of a reseller gives a member to that reseller', async () => {
    const ann = reseller('ann');
    for (const node of [web, ns1]) await node.cluster.settings.change({ resellerNetworks: ['127.0.0.0/8'] }, ROOT);
    const { reverseTrust } = await web.cluster.members.add(await invited(ann), ann);
    expect(reverseTrust).toMatchObject({ established: true });
    expect(ns1.row(web, ann)).toMatchObject({ owner: 'ann', user: 'ann' });
    expect(web.tokens.list('ann')).toMatchObject([{ kind: 'reseller', privileges: ['clustering'] }]);
  });

  test('is asked for as the original does, byte for byte, and answered with its phrase', async () => {
    const bodies: string[] = [];
    ns1.intercept = (call, incoming, response) => {
      if (!call.includes('trustclustermaster')) return false;
      bodies.push(`${incoming.method ?? ''} ${incoming.url ?? ''} ${incoming.headers['content-type'] ?? ''}\n`);
      incoming.on('data', (chunk: Buffer) => bodies.push(chunk.toString()));
      incoming.on('end', () => response.end('<b>The trust relationship has been established.</b>'));
      return true;
    };
    const { reverseTrust } = await web.cluster.members.add(await invited(), ROOT);
    expect(reverseTrust).toEqual({ established: true, said: 'The trust relationship has been established' });
    expect(bodies.join('')).toMatch(
      /^POST \/cgi\/trustclustermaster\.cgi application\/octet-stream\nrecurse=0&user=root&clustermaster=127\.0\.0\.1%3A\d+&pass=[\w-]{43}&version=11\.82\.0\.1$/,
    );
    ns1.intercept = () => false;
    const { secret } = await web.tokens.create({ user: 'root', kind: 'root', name: 'x', privileges: ['clustering'] });
    expect(await ask({ recurse: '0', user: 'root', clustermaster: web.address, pass: secret })).toMatch(
      /^200 The trust relationship has been established/,
    );
  });

  test.each([
    ['an address of its own', () => ({ clustermaster: ns1.address }), /is this server itself/],
    ['a wrong token', () => ({ pass: 'wrong' }), /refused the user or token/],
    ['nobody at the address', () => ({ clustermaster: '127.0.0.1:1' }), /cannot be reached/],
    ['no address at all', () => ({ clustermaster: 'http://x/' }), /not a host name or address/],
  ])('%s is refused without the phrase, and nothing is stored', async (_what, wrong, reason) => {
    const { secret } = await web.tokens.create({ user: 'root', kind: 'root', name: 'x', privileges: ['clustering'] });
    const said = await ask({ recurse: '0', user: 'root', clustermaster: web.address, pass: secret, ...wrong() });
    expect(said).toMatch(reason);
    expect(said).not.toMatch(/has been established/i);
    expect(ns1.cluster.members.list(ROOT)).toEqual([]);
  });

  test('is refused to a token without the privilege, and without a token', async () => {
    expect(await ask({}, await tokenOn(ns1, []))).toMatch(/^403 .*required privileges/);
    expect(await ask({}, 'wrong')).toBe('401 Access Denied\n');
  });
});

async function tokenOn(node: ClusterNode, privileges: string[]): Promise<string> {
  const name = `n${node.tokenNames().length}`;
  return (await node.tokens.create({ user: 'root', kind: 'root', name, privileges })).secret;
}

/** Asks ns1 as a peer does. */
async function ask(fields: Record<string, string>, token?: string): Promise<string> {
  const answer = await request(`https://${ns1.address}/cgi/trustclustermaster.cgi`, {
    method: 'POST',
    dispatcher: ANY,
    headers: {
      authorization: `whm root:${token ?? (await tokenOn(ns1, ['clustering']))}`,
      'content-type': 'application/octet-stream',
    },
    body: new URLSearchParams(fields).toString(),
  });
  return `${answer.statusCode} ${await answer.body.text()}`;
}
