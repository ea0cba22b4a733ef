import type { PathLike } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readZoneLines } from '../../../src/zones/zone-lines.js';
import { editZone } from '../../../src/zones/zone-edit.js';
import { zoneName } from '../../../src/zones/zone-name.js';
import { ClusterNode } from '../cluster-node.js';
import { ROOT, zoneText } from '../zone-texts.js';

const { opened, parsed } = vi.hoisted(() => ({ opened: [] as string[], parsed: [] as string[] }));

// The real functions, counted.
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const openSync = (file: PathLike, flags?: string | number, mode?: number): number => {
    if (typeof flags === 'number') opened.push(String(file));
    return fs.openSync(file, flags ?? 'r', mode);
  };
  return { ...fs, openSync };
});
vi.mock('../../../src/dns/zone-text/parser.js', async (original) => {
  const parser = await original<typeof import('../../../src/dns/zone-text/parser.js')>();
  const parseZone: typeof parser.parseZone = (text, zone, options) => {
    parsed.push(text.toString('latin1'));
    return parser.parseZone(text, zone, options);
  };
  return { ...parser, parseZone };
});

const NAME = zoneName('a.example');
const served = { wait: 'served' } as const;

describe('a zone that is saved is read from disk at most once and parsed at most once on each server', () => {
  let web: ClusterNode;
  let members: ClusterNode[];
  beforeEach(async () => {
    web = await ClusterNode.start('web');
    members = [await ClusterNode.start('ns1'), await ClusterNode.start('ns2')];
    for (const member of members) await web.add(member, 'write-only');
    await web.cluster.saveZone(NAME, zoneText(7), ROOT, served);
    // Nothing is in memory after a restart.
    await web.stop();
    for (const member of members) {
      await member.stop();
      await member.start();
    }
    await web.start();
    opened.length = parsed.length = 0;
  });
  afterEach(() => Promise.all([web, ...members].map((node) => node.end())));

  /** How often each server opened the zone's file, in the order web, ns1, ns2. */
  const reads = (): number[] =>
    [web, ...members].map(
      ({ folder }) => opened.filter((file) => file.startsWith(folder) && file.endsWith(NAME)).length,
    );

  /** On the servers together; the members parse what they are sent, as web published it. */
  const timesParsed = (text: Buffer): number => parsed.filter((one) => one === text.toString('latin1')).length;

  test('by its text, also where its serial has to be raised, and when a member receives it', async () => {
    const text = zoneText(7, '192.0.2.2');
    const {
      serial,
      lifted,
      members: states,
    } = await web.cluster.saveZone(NAME, text, ROOT, { ...served, ifText: zoneText(7) });
    expect({ serial, lifted, states: states.map(({ state }) => state) }).toEqual({
      ...{ serial: 8, lifted: true, states: ['served', 'served'] },
    });
    expect(reads()).toEqual([1, 1, 1]);
    expect(timesParsed(text)).toBe(1);
    expect(timesParsed(await web.cluster.zones.text(NAME, ROOT))).toBe(members.length);
    expect(parsed).toHaveLength(1 + members.length);
  });

  test('by an edit of its records: the text before once, the edited one once', async () => {
    const before = await web.cluster.zones.text(NAME, ROOT);
    const lines = readZoneLines(before, NAME);
    const last = lines.at(-1);
    if (last === undefined) throw new Error('a zone has lines');
    const edit = { changed: new Map([[last, 'removed' as const]]), added: [] };
    const next = editZone(NAME, { text: before, lines, serial: 7 }, edit, new Date());
    await web.cluster.zones.save(NAME, next, ROOT, { ...served, ifText: before });
    expect(reads()).toEqual([1, 1, 1]);
    expect(timesParsed(before)).toBe(1);
    expect(timesParsed(next.text)).toBe(members.length);
    expect(parsed).toHaveLength(2 + members.length);
  });
});
