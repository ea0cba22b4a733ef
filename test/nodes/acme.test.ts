import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NameserverSettings } from '../../src/nameservers/nameserver-settings.js';
import { freePort } from '../../src/operations/ports.js';
import { startNode, type RunningNode } from '../../src/panel/node.js';
import { needs } from '../needs.js';
import { CANDIDATES } from '../servers/conformance/candidates.js';
import type { WhmAnswer } from '../web/whm-node.js';

/* A certificate's challenge, from a script at the web server to what anybody is told by a nameserver. */
const ZONE = 'shop.example';
const CHALLENGE = `_acme-challenge.${ZONE}`;
const VALUE = 'Zf4l2tpS5mGk0yP-x_9QmW';

describe.each(CANDIDATES)('a member with $kind', ({ kind, installed }) => {
  describe.skipIf(!installed || !needs('dig'))('whose cluster gets an ACME challenge by the API', () => {
    const folders: string[] = [];
    const agent = new Agent({ connect: { rejectUnauthorized: false } });
    let web: RunningNode;
    let member: RunningNode;
    let dnsPort: number;
    let token: string;

    const begin = async (name: string, nameserver: NameserverSettings): Promise<RunningNode> => {
      const folder = mkdtempSync(join(tmpdir(), 'dns-cluster-acme-'));
      folders.push(folder);
      return startNode({ name, folder, host: '127.0.0.1', port: 0, nameserver });
    };
    const tokenOf = async ({ plugin }: RunningNode): Promise<string> =>
      (await plugin.tokens.create({ user: 'root', kind: 'root', name: 'script', privileges: ['all'] })).secret;
    const call = async (name: string, fields: Record<string, string>): Promise<WhmAnswer> => {
      const query = new URLSearchParams({ 'api.version': '1', ...fields }).toString();
      const headers = { authorization: `whm root:${token}` };
      const { statusCode, body } = await request(`${web.url}/json-api/${name}?${query}`, {
        headers,
        dispatcher: agent,
      });
      expect(statusCode).toBe(200);
      return (await body.json()) as WhmAnswer;
    };
    const dig = async (): Promise<string> => {
      const at = ['@127.0.0.1', '-p', String(dnsPort), '+short', '+time=2', '+tries=1', '+norecurse'];
      return (await promisify(execFile)('dig', [...at, CHALLENGE, 'TXT'])).stdout.trim();
    };
    const items = async (): Promise<{ line_index: number; record_type: string; data_b64?: string[] }[]> =>
      (await call('parse_dns_zone', { zone: ZONE })).data['payload'] as [];
    const serial = async (): Promise<string> => {
      const soa = (await items()).find(({ record_type: type }) => type === 'SOA');
      return Buffer.from(soa?.data_b64?.[2] ?? '', 'base64').toString();
    };

    beforeAll(async () => {
      dnsPort = await freePort();
      web = await begin('web.example.net', { kind: 'embedded', host: '127.0.0.1', port: await freePort() });
      member = await begin('ns1.example.net', { kind, host: '127.0.0.1', port: dnsPort });
      token = await tokenOf(web);
      const { port } = new URL(member.url);
      const fields = { host: '127.0.0.1', port, dnsport: String(dnsPort), user: 'root', role: 'write-only' };
      const added = await call('addmember', { ...fields, token: await tokenOf(member) });
      expect(added.metadata).toMatchObject({ result: 1 });
      const made = await call('adddns', { domain: ZONE, ip: '192.0.2.1', wait: 'served', timeout: '30' });
      expect(made.data['result']).toMatchObject({ members: [{ state: 'served' }] });
    });
    afterAll(async () => {
      await Promise.all([web.stop(), member.stop(), agent.close()]);
      for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    });

    test('answers the TXT record once the edit is answered, and no longer once its removal is', async () => {
      expect(await dig()).toBe('');
      const add = JSON.stringify({ dname: `${CHALLENGE}.`, ttl: 60, record_type: 'TXT', data: [VALUE] });
      const wait = { zone: ZONE, wait: 'served', timeout: '30' };
      const added = await call('mass_edit_dns_zone', { ...wait, serial: await serial(), add });
      expect(added.data).toMatchObject({
        new_serial: await serial(),
        result: { members: [{ state: 'served', serial: Number(await serial()) }] },
      });
      expect(await dig()).toBe(`"${VALUE}"`);

      const line = (await items()).find(({ data_b64: data }) => data?.includes(Buffer.from(VALUE).toString('base64')));
      const remove = String(line?.line_index);
      const removed = await call('mass_edit_dns_zone', { ...wait, serial: await serial(), remove });
      expect(removed.data).toMatchObject({ result: { members: [{ state: 'served' }] } });
      expect(await dig()).toBe('');
    });
  });
});
