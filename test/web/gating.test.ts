import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Agent, request } from 'undici';
import { zoneName } from '../../src/zones/zone-name.js';
import { FUNCTIONS } from '../../src/web/whm-api/functions.js';
import { describeApi } from '../../src/web/whm-api/openapi.js';
import { CALLS } from '../../src/web/wire/wire-routes.js';
import { ClusterNode } from '../cluster/cluster-node.js';
import { reseller, ROOT, zoneText } from '../cluster/zone-texts.js';

const ANY = new Agent({ connect: { rejectUnauthorized: false } });
const NOBODYS = '198.51.100.77';
/** Answered to every holder of a token: a function that is to be one of them is named here, too. */
const OPEN = [
  'api_token_get_details',
  'gethostname',
  'installed_versions',
  'myaddress',
  'myprivs',
  'servicestatus',
  'version',
];
/** Tokens of the reseller ann, with what they may do. */
const OF_ANN: Readonly<Record<string, readonly string[]>> = {
  nothing: [],
  mail: ['mail'],
  clustering: ['clustering'],
  all: ['all'],
};

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
  job = (await web.cluster.synchronize.start({ direction: 'all', unconfigured: false, plan: false }, ROOT)).id;
  await web.cluster.saveZone(zoneName('ann.example'), zoneText(7), reseller('ann'));
  for (const [user, name, privileges] of [
    ['root', 'of-root', ['all']],
    ['root', 'peer', ['clustering']],
    ...Object.entries(OF_ANN).map(([name, privileges]) => ['ann', name, privileges] as const),
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

/** What parameters of the API are, aimed at what is root's. One that is a text must be thought of here. */
const AIMED: Readonly<Record<string, string>> = {
  account: 'ann',
  acl: 'clustering',
  action: '',
  add: '{"dname":"x","ttl":60,"record_type":"A","data":["192.0.2.9"]}',
  address: '192.0.2.9',
  althost: '127.0.0.1',
  ca: '',
  class: 'IN',
  domain: 'root.example',
  edit: '{"line_index":5,"dname":"www","ttl":60,"record_type":"A","data":["192.0.2.9"]}',
  enabled: '0',
  expires_at: '0',
  fingerprint: Array<string>(32).fill('AA').join(':'),
  host: '127.0.0.1',
  hostmaster: 'h.example.net',
  how: 'send',
  ip: '192.0.2.9',
  Line: '5',
  line: '5',
  mail_from: '',
  mail_to: 'a@example.net',
  name: 'www',
  network: '10.0.0.0/8',
  new_name: 'x',
  ns1: 'ns1.example.net',
  ns2: 'ns2.example.net',
  of: 'web',
  owner: 'ann',
  password: 'twelve letters or more',
  plan: '0',
  remove: '5',
  reversetrust: '0',
  role: 'sync',
  serial: '7',
  serialnum: '7',
  server: 'ann.example.net',
  server_id: 'x',
  server_was: 'web',
  service: 'named',
  smtp: '',
  target: '',
  template: 'standard',
  time: '2026-11-28T10:00:00.000Z',
  token: 'x',
  token_name: 'of-root',
  trueowner: 'ann',
  ttl: '60',
  type: 'A',
  user: 'root',
  webhook: '',
  webhook_secret: '',
  whitelist_ip: '192.0.2.1',
  zone: 'root.example',
  zonedata: zoneText(99).toString(),
  zones: '1',
  zones_to: 'ann',
};
interface Described {
  paths: Record<string, { post: { requestBody: { content: Record<string, { schema: { properties: object } }> } } }>;
}
const FORM = 'application/x-www-form-urlencoded';
const { paths } = describeApi(FUNCTIONS) as Described;

/** Any value of a number or of a choice will do: the last is `1` of a flag. */
function anyValue({ type, enum: words }: { type?: string; enum?: readonly string[] }): string | undefined {
  return words?.at(-1) ?? (type === 'integer' ? '1' : undefined);
}

const aimed = (name: string): (readonly [string, string])[] =>
  Object.entries(paths[`/${name}`]?.post.requestBody.content[FORM]?.schema.properties ?? {})
    .filter(([key]) => key !== 'api.version')
    .map(([key, described]) => {
      const value = { ...AIMED, member, job }[key] ?? anyValue(described as object);
      if (value === undefined) throw new Error(`say in this table what ${key} of ${name} is`);
      return [key, value] as const;
    });

/** All that is root's and that somebody else could have changed. */
const state = async (): Promise<unknown> => [
  (await web.cluster.zones.text(zoneName('root.example'), ROOT)).toString(),
  web.cluster.zones.get(zoneName('root.example'), ROOT),
  web.cluster.members.list(ROOT).map(({ id, role, state, host, user }) => [id, role, state, host, user]),
  (await web.cluster.status(ROOT)).clustering,
  (await web.cluster.status(ROOT)).settings.failureThreshold,
  web.tokens.list('root').map(({ name, privileges }) => [name, privileges]),
  web.tokens.accessKeys,
];

test('the functions that every holder of a token may call are these', () => {
  expect([...FUNCTIONS].flatMap(([name, { privilege }]) => (privilege === null ? [name] : [])).sort()).toEqual(OPEN);
});

describe.each([...FUNCTIONS].sort())('the function %s', (name, { privilege }) => {
  test.each(Object.entries(OF_ANN))(
    'is refused to a token with %s where it lacks the privilege, and shows and changes nothing of root’s',
    async (token, privileges) => {
      const isAllowed = privilege === null || privileges.includes(privilege) || privileges.includes('all');
      const before = await state();
      const { status, text } = await ask(`/json-api/${name}?api.version=1`, aimed(name), token);
      expect(status).toBe(200);
      expect(text.includes(`required privileges (${String(privilege)})`)).toBe(!isAllowed);
      // Some are root's alone, and say so.
      if (privilege === null) expect(text).not.toContain('required privileges');
      expect(text).not.toContain(NOBODYS);
      // What was sent may come back in a sentence.
      const sent = aimed(name).map(([, value]) => value);
      for (const roots of ['of-root', member, job]) if (!sent.includes(roots)) expect(text).not.toContain(roots);
      expect(await state()).toEqual(before);
    },
  );
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
