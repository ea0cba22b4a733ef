import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { NAMESERVER_KINDS } from '../../src/nameservers/nameserver-settings.js';
import { needs } from '../needs.js';
import type { Box } from './box.js';
import { Boxes, mayBox } from './boxes.js';
import { leftBehind } from './left-behind.js';
import { nodeRegistry, unpackedPackage } from './packages.js';

const INSTALL = '/run/package/install.sh';
const INSTALLED = '/opt/dns-cluster/current/install.sh';
const MANUAL = '/usr/local/share/man/man1/dnscluster.1';
const COMPLETION = '/usr/local/share/bash-completion/completions/dnscluster';

describe.skipIf(!mayBox() || !needs('named', 'knotd', 'nsd', 'pdns_server', 'dig'))(
  'install.sh on a bare server',
  () => {
    let boxes: Boxes;
    let shared: Record<string, string>;
    let node: { folder: string; file: string };
    beforeAll(async () => {
      node = await nodeRegistry();
      shared = { package: await unpackedPackage(), registry: node.folder };
      boxes = Boxes.open();
    }, 300_000);
    afterAll(() => boxes.close());

    /** Has an installation end where it calls this program. */
    async function fails(box: Box, program: string, args: readonly string[]): Promise<void> {
      const file = `/usr/local/sbin/${program}`;
      await box.does('tee', [file], '#!/bin/sh\nexit 1\n');
      await box.does('chmod', ['755', file]);
      expect(await box.run(INSTALL, args)).toMatchObject({ status: 1 });
      await box.does('rm', [file]);
    }

    /** As on Debian 12, no Node.js fits. Resolves with what `env` is to set; another file is not taken for the right one. */
    async function withoutNode(box: Box): Promise<string[]> {
      await box.does('bash', ['-c', 'rm -f $(which -a node nodejs npm)']);
      await box.does('tee', ['/tmp/apt.conf'], 'Dir::Etc { SourceList "/dev/null"; SourceParts "/dev/null"; };\n');
      const registry = (folder: string): string[] => ['APT_CONFIG=/tmp/apt.conf', `NPM_CONFIG_REGISTRY=copy:${folder}`];
      await box.does('bash', ['-c', `mkdir -p /tmp/$(dirname ${node.file}) && echo another >/tmp/${node.file}`]);
      const refused = await box.run('env', [...registry('/tmp'), INSTALL, 'install']);
      expect(refused).toMatchObject({ status: 1 });
      expect(refused.said).toMatch(/Hash Sum mismatch.*is not what it should be/s);
      expect((await box.written()).filter((file) => file.startsWith('/opt'))).toEqual([]);
      return registry('/run/registry');
    }

    // The tests below install the other two.
    test.each(NAMESERVER_KINDS.filter((kind) => kind !== 'bind' && kind !== 'knot'))(
      'with the nameserver %s serves zones, finds all well, and leaves every file as it was when it is removed',
      async (kind) => {
        const box = await boxes.add(kind, shared);
        const before = await box.filesOf('/etc');
        const environment = kind === 'embedded' ? await withoutNode(box) : [];
        const said = await box.does('env', [...environment, INSTALL, 'install', '--nameserver', kind]);
        expect(said).toMatch(new RegExp(`Nothing is wrong.*${kind}\\.example\\.net is installed`, 's'));
        expect(said).toMatch(/port 53 \(UDP and TCP\).*2087.*Token +[\w-]{43}\n/s);

        await box.does('dnscluster', ['zones', 'create', 'a.example', '--ip', '192.0.2.7']);
        const question = ['+short', '+tries=1', `@${box.address}`, 'a.example', 'A'];
        expect(await box.does('dig', question)).toBe('192.0.2.7\n');
        expect(await box.does('dnscluster', ['doctor'])).toMatch(/Nothing is wrong/);
        // What is beside the service's file is not for the service to replace.
        const owned = await box.does('find', ['/etc', '-maxdepth', '3', '-user', 'dns-cluster']);
        expect(owned).toMatch(kind === 'embedded' ? /^$/ : /^\/etc\/\w+\/dns-cluster\/zones\n$/);
        expect(await box.does('ps', ['-eo', 'user:20,args'])).toMatch(/^dns-cluster +\S*node .*serve/m);

        await box.does(INSTALLED, ['uninstall', '--purge']);
        expect(await box.filesOf('/etc')).toBe(before);
        const left = leftBehind(await box.written());
        expect(left.filter((file) => kind !== 'embedded' || !/^\/usr\/bin\/(node|nodejs|npm)$/.test(file))).toEqual([]);
        expect((await box.run('dig', question)).said).not.toMatch(/192\.0\.2\.7/);
      },
    );

    test('that is only asked what it would do changes nothing', async () => {
      const box = await boxes.add('dry', shared);
      const planned = await box.does(INSTALL, ['install', '--nameserver', 'bind', '--dry-run']);
      expect(planned).toMatch(
        /would edit: \/etc\/bind\/named\.conf.*would write: \/etc\/init\.d\/dns-cluster.*would run: .* start/s,
      );
      expect(await box.written()).toEqual([]);
    });

    test('repairs and completes when it is run again, and a new installation takes the zones that one before left', async () => {
      const box = await boxes.add('again', shared);
      const bare = await box.filesOf('/etc');
      // A nameserver that runs, and the first two runs are cut off: before its configuration is edited, and after.
      await box.does('/etc/init.d/named', ['start']);
      await box.does('hostname', ['not-full']);
      const named = ['--name', 'again.example.net'];
      await fails(box, 'useradd', ['install', '--nameserver', 'bind', ...named]);
      expect(await box.run(INSTALL, ['status'])).toMatchObject({
        status: 1,
        said: expect.stringMatching(/is not complete/) as string,
      });
      await fails(box, 'update-rc.d', ['install']);
      const done = await box.does(INSTALL, ['install']);
      expect(done).toMatch(/Nothing is wrong.*again\.example\.net is installed.*Token +[\w-]{43}\n/s);
      await box.does('dnscluster', ['zones', 'create', 'a.example', '--ip', '192.0.2.7']);
      const modes = ['-c', '%a', '/var/lib/dns-cluster', '/etc/dns-cluster/node.json'];
      expect(await box.does('stat', modes)).toBe('750\n640\n');
      const installed = await box.filesOf('/etc');
      await box.does('rm', ['/usr/local/bin/dnscluster', MANUAL, COMPLETION]);
      expect(await box.does(INSTALLED, ['install'])).not.toMatch(/Token/);
      const made = await box.does('grep', ['-hE', '^\\.TH|^complete', MANUAL, COMPLETION]);
      expect(made).toMatch(/^\.TH DNSCLUSTER 1 .*\ncomplete -F _dnscluster dnscluster\n$/i);
      expect(await box.filesOf('/etc')).toBe(installed);
      expect(await box.does(INSTALLED, ['status'])).toMatch(/it runs and is ready\nServer: .*, 1 zone/);

      expect(await box.does(INSTALLED, ['uninstall'])).toMatch(/stay in \/var\/lib\/dns-cluster/);
      expect(await box.does('stat', ['-c', '%a %U', '/var/lib/dns-cluster'])).toBe('700 root\n');
      // It ran before. One that is only begun is removed as well.
      await box.does('/etc/init.d/named', ['stop']);
      await fails(box, 'useradd', ['install', '--nameserver', 'knot', ...named]);
      await box.does(INSTALL, ['uninstall']);
      expect(await box.filesOf('/etc')).toBe(bare);
      await box.does(INSTALL, ['install', '--nameserver', 'knot', ...named]);
      expect(await box.does('dig', ['+short', '+tries=1', `@${box.address}`, 'a.example', 'A'])).toBe('192.0.2.7\n');
    });

    test('with zones of its own is refused as it is, and hands them over with --adopt', async () => {
      const box = await boxes.add('own', shared);
      const zone = '$TTL 300\n@ SOA ns. h. 5 3600 600 86400 300\n@ NS ns.own.example.\nns A 192.0.2.1\n@ A 192.0.2.9\n';
      await box.does('tee', ['/etc/bind/own.db'], zone);
      const statement = 'zone "own.example" { type primary; file "/etc/bind/own.db"; };\n';
      await box.does('tee', ['-a', '/etc/bind/named.conf.local'], statement);
      await box.does('/etc/init.d/named', ['start']);
      const before = await box.filesOf('/etc');
      const taken = box.run('node', [
        '-e',
        "require('net').createServer((asked) => asked.on('data', () => process.exit())).listen(2087)",
      ]);
      await vi.waitFor(() => box.does('bash', ['-c', 'exec 3<>/dev/tcp/127.0.0.1/2087']), { timeout: 2_500 });
      const ports = await box.run(INSTALL, ['install', '--nameserver', 'embedded']);
      expect(ports).toMatchObject({ status: 1 });
      expect(ports.said).toMatch(/in use: TCP 2087,TCP 53,UDP 53/);
      await box.does('bash', ['-c', 'echo end >/dev/tcp/127.0.0.1/2087']);
      await taken;

      const refused = await box.run(INSTALL, ['install', '--nameserver', 'bind']);
      expect(refused).toMatchObject({ status: 1 });
      expect(refused.said).toMatch(/1 zones of its own: own\.example\n.*--adopt/);
      expect(await box.filesOf('/etc')).toBe(before);
      expect((await box.written()).filter((file) => /^\/(opt|usr|var\/lib\/dns-cluster)/.test(file))).toEqual([]);

      await box.does(INSTALL, ['install', '--nameserver', 'bind', '--adopt']);
      expect(await box.does('dnscluster', ['zones', 'list'])).toMatch(/own\.example/);
      expect(await box.does('dig', ['+short', '+tries=1', `@${box.address}`, 'own.example', 'A'])).toBe('192.0.2.9\n');
      expect(await box.does('cat', ['/etc/bind/named.conf.local'])).not.toMatch(/file "\/etc\/bind\/own\.db"/);
    });
  },
);
