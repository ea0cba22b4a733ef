import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { configuredCandidates } from '../../src/cli/adopt/configured-candidates.js';
import { dnscluster } from '../../src/cli/commands.js';
import { Facts } from '../../src/cli/doctor/facts.js';
import { NAMESERVER_CHECK } from '../../src/cli/doctor/nameserver-checks.js';
import type { OverSocket } from '../../src/nameservers/controlled/operator-settings.js';
import type * as Table from '../../src/nameservers/kinds.js';
import { createNameserver, NAMESERVER_KINDS, operatedServers } from '../../src/nameservers/nameserver-settings.js';
import type { ServerKind } from '../../src/nameservers/server-kind.js';
import { createLog } from '../../src/operations/log.js';
import { readNodeConfiguration } from '../../src/panel/node-configuration.js';

/** What the folder of a sixth kind would hold: it answers as the embedded one does, and an operator may run it. */
const SIXTH = vi.hoisted(() => ({ file: '' }));

// The line that would be added to the table.
vi.mock('../../src/nameservers/kinds.js', async (original) => {
  const table = await original<typeof Table>();
  const { overSocket, socketOf } = await import('../../src/nameservers/controlled/operator-settings.js');
  const sixth: ServerKind<OverSocket> = {
    create: ({ dns, folder, log }, version) => table.KINDS.embedded.create({ dns, folder, log }, version),
    operated: {
      software: 'Sixth DNS',
      program: 'sixthd',
      configuration: '/etc/sixth/sixth.conf',
      settings: overSocket,
      controlFile: socketOf,
      includeLine: (file) => `take ${file}`,
      zonesOf: () => Promise.resolve([{ name: 'a.example', file: SIXTH.file, warnings: [] }]),
      comment: (text) => `; ${text}\n`,
      flush: (zone) => `sixthctl flush ${zone}`,
      reread: ['sixthctl', 'reload'],
    },
  };
  return { ...table, KINDS: { ...table.KINDS, sixth } };
});

describe('a line in the table of nameservers', () => {
  let folder: string;
  let config: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dns-cluster-sixth-'));
    config = join(folder, 'node.json');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const configure = (operator: unknown): Promise<void> => {
    const nameserver = { kind: 'sixth', host: '127.0.0.1', port: 5353, operator };
    return writeFile(config, JSON.stringify({ name: 'ns1.example.net', folder, nameserver }));
  };

  test('is taken in the configuration of a node, with its own settings and no others', async () => {
    const operator = { controlSocket: join(folder, 'control'), includeFile: join(folder, 'zones.conf') };
    await configure(operator);
    expect((await readNodeConfiguration(config)).nameserver).toMatchObject({ kind: 'sixth', operator });
    await configure({ ...operator, controlSocket: 'control' });
    await expect(readNodeConfiguration(config)).rejects.toThrow(/nameserver\.operator\.controlSocket: must be/);
    await configure({ ...operator, keyFile: '/k' });
    await expect(readNodeConfiguration(config)).rejects.toThrow(/nameserver\.operator: .*"keyFile"/);
  });

  test('makes its driver', async () => {
    const settings = { kind: 'sixth', host: '127.0.0.1', port: 0 } as unknown as Parameters<typeof createNameserver>[0];
    const nameserver = createNameserver(settings, { folder, log: createLog({ level: 'silent' }), version: '1.2.3' });
    try {
      await nameserver.start();
      expect(await nameserver.status()).toMatchObject({ running: true, version: '1.2.3' });
    } finally {
      await nameserver.stop();
    }
    expect(NAMESERVER_KINDS).toContain('sixth');
  });

  test("has the doctor look at the operator's server", async () => {
    await configure({ controlSocket: join(folder, 'control'), includeFile: join(folder, 'zones.conf') });
    const findings = await NAMESERVER_CHECK.run(await Facts.gather({ config }));
    const said = findings.map(({ what, fix = '' }) => `${what} ${fix}`).join('\n');
    expect(said).toMatch(/Sixth DNS was not found at \/etc\/sixth\/sixth\.conf.* it contains: take .*\/zones\.conf/);
    expect(said).toMatch(/The control channel of Sixth DNS can't be used: .*\/control/);
  });

  test('is offered by zones adopt, which takes its zones', async () => {
    const zones = (await dnscluster()).commands.find((command) => command.name() === 'zones');
    const adopt = zones?.commands.find((command) => command.name() === 'adopt') as Command;
    expect(adopt.helpInformation()).toMatch(/--from <server>[^]*"sixth"/);
    SIXTH.file = join(folder, 'a.example');
    await writeFile(SIXTH.file, '$TTL 300\n@ SOA ns. h. 5 3600 600 86400 300\n@ NS ns.a.example.\nns A 192.0.2.1\n');
    const from = operatedServers().get('sixth');
    if (from === undefined) throw new Error('no operator can run it');
    const candidates = await configuredCandidates({ from, configuration: from.configuration });
    expect(candidates).toMatchObject([{ name: 'a.example', serial: 5 }]);
  });
});
