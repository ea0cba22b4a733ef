import { rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { needs } from '../needs.js';
import { QueryLoop } from '../query-loop.js';
import type { Box, Ran } from './box.js';
import { Boxes, mayBox } from './boxes.js';
import { leftBehind } from './left-behind.js';
import { otherVersion, unpackedPackage } from './packages.js';

const INSTALLED = '/opt/dns-cluster/current/install.sh';
const UNPACKED = '/root/unpacked';
const ZONES = Array.from({ length: 100 }, (_, i) => `z${i}.example`);
const ASKED = 'z0.example';
/** Questions a second to each nameserver: one each 50 ms. */
const RATE = 20;
const VERSIONS = 40;
const addressOf = (version: number): string => `192.0.2.${version}`;

function zoneText(version: number): string {
  return `$TTL 300\n@ SOA ns1.example.net. h.example.net. ${version} 3600 600 86400 300\n@ NS ns1.example.net.\n@ A ${addressOf(version)}\n`;
}

/** A version that can't start, and has changed the state before that is seen. */
const BROKEN = `
  import { writeFileSync } from 'node:fs';
  export async function startNode({ folder }) {
    writeFileSync(folder + '/dns-cluster/tokens.json', '{"version":99}');
    throw new Error('this version is broken');
  }`;

describe.skipIf(!mayBox() || !needs('named', 'knotd', 'dig', 'curl'))(
  'a web server and two nameserver boxes, installed by install.sh,',
  () => {
    let boxes: Boxes;
    let [web, ns1, ns2]: Box[] = [];
    let versions: string[] = [];
    let bare: string[] = [];
    /** The certificate of the web server. */
    let shown = '';

    beforeAll(async () => {
      const folder = await unpackedPackage();
      const [next, broken] = await Promise.all([
        otherVersion(folder, '99.0.1'),
        otherVersion(folder, '99.0.2', { 'dist/panel/node.js': BROKEN }),
      ]);
      versions = [next, broken];
      boxes = Boxes.open();
      const shared = { package: folder, next, broken };
      web = await boxes.add('web', shared);
      ns1 = await boxes.add('ns1', shared);
      ns2 = await boxes.add('ns2', shared);
      bare = await Promise.all([ns1.filesOf('/etc'), ns2.filesOf('/etc')]);
    }, 300_000);
    afterAll(async () => {
      await boxes.close();
      for (const version of versions) await rm(version, { recursive: true });
    });

    const install = (box: Box | undefined, ...options: string[]): Promise<string> =>
      there(box).does('/run/package/install.sh', ['install', ...options]);

    function there(box: Box | undefined): Box {
      if (box === undefined) throw new Error('this machine is not there');
      return box;
    }

    /** Makes the second box a nameserver as the README has it: from the unpacked package, where the token lies, too. */
    function joins(token: string, certificate: string): Promise<Ran> {
      const line = `cd ${UNPACKED} && ./install.sh install --nameserver knot --join https://${there(web).address}:2087`;
      return there(ns2).run('bash', ['-c', `${line} --token-file ${token} --fingerprint ${certificate}`]);
    }

    /** What is printed for the page "Add a server to the cluster". */
    function printed(said: string): { token: string; certificate: string } {
      const field = (name: string): string => new RegExp(`^ +${name} +(\\S+)$`, 'm').exec(said)?.[1] ?? '';
      return { token: field('Token'), certificate: field('Certificate') };
    }

    /** The answer of a nameserver for each zone, as the web server sees it. */
    async function answers(box: Box | undefined, zones: readonly string[]): Promise<string[]> {
      const questions = zones.map((zone) => `${zone} A +short +tries=1\n`).join('');
      const said = await there(web).run('dig', [`@${there(box).address}`, '-f', '-'], questions);
      return said.said.trim().split('\n');
    }

    async function saveAll(zones: readonly string[], version: number): Promise<void> {
      const form = new URLSearchParams();
      for (const [i, zone] of zones.entries()) {
        form.append(`zone-${i}`, zone);
        form.append(`zonedata-${i}`, zoneText(version));
      }
      const socket = '/var/lib/dns-cluster/dns-cluster/control/control.sock';
      const url = 'http://localhost/json-api/importzones?api.version=1';
      const args = ['-sS', '--unix-socket', socket, '--data-binary', '@-', url];
      expect(await there(web).does('curl', args, form.toString())).toMatch(/"result":1/);
    }

    const save = (version: number): Promise<string> =>
      there(web).does('dnscluster', ['zones', 'save', ASKED, '-'], zoneText(version));

    test('are a cluster: one is added with what was printed, one joins by itself, and both answer for all zones', async () => {
      const own = printed(await install(web, '--nameserver', 'embedded'));
      const one = printed(await install(ns1, '--nameserver', 'bind'));
      const add = ['members', 'add', there(ns1).address, '--role', 'write-only', '--member-token-file', '-'];
      await there(web).does('dnscluster', [...add, '--member-fingerprint', one.certificate], one.token);

      shown = own.certificate;
      await there(ns2).does('cp', ['-a', '/run/package', UNPACKED]);
      await there(ns2).does('bash', ['-c', `umask 077; cat >${UNPACKED}/token`], own.token);
      const early = /^(?!.*==>)/s;
      const other = own.certificate.replace(/^../, (pair) => (pair === '00' ? '01' : '00'));
      await there(ns2).does('tee', [`${UNPACKED}/wrong`], 'x'.repeat(43));
      for (const [token, certificate, status, said] of [
        ['none', own.certificate, 2, /There is no token file none\./],
        ['token', other, 1, new RegExp(`another certificate than --fingerprint names: ${own.certificate}`)],
        ['wrong', own.certificate, 1, /does not take the token/],
      ] as const) {
        const refused = await joins(token, certificate);
        expect(refused.said).toMatch(said);
        expect(refused.said).toMatch(early);
        expect(refused.status).toBe(status);
      }
      expect(await there(ns2).filesOf('/etc')).toBe(bare[1]);
      expect(await joins('token', own.certificate)).toMatchObject({ status: 0 });
      const copied = await there(ns2).does('bash', ['-c', 'cd -P /opt/dns-cluster/current && pwd && ls']);
      expect(copied.split('\n')).not.toContain('token');
      const again = await there(ns1).does('readlink', ['/opt/dns-cluster/current']);
      expect(copied.split('\n')[0]).toBe(again.trim());

      await saveAll(ZONES, 1);
      const all = ZONES.map(() => addressOf(1));
      for (const box of [ns1, ns2]) {
        await vi.waitFor(async () => expect(await answers(box, ZONES)).toEqual(all), {
          timeout: 60_000,
          interval: 500,
        });
      }
    });

    test('are upgraded in place: no answer is wrong or missing meanwhile, and no change is lost', async () => {
      const question = { zone: ASKED, name: ASKED, type: 'A' as const };
      const questions = [
        { ...question, versions: Array.from({ length: VERSIONS }, (_, version) => addressOf(version + 1)) },
      ];
      const { network } = there(web);
      const loops = await Promise.all(
        [ns1, ns2].map((box) =>
          QueryLoop.start({ host: there(box).address, port: 53, rate: RATE, questions, network }),
        ),
      );
      const progress = { isDone: false };
      const upgraded = Promise.all(
        [ns1, ns2].map((box) => there(box).does('/run/next/install.sh', ['upgrade'])),
      ).finally(() => (progress.isDone = true));
      let version = 1;
      try {
        while (!progress.isDone && version < VERSIONS) {
          await save(++version);
          await pause(200);
        }
        for (const said of await upgraded) expect(said).toMatch(/Nothing is wrong.*99\.0\.1 runs/s);
        for (const box of [ns1, ns2]) {
          const last = [addressOf(version)];
          await vi.waitFor(async () => expect(await answers(box, [ASKED])).toEqual(last), {
            timeout: 60_000,
            interval: 500,
          });
        }
        for (const loop of loops) {
          const { wrong, unanswered, answered } = await loop.end();
          expect({ wrong, unanswered }).toEqual({ wrong: [], unanswered: [] });
          expect(answered).toBeGreaterThan(RATE);
        }
      } finally {
        await upgraded.catch(() => undefined);
        for (const loop of loops) loop.kill();
      }
    });

    test('go back to the version before, with their data, where a new one does not become ready', async () => {
      const hashes = ['"hash"', '/var/lib/dns-cluster/dns-cluster/tokens.json'];
      const before = await there(ns1).does('grep', hashes);
      const { status, said } = await there(ns1).run('/run/broken/install.sh', ['upgrade', '--wait', '60']);
      expect(status).toBe(1);
      expect(said).toMatch(/this version is broken.*The upgrade failed; the version before runs again/s);
      expect(await there(ns1).does('grep', hashes)).toBe(before);
      expect(await there(ns1).does(INSTALLED, ['status'])).toMatch(/Version +99\.0\.1.*is ready/s);
      await saveAll(['new.example'], 7);
      await vi.waitFor(async () => expect(await answers(ns1, ['new.example'])).toEqual([addressOf(7)]), {
        timeout: 60_000,
        interval: 500,
      });
      const older = await there(ns1).run('/run/package/install.sh', ['upgrade']);
      expect(older).toMatchObject({ status: 1, said: expect.stringMatching(/An older version can't read/) as string });
    });

    test('are as they were before when they are uninstalled, while the others serve on', async () => {
      const last = await answers(ns2, [ASKED]);
      for (const [i, box] of [ns1, ns2].entries()) {
        expect(await answers(ns2, [ASKED])).toEqual(last);
        await there(box).does(INSTALLED, ['uninstall', '--purge']);
        expect(await there(box).filesOf('/etc')).toBe(bare[i]);
        expect(leftBehind(await there(box).written()).filter((file) => !file.startsWith(UNPACKED))).toEqual([]);
      }
      expect((await answers(ns2, [ASKED])).join()).not.toMatch(/192\.0\.2/);
    });

    test('take a box that was purged and is installed again for another one, until it is removed there', async () => {
      const refused = await joins('token', shown);
      expect(refused).toMatchObject({ status: 1 });
      expect(refused.said).toMatch(/already has a member called ns2\.example\.net.*members remove ns2\.example\.net/s);
      expect(await there(ns2).filesOf('/etc')).toBe(bare[1]);
      await there(web).does('dnscluster', ['members', 'remove', 'ns2.example.net', '--yes']);
      expect(await joins('token', shown)).toMatchObject({ status: 0 });
      const others = ZONES.slice(1);
      await vi.waitFor(async () => expect(await answers(ns2, others)).toEqual(others.map(() => addressOf(1))), {
        timeout: 60_000,
        interval: 500,
      });
    });
  },
);
