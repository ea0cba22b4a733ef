import type { PathLike } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Principal } from '../../../src/access/principal.js';
import type { Cluster } from '../../../src/cluster/cluster.js';
import { parseName } from '../../../src/dns/name.js';
import { TYPE } from '../../../src/dns/types.js';
import { OpenZone } from '../../../src/web/whm-api/open-zone.js';
import type { ZoneEdit } from '../../../src/zones/zone-edit.js';
import type { RecordLine } from '../../../src/zones/zone-lines.js';
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

  const caller = (): { cluster: Cluster; peer: Principal } => ({ cluster: web.cluster, peer: ROOT });

  /** Edits the zone's records as a caller of the API does. Returns the text before and after. */
  const edited = async (editOf: (zone: OpenZone) => ZoneEdit): Promise<[before: Buffer, after: Buffer]> => {
    const zone = await OpenZone.read(NAME, caller());
    const { members: states } = await zone.save(editOf(zone), caller(), served);
    expect(new Set(states.map(({ state }) => state))).toEqual(new Set(['served']));
    return [zone.text, await web.cluster.zones.text(NAME, ROOT)];
  };
  const www = (zone: OpenZone): RecordLine => zone.record(zone.lines.length - 1, 'line');
  const record = { owner: parseName('new.a.example.'), ttl: 60, type: TYPE.A, rdata: '\xc0\x00\x02\x09' };

  test.each<[string, (zone: OpenZone) => ZoneEdit, string[]]>([
    ['added', () => ({ changed: new Map(), added: [record] }), ['new.a.example.']],
    ['changed', (zone) => ({ changed: new Map([[www(zone), record]]), added: [] }), ['new.a.example.']],
    ['removed', (zone) => ({ changed: new Map([[www(zone), 'removed']]), added: [] }), []],
  ])('where a record of it is %s: of what comes, only the new line is read', async (_, editOf, newLines) => {
    const [before, after] = await edited(editOf);
    expect(reads()).toEqual([1, 1, 1]);
    expect(timesParsed(before)).toBe(1);
    expect(timesParsed(after)).toBe(members.length);
    const others = parsed.filter((text) => text !== before.toString('latin1') && text !== after.toString('latin1'));
    expect(others.map((line) => line.split(/\s/, 1)[0])).toEqual(newLines);
    // The member has the very records: what it was sent, it read by itself.
    expect(members.map((member) => member.holdings())).toEqual([web.holdings(), web.holdings()]);
  });

  test('that is removed, and brought back', async () => {
    await web.cluster.zones.remove(NAME, ROOT, served);
    // For the history, which each server keeps.
    expect(reads()).toEqual([1, 1, 1]);
    expect(parsed).toEqual([]);
    opened.length = 0;
    await web.cluster.removed.restore(NAME, ROOT, served);
    const text = await web.cluster.zones.text(NAME, ROOT);
    expect(Math.max(...reads())).toBeLessThanOrEqual(1);
    expect(timesParsed(text)).toBe(members.length);
    expect(parsed).toHaveLength(1 + members.length);
  });

  test('that a member has newer, and that is edited here', async () => {
    await web.cluster.members.setRole(web.row(members[0] ?? web).id, 'sync', ROOT);
    await web.cluster.members.setRole(web.row(members[1] ?? web).id, 'standalone', ROOT);
    const newer = zoneText(9, '192.0.2.9');
    await members[0]?.cluster.saveZone(NAME, newer, ROOT, served);
    opened.length = parsed.length = 0;
    const [before, after] = await edited(() => ({ changed: new Map(), added: [record] }));
    expect(before.toString()).toBe(newer.toString());
    // When it is taken, and for the lines that are edited then.
    expect(timesParsed(newer)).toBe(2);
    expect(timesParsed(after)).toBe(1);
  });
});
