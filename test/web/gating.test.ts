import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Agent, request } from 'undici';
import { zoneName } from '../../src/zones/zone-name.js';
import { FUNCTIONS } from '../../src/web/whm-api/whm-api-routes.js';
import { CALLS } from '../../src/web/wire/wire-routes.js';
import { ClusterNode } from '../cluster/cluster-node.js';
import { reseller, ROOT, zoneText } from '../cluster/zone-texts.js';

const ANY = new Agent({ connect: { rejectUnauthorized: false } });
const NOBODYS = '198.51.100.77';
/** Answered to every holder of a token. */
const OPEN = new Set([
  'version',
  'installed_versions',
  'servicestatus',
  'gethostname',
  'myaddress',
  'myprivs',
  'api_token_get_details',
]);

let web: ClusterNode;
let ns1: ClusterNode;
let member: string;
let job: string;
/** Secrets by the name of their token. */
const secrets: Record<string, string> = {};
beforeAll(async () => {
  [web, ns1] = await Promise.all([ClusterNode.start('web'), ClusterNode.start('ns1')]);
  ({ id: member } = await web.add(ns1, 'sync'));
  await web.cluster.saveZone(zoneName('root.example'), zoneText(7, NOBODYS), ROOT);
  job = (await web.cluster.startSynchronize({ direction: 'all', unconfigured: false, plan: false }, ROOT)).id;
  await web.cluster.saveZone(zoneName('ann.example'), zoneText(7), reseller('ann'));
  for (const [user, name, privileges] of [
    ['root', 'of-root', ['all']],
    ['root', 'peer', ['clustering']],
    ['ann', 'nothing', []],
    ['ann', 'mail', ['mail']],
    ['ann', 'clustering', ['clustering']],
    ['ann', 'all', ['all']],
  ] as const) {
    const kind = user === 'root' ? 'root' : 'reseller';
    secrets[name] = (await web.tokens.create({ user, kind, name, privileges })).secret;
  }
});
afterAll(() => Promise.all([web, ns1].map((node) => node.end())));

async function ask(
  path: string,
  fields: readonly (readonly [string, string])[],
  token: string,
): Promise<{ status: number; text: string }> {
  const user = ['of-root', 'peer'].includes(token) ? 'root' : 'ann';
  const { statusCode, body } = await request(`https://${web.address}${path}`, {
    method: 'POST',
    dispatcher: ANY,
    headers: {
      authorization: `whm ${user}:${secrets[token] ?? ''}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams([...fields] as [string, string][]).toString(),
  });
  return { status: statusCode, text: await body.text() };
}

/** What each parameter of the API is, aimed at what is root's. A function with a new one must be thought of here. */
const AIMED: Readonly<Record<string, string>> = {
  zones: '1',
  ...{ zone: 'root.example', domain: 'root.example', target: '', zonedata: zoneText(99).toString(), serial: '7' },
  ...{
    name: 'www',
    class: 'IN',
    type: 'A',
    line: '5',
    Line: '5',
    remove: '5',
    ip: '192.0.2.9',
    ttl: '60',
    address: '192.0.2.9',
  },
  ...{ add: '{"dname":"x","ttl":60,"record_type":"A","data":["192.0.2.9"]}', serialnum: '', txtdata: 'x' },
  ...{ edit: '{"line_index":5,"dname":"www","ttl":60,"record_type":"A","data":["192.0.2.9"]}' },
  ...{ host: '127.0.0.1', althost: '127.0.0.1', port: '1', dnsport: '1', user: 'root', token: 'x', role: 'sync' },
  ...{ enabled: '0', threshold: '1', reversetrust: '0', direction: 'all', unconfigured: '1', plan: '0' },
  ...{ rows: '1', password: 'twelve letters or more', root: '1' },
  ...{ limit: '10', action: '', token_name: 'of-root', new_name: 'x', acl: 'clustering', expires_at: '0' },
  ...{
    whitelist_ip: '192.0.2.1',
    service: 'named',
    template: 'standard',
    ns1: 'ns1.example.net',
    ns2: 'ns2.example.net',
  },
  ...{ mail_to: 'a@example.net', mail_from: '', smtp: '', webhook: '', webhook_secret: '', daily_summary: '1' },
  ...{ how: 'send', policy: 'first', even_of_others: '1', network: '10.0.0.0/8' },
  ...{ hostmaster: 'h.example.net', trueowner: 'ann', owner: 'ann', switched: '1', wait: 'none', timeout: '1' },
  time: '2026-11-28T10:00:00.000Z',
  fingerprint: Array<string>(32).fill('AA').join(':'),
};

const aimed = (name: string): (readonly [string, string])[] =>
  Object.keys(FUNCTIONS.get(name)?.parameters.shape ?? {}).map((key) => {
    const value = { ...AIMED, member, job }[key];
    if (value === undefined) throw new Error(`say in this table what ${key} of ${name} is`);
    return [key, value] as const;
  });

/** All that is root's and that somebody else could have changed. */
const state = async (): Promise<unknown> => [
  (await web.cluster.zoneText(zoneName('root.example'), ROOT)).toString(),
  web.cluster.zone(zoneName('root.example'), ROOT),
  web.cluster.members(ROOT).map(({ id, role, state, host, user }) => [id, role, state, host, user]),
  (await web.cluster.status(ROOT)).clustering,
  (await web.cluster.status(ROOT)).settings.failureThreshold,
  web.tokens.list('root').map(({ name, privileges }) => [name, privileges]),
  web.tokens.accessKeys,
];

describe.each([...FUNCTIONS.keys()].sort())('the function %s', (name) => {
  test.each(['nothing', 'mail'])('is refused to a token with %s, unless it is open to all', async (token) => {
    const { text } = await ask(`/json-api/${name}?api.version=1`, aimed(name), token);
    if (OPEN.has(name)) expect(text).not.toContain('required privileges');
    else expect(text).toContain('required privileges');
    expect(text).not.toContain(NOBODYS);
  });

  test.each(['clustering', 'all'])('shows and changes nothing of root’s to a reseller with %s', async (token) => {
    const before = await state();
    const { status, text } = await ask(`/json-api/${name}?api.version=1`, aimed(name), token);
    expect(status).toBe(200);
    expect(text).not.toContain(NOBODYS);
    // What was sent may come back in a sentence.
    const sent = aimed(name).map(([, value]) => value);
    for (const roots of ['of-root', member, job]) if (!sent.includes(roots)) expect(text).not.toContain(roots);
    expect(await state()).toEqual(before);
  });
});

const BUNDLE = `cpdnszone-root.example`;
const WIRE: readonly (readonly [string, string])[] = [
  ['zone', 'root.example'],
  ['zones', 'root.example'],
  ['zonedata', zoneText(99).toString()],
  [BUNDLE, zoneText(99).toString()],
];

describe.each([...CALLS.keys()].sort())('the call %s', (name) => {
  test.each(['nothing', 'mail'])('is refused to a token with %s', async (token) => {
    const { status, text } = await ask(`/scripts2/${name}`, WIRE, token);
    expect(status).toBe(403);
    expect(text).not.toContain(NOBODYS);
  });

  test.each(['clustering', 'all'])('shows and changes nothing of root’s to a reseller with %s', async (token) => {
    const before = await state();
    const { text } = await ask(`/scripts2/${name}`, WIRE, token);
    expect(text).not.toContain(NOBODYS);
    expect(await state()).toEqual(before);
  });
});

test('the call for trust is refused to a token without the privilege', async () => {
  const fields = [
    ['clustermaster', '127.0.0.1'],
    ['user', 'root'],
    ['pass', 'x'],
  ] as const;
  expect((await ask('/cgi/trustclustermaster.cgi', fields, 'nothing')).status).toBe(403);
});

test('the same requests, of root, are answered and do change things: the table above aims well', async () => {
  const dumped = await ask('/json-api/dumpzone?api.version=1', [['domain', 'root.example']], 'peer');
  expect(dumped.text).toContain(NOBODYS);
  expect((await ask('/scripts2/getzone_local', [['zone', 'root.example']], 'peer')).text).toContain(NOBODYS);
  expect((await ask('/json-api/listmembers?api.version=1', [], 'of-root')).text).toContain(member);
  const before = await state();
  await ask('/json-api/savezone?api.version=1', aimed('savezone'), 'peer');
  expect(await state()).not.toEqual(before);
});
