import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseName } from '../../src/dns/name.js';
import { DnsClient } from '../../src/dns/messages/query.js';
import { percentDecode } from '../../src/wire-format/percent.js';
import { hostingZones } from '../hosting-zones.js';
import { RunningDemo } from './running-demo.js';

const ZONES = 2_000;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dns-cluster-crash-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('killed in the middle of importing 2,000 zones and started again, the web server and its members agree, and nothing is torn', async () => {
  const zones = hostingZones(ZONES);
  for (const { name, text } of zones) writeFileSync(join(folder, `${name}.zone`), text);
  const demo = RunningDemo.launch('--zones', folder);
  try {
    const pid = Number(/process (\d+)/.exec(await demo.untilSaid(/^web is ready/))?.[1]);
    await demo.untilSaid(/^ {2}\d+ zones$/);
    process.kill(pid, 'SIGKILL');
    await demo.untilSaid(/^web ended/);
    const from = demo.said.length;
    await demo.command('start web', /^web is ready/);
    await demo.untilReady();
    const [, imported, before] =
      /^imported (\d+) zones, (\d+) were there already/.exec(await demo.untilSaid(/^imported/, from)) ?? [];
    // The kill came in the middle: some had been kept, some had not come.
    expect(Number(before)).toBeGreaterThan(0);
    expect(Number(imported)).toBeGreaterThan(0);
    expect(Number(imported) + Number(before)).toBe(ZONES);

    const { body } = await demo.api('web', '/scripts2/getallzones_local');
    const held = new Map(
      body
        .split('&')
        .filter((pair) => pair !== '')
        .map((pair) => {
          const [key = '', value = ''] = pair.split('=');
          return [key.replace('cpdnszone-', ''), percentDecode(Buffer.from(value, 'latin1')).toString()] as const;
        }),
    );
    expect(held.size).toBe(ZONES);
    for (const { name, text } of zones) expect(held.get(name), name).toBe(text);

    for (const node of demo.line.nodes) {
      const [host = '', port = ''] = node.dns.split(':');
      const client = new DnsClient({ host, port: Number(port) }, { timeout: 5_000 });
      const serials = await Promise.all(zones.map(({ name }) => client.soaSerial(parseName(`${name}.`))));
      client.close();
      expect(
        serials.filter((serial) => serial !== 2026010101),
        `${node.name} serves all`,
      ).toEqual([]);
      const list = await demo.api(node.name, '/scripts2/getzonelist_local');
      expect(list.body.split('\n').filter((name) => name !== '').length).toBe(ZONES);
    }
  } finally {
    await demo.close();
  }
});
