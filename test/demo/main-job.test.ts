import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TYPE } from '../../src/dns/types.js';
import { CANDIDATES } from '../servers/conformance/candidates.js';
import { PanelSession } from './panel-session.js';
import { RunningDemo, until } from './running-demo.js';

const REFUSED = 5;

function zoneText(address: string, serial = 1): string {
  return `$TTL 300\n@ SOA ns1.example.net. host.example.net. ${serial} 3600 900 1209600 300\n@ NS ns1.example.net.\nwww A ${address}\n`;
}

const hex = (address: string): string => Buffer.from(address.split('.').map(Number)).toString('hex');

describe.each(CANDIDATES)('the demo with $kind nameservers', ({ kind: nameserver, installed }) => {
  describe.skipIf(!installed)('is the main job, end to end', () => {
    let demo: RunningDemo;
    beforeAll(async () => {
      demo = await RunningDemo.start('--nameserver', nameserver);
    });
    afterAll(async () => {
      expect(await demo.close()).toBe(0);
    });

    const answers = (name: string, owner: string, type: number, rdata: string[], rcode = 0): Promise<true> =>
      until(
        async () => {
          const answer = await demo.ask(name, owner, type);
          return answer.rcode === rcode && answer.rdata.join() === rdata.join() ? true : undefined;
        },
        `${name} answers ${owner} with ${rdata.join() || `rcode ${rcode}`}`,
      );
    const bothAnswer = async (owner: string, type: number, rdata: string[], rcode = 0): Promise<void> => {
      for (const name of ['ns1', 'ns2']) await answers(name, owner, type, rdata, rcode);
    };

    test('its line of JSON names three nodes that answer at once', async () => {
      expect(demo.line.nodes.map((node) => [node.name, node.kind])).toEqual([
        ['web', 'panel'],
        ['ns1', 'dnsonly'],
        ['ns2', 'dnsonly'],
      ]);
      for (const node of demo.line.nodes) {
        expect(node.fingerprint).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
        const version = await demo.api(node.name, '/json-api/version?');
        expect(JSON.parse(version.body)).toEqual({ version: '11.82.0.1' });
      }
      await bothAnswer('ns1.example.net', TYPE.A, [hex('192.0.2.53')]);
    });

    test('a zone saved in the page is answered by both nameservers, and refused by both after its removal', async () => {
      const person = await PanelSession.logIn(demo);
      const base = '/clusters/dns';
      const created = await person.send(
        `${base}/zones/text`,
        { name: 'travel.example', text: zoneText('192.0.2.1') },
        `${base}/zones/new`,
      );
      expect(created.status, created.body).toBe(303);
      await bothAnswer('www.travel.example', TYPE.A, [hex('192.0.2.1')]);

      const edited = await person.send(
        `${base}/zone/travel.example/text`,
        { text: zoneText('192.0.2.2') },
        `${base}/zone/travel.example`,
      );
      expect(edited.status, edited.body).toBe(303);
      await bothAnswer('www.travel.example', TYPE.A, [hex('192.0.2.2')]);
      const page = await person.open(`${base}/zone/travel.example`);
      expect(page.body).toContain('192.0.2.2');

      const removed = await person.send(`${base}/zone/travel.example/delete`, {}, `${base}/zone/travel.example/delete`);
      expect(removed.status, removed.body).toBe(303);
      await bothAnswer('www.travel.example', TYPE.A, [], REFUSED);
    });

    test('the answer to a change says for each member that it is served', async () => {
      const { body } = await demo.api('web', '/json-api/savezone?api.version=1', {
        zone: 'told.example',
        zonedata: zoneText('192.0.2.3'),
      });
      const answer = JSON.parse(body) as { data: { members: { hostname: string; state: string }[] } };
      expect(answer.data.members.map((member) => [member.hostname, member.state])).toEqual([
        ['ns1', 'served'],
        ['ns2', 'served'],
      ]);
    });

    test('a nameserver that was stopped serves all 50 changes soon after it is back, with nothing asked of anyone', async () => {
      await demo.command('stop ns2', /ns2 is stopped/);
      const names = Array.from({ length: 50 }, (_, i) => `missed${i}.example`);
      for (const [i, zone] of names.entries()) {
        const { body } = await demo.api('web', '/json-api/savezone?api.version=1', {
          zone,
          zonedata: zoneText(`192.0.2.${i}`),
          wait: 'local',
        });
        expect(JSON.parse(body)).toMatchObject({ metadata: { result: 1 } });
      }
      await answers('ns1', 'www.missed49.example', TYPE.A, [hex('192.0.2.49')]);
      await demo.command('start ns2', /ns2 is ready/);
      for (const [i, zone] of names.entries()) await bothAnswer(`www.${zone}`, TYPE.A, [hex(`192.0.2.${i}`)]);
    });

    test('"status" says what each node serves', async () => {
      await demo.command('status', /ns2: online, \d+ of \d+ zones in sync/);
    });

    test('a change is refused with its reason, and nothing is changed anywhere', async () => {
      const zone = 'kept.example';
      await demo.api('web', '/json-api/savezone?api.version=1', { zone, zonedata: zoneText('192.0.2.7') });
      const bad: [string, RegExp][] = [
        ['www A 192.0.2.300', /line 5/],
        ['@ SOA ns1.example.net. host.example.net. 9 9 9 9 9', /SOA/],
        ['both CNAME www\nboth MX 10 www', /CNAME/],
        ['outside.example.com. A 192.0.2.1', /outside/],
      ];
      for (const [addition, why] of bad) {
        const { body } = await demo.api('web', '/json-api/savezone?api.version=1', {
          zone,
          zonedata: zoneText('192.0.2.8', 5) + addition,
        });
        expect(JSON.parse(body), addition).toMatchObject({
          metadata: { result: 0, reason: expect.stringMatching(why) as string },
        });
      }
      const { body } = await demo.api('web', '/scripts2/getzone_local', { zone });
      expect(body).toBe(zoneText('192.0.2.7'));
      await bothAnswer(`www.${zone}`, TYPE.A, [hex('192.0.2.7')]);
    });

    test.each(['../x', 'a b', '', 'a'.repeat(300), 'x/../../y'])('the zone name "%s" is refused', async (zone) => {
      const { body } = await demo.api('web', '/json-api/savezone?api.version=1', {
        zone,
        zonedata: zoneText('192.0.2.1'),
      });
      expect(JSON.parse(body)).toMatchObject({
        metadata: { result: 0, reason: expect.stringMatching(/zone name|zone/i) as string },
      });
    });

    test('a wrong token, no token, and our own address as a member are refused', async () => {
      const { url } = demo.node('web');
      const wrong = await demo.fetch(`${url}/scripts2/getzonelist_local?`, {
        headers: { authorization: 'whm root:wrong' },
      });
      expect(wrong.status).toBe(401);
      expect((await demo.fetch(`${url}/scripts2/getzonelist_local?`)).status).toBe(401);
      const self = await demo.api('web', '/json-api/addmember?api.version=1', {
        host: url.replace('https://', ''),
        user: 'root',
        token: demo.node('web').token,
        role: 'write-only',
      });
      expect(JSON.parse(self.body)).toMatchObject({
        metadata: { result: 0, reason: expect.stringMatching(/is this server itself/) as string },
      });
    });
  });
});
