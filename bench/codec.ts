import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zoneDigest } from '../src/dns/canonical.js';
import { checkZone } from '../src/dns/check.js';
import { parseZone } from '../src/dns/zone-text/parser.js';
import { hostingZones } from '../test/hosting-zones.js';

/**
 * How many records a second the codec reads, checks and digests, as hosting zones of 14 records each and as one large
 * zone; beside it named-compilezone on the same large zone, and on the hosting zones' records in one file (a process
 * for each zone would measure the starting of processes).
 */
const ROUNDS = 5;
const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin`;

interface Input {
  name: string;
  text: Buffer;
}

/** One zone of `hosts` names with an address each, every second with an alias, every tenth with a text. */
function largeZone(hosts: number): Input {
  const lines = ['$TTL 3600', '@ SOA ns1 hostmaster 1 3600 600 86400 300', '@ NS ns1', 'ns1 A 192.0.2.1'];
  for (let i = 0; i < hosts; i++) {
    lines.push(`host${i} 300 IN A 10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
    if (i % 2 === 0) lines.push(`alias${i} IN CNAME host${i}`);
    if (i % 10 === 0) lines.push(`host${i} TXT "v=text; number=${i}"`);
  }
  return { name: 'example.org', text: Buffer.from(lines.join('\n') + '\n') };
}

/** The hosting zones' names inside one zone, for a program that reads one file a process. */
function gathered(inputs: readonly Input[]): Input {
  const head = '$TTL 3600\n$ORIGIN example.org.\n@ SOA ns1 h 1 3600 600 86400 300\n@ NS ns1\nns1 A 192.0.2.1\n';
  const bodies = inputs.map(({ name, text }) => {
    const label = name.split('.')[0] ?? '';
    const body = text.toString().replace(/@\t86400\tIN\tSOA[^)]*\)[^\n]*\n/, '@ TXT "no SOA"\n');
    return `$ORIGIN ${label}.example.org.\n${body}`;
  });
  return { name: 'example.org', text: Buffer.from(head + bodies.join('')) };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;
}

/** Records a second, median of the rounds. */
function ourRate(inputs: readonly Input[]): { records: number; rate: number } {
  let records = 0;
  const seconds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    records = 0;
    const start = process.hrtime.bigint();
    for (const { name, text } of inputs) {
      const zone = parseZone(text, name);
      if (checkZone(zone, name).some(({ severity }) => severity === 'error')) throw new Error(`${name} is not good`);
      zoneDigest(zone);
      records += zone.records.length;
    }
    seconds.push(Number(process.hrtime.bigint() - start) / 1e9);
  }
  return { records, rate: records / median(seconds) };
}

function bindRate({ name, text }: Input, records: number): number {
  const folder = mkdtempSync(join(tmpdir(), 'codec-'));
  const file = join(folder, 'zone');
  writeFileSync(file, text);
  const options = ['-q', '-i', 'local', '-k', 'ignore', '-s', 'full', '-o', '/dev/null', name, file];
  const seconds = Array.from({ length: ROUNDS }, () => {
    const start = process.hrtime.bigint();
    execFileSync('named-compilezone', options, { env: { ...process.env, PATH } });
    return Number(process.hrtime.bigint() - start) / 1e9;
  });
  rmSync(folder, { recursive: true });
  return records / median(seconds);
}

const thousands = (rate: number): string => `${Math.round(rate / 1000)},000 records/s`;

const hosting = hostingZones(5000).map(({ name, text }) => ({ name, text: Buffer.from(text) }));
const large = largeZone(100_000);
for (const [what, inputs, anchor] of [
  ['5,000 hosting zones', hosting, gathered(hosting)],
  ['one large zone', [large], large],
] as const) {
  const { records, rate } = ourRate(inputs);
  process.stdout.write(`${what}, ${records} records: parse + check + digest ${thousands(rate)}; `);
  process.stdout.write(`named-compilezone ${thousands(bindRate(anchor, records))}\n`);
}
