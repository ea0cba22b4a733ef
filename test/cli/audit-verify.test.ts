import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SELF } from '../../src/access/principal.js';
import { summaryOf } from '../../src/cluster/daily-summary.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { zoneText } from '../cluster/zone-texts.js';
import { runningNode } from './running-node.js';

const web = runningNode();

interface Verdict {
  ok: boolean;
  end: { number: number; hash: string };
}

describe('dnscluster audit verify', () => {
  test('finds the log of a running service sound, and the hash in it that people got by mail', async () => {
    const { cluster } = web.node.plugin;
    for (const serial of [1, 2, 3]) await cluster.saveZone(zoneName('a.example'), zoneText(serial), SELF);
    const { status, said } = await web.json(['audit', 'verify']);
    expect([status, said]).toMatchObject([0, { ok: true, first: 1, end: { number: 3 } }]);
    const { end } = said as Verdict;
    const { text } = summaryOf({ hostname: 'web', members: { list: () => [] }, problems: () => [] }, end);
    const seen = /hash ([0-9a-f]{64})/.exec(text)?.[1] ?? '';
    await cluster.saveZone(zoneName('a.example'), zoneText(4), SELF);
    const { status: again, out } = await web.run(['audit', 'verify', '--seen', seen]);
    expect([again, out]).toEqual([0, expect.stringMatching(/^Entries 1 to 4, .*\nNobody changed the audit log\.\n$/s)]);
  });

  test('names the line that was changed, and says that a hash is not in it', async () => {
    const file = join(web.folder, 'dns-cluster', 'audit.log');
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, before.replace('"user":"root"', '"user":"rott"'));
    const changed = await web.run(['audit', 'verify']);
    writeFileSync(file, before);
    expect(changed).toMatchObject({
      status: 1,
      out: expect.stringContaining('audit.log, line 1: it is not as') as string,
    });
    expect(await web.run(['audit', 'verify', '--seen', 'f'.repeat(64)])).toMatchObject({
      status: 1,
      out: expect.stringContaining('No entry has the hash of --seen') as string,
    });
  });

  test('says what is wrong with the folder or the hash', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'no-service-'));
    const sentence = `${folder} is not the data folder of a DNS cluster service. Name it with --folder.`;
    expect(await web.json(['audit', 'verify', '--folder', folder])).toMatchObject({
      status: 2,
      said: { error: { message: sentence } },
    });
    rmSync(folder, { recursive: true });
    expect(await web.run(['audit', 'verify', '--seen', 'x'])).toMatchObject({ status: 2 });
  });
});
