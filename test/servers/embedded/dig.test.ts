import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseZone } from '../../../src/dns/zone-text/parser.js';
import { formatRecord } from '../../../src/dns/zone-text/printer.js';
import type { EmbeddedNameserver } from '../../../src/nameservers/embedded/embedded.js';
import { needs } from '../../needs.js';
import { parsedUpsert, startEmbedded, zoneText } from './embedded-server.js';

let server: EmbeddedNameserver;

describe.skipIf(!needs('dig'))('dig', () => {
  const execute = promisify(execFile);
  const dig = async (...args: string[]): Promise<string> =>
    (await execute('dig', [`@${server.dns.host}`, '-p', String(server.dns.port), '+tries=1', '+time=5', ...args]))
      .stdout;
  const long = Array.from({ length: 30 }, (_, i) => `long 60 TXT ${'x'.repeat(100)}${i}\n`).join('');

  beforeEach(async () => {
    server = await startEmbedded({ settings: { allowTransfer: ['127.0.0.2', '127.0.1.0/24'] } });
    await server.apply([parsedUpsert('dig.example', 42, `www 60 A 192.0.2.80\n${long}`)]);
  });

  afterEach(() => server.stop());

  test('understands the answers over UDP and TCP', async () => {
    expect(await dig('www.dig.example', '+short')).toBe('192.0.2.80\n');
    expect(await dig('www.dig.example', '+short', '+tcp')).toBe('192.0.2.80\n');
    const full = await dig('www.dig.example', 'AAAA', '+cookie', '+nsid');
    expect(full).toMatch(/status: NOERROR/);
    expect(full).toMatch(/flags: qr aa rd;/);
    expect(full).toMatch(/EDNS: version: 0, flags:; udp: 1232/);
    expect(full).not.toMatch(/malformed|WARNING: .*(extra|bad)/i);
  });

  test('is sent to TCP by a truncated answer', async () => {
    expect(await dig('long.dig.example', 'TXT')).toMatch(/Truncated, retrying in TCP mode[\s\S]*ANSWER: 30,/);
    expect(await dig('long.dig.example', 'TXT', '+ignore')).toMatch(/flags: qr aa tc rd;[^]*ANSWER: 0,/);
  });

  test('gets one RRset for ANY over UDP and all over TCP', async () => {
    expect(await dig('dig.example', 'ANY', '+notcp', '+noall', '+answer')).toMatch(
      /^dig\.example\.\s+300\s+IN\s+SOA\s.*\n$/,
    );
    expect(await dig('dig.example', 'ANY', '+tcp', '+noall', '+answer')).toMatch(/SOA[^]*NS/);
  });

  test('is refused a class that is not IN, and a version of EDNS that does not exist', async () => {
    expect(await dig('version.bind', 'CH', 'TXT')).toMatch(/status: REFUSED/);
    expect(await dig('dig.example', '+edns=1', '+noednsnegotiation')).toMatch(/status: BADVERS/);
  });

  test('transfers a zone only to allowed addresses and subnets, record for record', async () => {
    expect(await dig('dig.example', 'AXFR')).toMatch(/Transfer failed/);
    for (const source of ['127.0.0.2', '127.0.1.7']) {
      const text = await dig('-b', source, 'dig.example', 'AXFR', '+noall', '+answer', '+onesoa');
      const wanted = parseZone(zoneText(42, `www 60 A 192.0.2.80\n${long}`), 'dig.example').records.map(formatRecord);
      expect(parseZone(text, 'dig.example').records.map(formatRecord).sort()).toEqual(wanted.sort());
    }
    expect(await dig('-b', '127.0.0.2', 'dig.example', 'IXFR=41', '+noall', '+answer')).toMatch(/SOA[^]*TXT[^]*SOA/);
    expect(await dig('-b', '127.0.0.2', 'www.dig.example', 'AXFR', '+tcp')).toMatch(/Transfer failed/);
  });

  test('transfers a zone of many messages', async () => {
    const many = Array.from({ length: 5000 }, (_, i) => `host${i} 60 TXT ${'y'.repeat(60)}${i}\n`).join('');
    await server.apply([parsedUpsert('many.example', 1, many)]);
    const text = await dig('-b', '127.0.0.2', 'many.example', 'AXFR');
    expect(text).toMatch(/XFR size: 5004 records \(messages (?:[2-9][0-9]|[1-9][0-9]{2}),/);
  });
});
