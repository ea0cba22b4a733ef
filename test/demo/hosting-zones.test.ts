import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatName, type Name } from '../../src/dns/name.js';
import { parseZone } from '../../src/dns/zone-text/parser.js';
import { DnsClient } from '../../src/dns/messages/query.js';
import type { ResourceRecord } from '../../src/dns/zone.js';
import { TYPE } from '../../src/dns/types.js';
import { hostingZones } from '../hosting-zones.js';
import { needs, run } from '../needs.js';
import { CANDIDATES } from '../servers/conformance/candidates.js';
import { RunningDemo } from './running-demo.js';

const ZONES = 1_000;
/** Of the tricky files, one with a name of its own: they all are versions of example.org. */
const TRICKY = '03-origin-relative.zone';

interface Question {
  owner: Name;
  type: number;
  answer: string;
}

/** The rdata of each owner and type, as one comparable text. */
function expected(records: readonly ResourceRecord[]): Question[] {
  const sets = new Map<string, ResourceRecord[]>();
  for (const record of records) {
    const key = `${record.owner.toLowerCase()}/${record.type}`;
    sets.set(key, [...(sets.get(key) ?? []), record]);
  }
  return [...sets.values()].flatMap((set) => {
    const [first] = set;
    return first === undefined ? [] : [{ owner: first.owner, type: first.type, answer: spelled(set) }];
  });
}

function spelled(records: readonly ResourceRecord[]): string {
  return records
    .map((record) => `${record.ttl} ${Buffer.from(record.rdata, 'latin1').toString('hex')}`)
    .sort()
    .join('\n');
}

let folder: string;
const questions: Question[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dns-cluster-hosting-'));
  mkdirSync(join(folder, 'zones'));
  for (const { name, text } of hostingZones(ZONES)) writeFileSync(join(folder, 'zones', `${name}.zone`), text);
  copyFileSync(join('test/zones', TRICKY), join(folder, 'zones', TRICKY));
  if (!needs('named-compilezone')) return;
  for (const file of readdirSync(join(folder, 'zones'))) {
    const zone = file === TRICKY ? 'example.org' : file.replace('.zone', '');
    const compiled = join(folder, 'compiled');
    run('named-compilezone', '-q', '-i', 'none', '-s', 'full', '-o', compiled, zone, join(folder, 'zones', file));
    questions.push(...expected(parseZone(readFileSync(compiled), zone).records));
  }
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(!needs('named-compilezone')).each(CANDIDATES)('1,000 hosting zones on $kind', (candidate) => {
  const { kind: nameserver, installed } = candidate;
  describe.skipIf(!installed)('from a folder', () => {
    let demo: RunningDemo;
    beforeAll(async () => {
      demo = await RunningDemo.start('--zones', join(folder, 'zones'), '--nameserver', nameserver);
    });
    afterAll(() => demo.close());

    test('both nameservers answer every name and type as named-compilezone says', async () => {
      expect(questions.length).toBeGreaterThan(ZONES * 12);
      for (const name of ['ns1', 'ns2']) {
        const [host = '', port = ''] = demo.node(name).dns.split(':');
        const client = new DnsClient({ host, port: Number(port) }, { timeout: 5_000 });
        const wrong: string[] = [];
        await Promise.all(
          questions.map(async ({ owner, type, answer }) => {
            const got = await client.query(owner, type);
            // A CNAME's own type is asked, so nothing is chased.
            if (spelled(got.answer.filter((record) => record.type === type)) !== answer || !got.aa) {
              wrong.push(`${formatName(owner)} ${type}: ${spelled(got.answer)} instead of ${answer}`);
            }
          }),
        );
        client.close();
        expect(wrong, `${name} answers otherwise`).toEqual([]);
      }
    }, 240_000);

    test('an address that no zone holds is refused', async () => {
      expect((await demo.ask('ns1', 'not-here.example', TYPE.A)).rcode).toBe(5);
    });
  });
});
