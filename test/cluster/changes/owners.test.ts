import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Cluster } from '../../../src/cluster/cluster.js';
import type { HostPanel } from '../../../src/host/host-panel.js';
import type { AuditEntry } from '../../../src/operations/audit-chain.js';
import { zoneName, type ZoneName } from '../../../src/zones/zone-name.js';
import { loneCluster } from '../lone-cluster.js';
import { reseller, ROOT, zoneText } from '../zone-texts.js';

const NAME = zoneName('a.example');
const PEOPLE = ['ann', 'bob', 'eve'];

let folder: string;
let cluster: Cluster;
let noted: AuditEntry[];
/** Who has each name now: a number that no other user of the name had. */
let people: Map<string, number>;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'owners-'));
  noted = [];
  people = new Map(PEOPLE.map((user) => [user, 1]));
  cluster = await start();
});
afterEach(async () => {
  await cluster.stop();
  rmSync(folder, { recursive: true, force: true });
});

const users: HostPanel['users'] = () => [
  { user: 'root', kind: 'root' },
  ...[...people].map(([user, number]) => ({ user, kind: 'reseller' as const, id: `${user}-${number}` })),
];

function start(): Promise<Cluster> {
  const audit = { record: (entry: AuditEntry): Promise<void> => Promise.resolve(void noted.push(entry)) };
  return loneCluster(folder, { users, audit });
}

/** As they come through every door. */
const acting = (user: string): ReturnType<typeof reseller> => cluster.accounts.acting(reseller(user));

describe('giving a zone to another user', () => {
  test('changes nothing but whose it is: text, serial, time and home stay, also over a restart', async () => {
    await cluster.zones.save(NAME, zoneText(5), acting('ann'));
    const before = cluster.zones.get(NAME, ROOT);
    expect(before?.owner).toBe('ann');
    expect(await cluster.zones.setOwner([NAME], 'bob', ROOT)).toMatchObject([{ result: { change: 'unchanged' } }]);
    const after = { ...before, owner: 'bob' };
    expect(cluster.zones.get(NAME, ROOT)).toEqual(after);
    expect(cluster.zones.get(NAME, acting('ann'))).toBeUndefined();
    expect((await cluster.zones.text(NAME, acting('bob'))).equals(zoneText(5))).toBe(true);
    expect([cluster.zones.count(acting('ann')), cluster.zones.count(acting('bob'))]).toEqual([0, 1]);
    await cluster.stop();
    cluster = await start();
    expect(cluster.zones.get(NAME, acting('bob'))).toEqual(after);
    await expect(cluster.zones.save(NAME, zoneText(6), acting('ann'))).rejects.toMatchObject({
      code: 'zone_not_yours',
    });
  });

  test('takes many at once, one outcome each, and is one line of the audit log', async () => {
    const names = Array.from({ length: 20 }, (_, i) => zoneName(`zone-${i}.example`));
    for (const name of names) await cluster.zones.save(name, zoneText(1), ROOT);
    noted = [];
    const outcomes = await cluster.zones.setOwner([...names, zoneName('not.example')], 'ann', ROOT);
    expect(outcomes.slice(0, 20).every((outcome) => 'result' in outcome)).toBe(true);
    expect(outcomes.at(-1)).toMatchObject({ zone: 'not.example', error: { code: 'zone_unknown' } });
    expect(cluster.zones.list(acting('ann'))).toHaveLength(20);
    expect(noted).toMatchObject([{ user: 'root', action: 'setOwner' }]);
    expect(noted[0]?.target).toMatch(/^zone-0\.example, .* and 16 more to ann$/);
  });

  test('is root’s alone, and not to somebody who is no user', async () => {
    await cluster.zones.save(NAME, zoneText(5), acting('ann'));
    const mine = cluster.zones.setOwner([NAME], 'ann', acting('ann'));
    await expect(mine).rejects.toMatchObject({ code: 'privilege_missing' });
    const nobody = cluster.zones.setOwner([NAME], 'nobodyhere', ROOT);
    await expect(nobody).rejects.toMatchObject({ code: 'user_unknown' });
    expect(noted.slice(-2)).toMatchObject([{ refused: 'privilege_missing' }, { refused: 'user_unknown' }]);
    expect(cluster.zones.get(NAME, ROOT)?.owner).toBe('ann');
  });

  test('comes before or after a save of the same moment, and neither is lost', async () => {
    await cluster.zones.save(NAME, zoneText(5), acting('ann'));
    const saved = cluster.zones.save(NAME, zoneText(6, '192.0.2.6'), ROOT);
    const given = cluster.zones.setOwner([NAME], 'bob', ROOT);
    const again = cluster.zones.save(NAME, zoneText(7, '192.0.2.7'), ROOT);
    await Promise.all([saved, given, again]);
    expect(cluster.zones.get(NAME, acting('bob'))).toMatchObject({ serial: 7, owner: 'bob' });
    const changes = (await cluster.zones.history(NAME, ROOT)).map(({ change }) => change);
    expect(changes.sort()).toEqual(['given', 'saved', 'saved']);
  });

  test('gives the history, too, and the new owner can undo what the one before did', async () => {
    await cluster.zones.save(NAME, zoneText(5, '192.0.2.5'), acting('ann'));
    await cluster.zones.save(NAME, zoneText(6, '192.0.2.6'), acting('ann'));
    await cluster.zones.setOwner([NAME], 'bob', ROOT);
    const versions = await cluster.zones.history(NAME, acting('bob'));
    expect(versions).toMatchObject([
      { change: 'given', owner: 'ann', newOwner: 'bob', user: 'root', serial: 6 },
      { change: 'saved', owner: 'ann', user: 'ann', serial: 5 },
    ]);
    expect(versions[1]?.text.toString()).toContain('192.0.2.5');
  });
});

describe('a new user of an old name', () => {
  test('has nothing of the one before: no zones, no removed zones, no histories', async () => {
    const removed = zoneName('removed.example');
    await cluster.zones.save(NAME, zoneText(5), acting('ann'));
    await cluster.zones.save(removed, zoneText(5), acting('ann'));
    await cluster.zones.remove(removed, acting('ann'));
    people.set('ann', 2);
    const ann = acting('ann');
    expect(cluster.zones.list(ann)).toEqual([]);
    expect(cluster.zones.count(ann)).toBe(0);
    expect(cluster.removed.list(ann)).toEqual([]);
    await expect(cluster.zones.text(NAME, ann)).rejects.toMatchObject({ code: 'zone_unknown' });
    await expect(cluster.zones.remove(NAME, ann)).rejects.toMatchObject({ code: 'zone_not_yours' });
    await expect(cluster.removed.restore(removed, ann)).rejects.toMatchObject({ code: 'zone_not_yours' });
    await cluster.zones.save(removed, zoneText(9), ann);
    expect(await cluster.zones.history(removed, ann)).toEqual([]);
    const under = cluster.zones.save(zoneName('www.a.example'), zoneText(1), ann);
    await expect(under).rejects.toMatchObject({ code: 'zone_shadows' });
    // Code of a host that names nobody but the user finds the same.
    expect(cluster.listZones(reseller('ann'))).toMatchObject([{ name: removed, owner: 'ann' }]);
    expect(cluster.listZones(reseller('ann'))[0]).not.toHaveProperty('ownerRemoved');
  });

  test('is another one after a restart, too, in which the user was removed and added', async () => {
    await cluster.zones.save(NAME, zoneText(5), acting('ann'));
    await cluster.stop();
    people.set('ann', 2);
    cluster = await start();
    expect(cluster.zones.list(acting('ann'))).toEqual([]);
  });

  test('leaves root with zones that are shown as of a removed user, until they are given to somebody', async () => {
    await cluster.zones.save(NAME, zoneText(5), acting('ann'));
    people.delete('ann');
    expect(cluster.listZones(ROOT)).toMatchObject([{ owner: 'ann', ownerRemoved: true }]);
    expect((await cluster.status(ROOT)).withoutOwner).toEqual([{ owner: 'ann', zones: 1 }]);
    expect((await cluster.status(acting('bob'))).withoutOwner).toEqual([]);
    people.set('ann', 2);
    expect((await cluster.status(ROOT)).withoutOwner).toEqual([{ owner: 'ann', zones: 1 }]);
    await cluster.zones.setOwner([NAME], 'ann', ROOT);
    expect((await cluster.status(ROOT)).withoutOwner).toEqual([]);
    expect(cluster.zones.list(acting('ann'))).toHaveLength(1);
  });

  test('does not get a zone that root brings back: it belongs to whom it belonged to', async () => {
    await cluster.zones.save(NAME, zoneText(5), acting('ann'));
    await cluster.zones.remove(NAME, acting('ann'));
    people.set('ann', 2);
    await cluster.removed.restore(NAME, ROOT);
    expect(cluster.zones.list(acting('ann'))).toEqual([]);
    expect(cluster.listZones(ROOT)).toMatchObject([{ owner: 'ann', ownerRemoved: true }]);
  });
});

describe('the history of a zone that somebody else had before', () => {
  test('is root’s alone: a zone of a sold domain shows neither texts nor names of the seller', async () => {
    await cluster.zones.save(NAME, zoneText(5, '192.0.2.5'), acting('ann'));
    await cluster.zones.save(NAME, zoneText(6, '192.0.2.6'), acting('ann'));
    await cluster.zones.remove(NAME, acting('ann'));
    await cluster.zones.save(NAME, zoneText(9, '192.0.2.9'), acting('bob'));
    expect(await cluster.zones.history(NAME, acting('bob'))).toEqual([]);
    expect(await cluster.zones.history(NAME, ROOT)).toHaveLength(2);
    await cluster.zones.save(NAME, zoneText(10, '192.0.2.10'), acting('bob'));
    expect(await cluster.zones.history(NAME, acting('bob'))).toMatchObject([{ serial: 9, user: 'bob' }]);
  });

  /** What each zone holds is a secret of the ones who had it; whom it was given to learns it. */
  class Model {
    readonly zones = new Map<ZoneName, { owner: string; secrets: Set<string> }>();
    /** Of a zone that was removed: who had it last, and may have it back. */
    readonly gone = new Map<ZoneName, { owner: string; secrets: Set<string> }>();
  }
  const names = ['a.example', 'b.example'].map(zoneName);
  const name = fc.constantFrom(...names);
  const person = fc.constantFrom(...PEOPLE);
  const step = fc.oneof(
    fc.record({ kind: fc.constant('save' as const), name, person }),
    fc.record({ kind: fc.constant('remove' as const), name, person }),
    fc.record({ kind: fc.constant('restore' as const), name, person }),
    fc.record({ kind: fc.constant('give' as const), name, person }),
    fc.record({ kind: fc.constant('rename' as const), name, person }),
    fc.record({ kind: fc.constant('restart' as const), name, person }),
  );

  test('is shown to nobody else, in any order of making, removing, giving, restoring, and users who come and go', async () => {
    let made = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 24 }), async (steps) => {
        const model = new Model();
        for (const one of names) if (cluster.zones.get(one, ROOT) !== undefined) await cluster.zones.remove(one, ROOT);
        // What was before this run is of other users.
        for (const [user, number] of people) people.set(user, number + 1);
        const secretOf = new Map<string, string>();
        for (const { kind, name, person } of steps) {
          const who = `${person}-${people.get(person)}`;
          const by = acting(person);
          const held = model.zones.get(name);
          if (kind === 'rename') people.set(person, (people.get(person) ?? 0) + 1);
          else if (kind === 'restart') {
            await cluster.stop();
            cluster = await start();
          } else if (kind === 'save') {
            const secret = `secret-${++made}-`;
            const saved = cluster.zones.save(name, zoneText(made, '192.0.2.1', secret), by);
            const isTheirs = held === undefined || held.owner === who;
            expect(await saved.then(() => true).catch(() => false)).toBe(isTheirs);
            if (!isTheirs) continue;
            // The comment alone is no other version.
            const address = `192.0.${made % 250}.${made % 199}`;
            await cluster.zones.save(name, zoneText(made, address, secret), by);
            secretOf.set(secret, who);
            const before = held ?? model.gone.get(name);
            const secrets = before?.owner === who ? before.secrets : new Set<string>();
            model.zones.set(name, { owner: who, secrets: new Set([...secrets, secret]) });
            model.gone.delete(name);
          } else if (kind === 'remove') {
            const isTheirs = held?.owner === who;
            const removed = cluster.zones.remove(name, by);
            expect(await removed.then(() => true).catch(() => false)).toBe(isTheirs);
            if (!isTheirs) continue;
            model.zones.delete(name);
            model.gone.set(name, held);
          } else if (kind === 'restore') {
            const before = held === undefined ? model.gone.get(name) : undefined;
            const isTheirs = before?.owner === who;
            const restored = cluster.removed.restore(name, by);
            expect(await restored.then(() => true).catch(() => false)).toBe(isTheirs);
            if (before === undefined || !isTheirs) continue;
            model.zones.set(name, before);
            model.gone.delete(name);
          } else {
            const [outcome] = await cluster.zones.setOwner([name], person, ROOT);
            expect(outcome !== undefined && 'result' in outcome).toBe(held !== undefined);
            if (held !== undefined) model.zones.set(name, { ...held, owner: who });
          }
          for (const [user, number] of people) {
            const now = acting(user);
            const theirs = [...model.zones].filter(([, zone]) => zone.owner === `${user}-${number}`);
            expect(cluster.zones.list(now).map(({ name }) => name)).toEqual(theirs.map(([name]) => name).sort());
            const back = [...model.gone].filter(([, zone]) => zone.owner === `${user}-${number}`);
            expect(
              cluster.removed
                .list(now)
                .map(({ zone }) => zone)
                .sort(),
            ).toEqual(back.map(([name]) => name).sort());
            for (const [zone, { secrets }] of theirs) {
              const versions = await cluster.zones.history(zone, now);
              const shown = versions.map(({ text }) => /secret-\d+-/.exec(text.toString())?.[0] ?? '');
              for (const secret of shown) expect(secrets).toContain(secret);
              // What was theirs all the time is not hidden from them.
              const own = [...secrets].slice(0, -1);
              for (const secret of own) expect(shown).toContain(secret);
            }
          }
        }
      }),
      { numRuns: 20 },
    );
  }, 120_000);
});
