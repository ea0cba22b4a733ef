import { Writable } from 'node:stream';
import pino from 'pino';
import { expect, test, vi } from 'vitest';
import { ServedCheck } from '../../../src/cluster/delivery/served-check.js';
import { EmbeddedNameserver } from '../../../src/nameservers/embedded/embedded.js';
import { createLog } from '../../../src/operations/log.js';
import type { ZoneName } from '../../../src/zones/zone-name.js';
import { zoneNames } from '../zone-texts.js';

test('what cannot be noted of one zone is logged, and the others are looked at', async () => {
  const listen = [{ host: '127.0.0.1', port: 0 }] as const;
  const nameserver = new EmbeddedNameserver({ listen, version: '0', log: createLog({ level: 'silent' }) });
  await nameserver.start();
  const lines: string[] = [];
  const into = new Writable({ write: (line: Buffer, _encoding, done) => done(void lines.push(line.toString())) });
  const [first, ...others] = zoneNames(3);
  const seen: ZoneName[] = [];
  const note = (name: ZoneName): void => {
    if (name === first) throw new Error('the disk is full');
    seen.push(name);
  };
  const check = new ServedCheck(nameserver.dns, note, pino({}, into));
  try {
    for (const name of [first, ...others]) if (name !== undefined) check.expect(name, 1);
    await vi.waitFor(() => expect(new Set(seen)).toEqual(new Set(others)), 10_000);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ zone: first, error: 'the disk is full' });
    // And again, with those that came after the fault.
    const before = seen.length;
    await vi.waitFor(() => expect(seen.length).toBeGreaterThan(before), 10_000);
  } finally {
    await check.stop();
    await nameserver.stop();
  }
});
