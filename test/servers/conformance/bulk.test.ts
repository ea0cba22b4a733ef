import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TYPE } from '../../../src/dns/types.js';
import { removal, ZoneFolder } from '../bind-zones.js';
import { CANDIDATES } from './candidates.js';
import { ServerUnderTest } from './server-under-test.js';

describe.each(CANDIDATES)('$kind and many zones at once', (candidate) => {
  describe.skipIf(!candidate.installed)('over DNS', () => {
    let of: ServerUnderTest;

    beforeAll(async () => {
      // Some servers have commands that can be used only where no path holds a space.
      of = await ServerUnderTest.start(candidate, await ZoneFolder.make('dns-cluster-zones-'));
    });
    afterAll(() => of.end());

    const names = (count: number, stem: string): string[] =>
      Array.from({ length: count }, (_, i) => `${stem}-${i}.example`);

    test('zones that came one by one are all served still after many more came at once', async () => {
      // A server that reads files in the order of their inodes could lose the first: so some are older, some younger.
      const older = await of.zones.upserts(5, 1, '', 'older');
      const more = await of.zones.upserts(150, 1, '', 'more');
      const younger = await of.zones.upserts(5, 1, '', 'younger');
      for (const change of [...older, ...younger]) await of.apply(change);
      await of.apply(...more);
      const all = [...names(5, 'older'), ...names(150, 'more'), ...names(5, 'younger')];
      expect(await of.serials(all)).toEqual(all.map(() => 1));
    });

    test('2,000 new zones in one batch are all served, while one that is loaded is answered all the time', async () => {
      await of.apply(await of.zones.upsert('beside.example', 1));
      const changes = await of.zones.upserts(2_000, 1, '', 'many');
      const asked = { over: false };
      const wrong: string[] = [];
      const asking = (async (): Promise<void> => {
        while (!asked.over) {
          const { aa, answer } = await of.ask('beside.example', TYPE.A);
          if (!aa || answer.length !== 1) wrong.push(JSON.stringify({ aa, answer }));
        }
      })();
      const applied = await of.apply(...changes).finally(() => (asked.over = true));
      await asking;
      expect(new Set(applied.map(({ outcome }) => outcome))).toEqual(new Set(['served']));
      expect(await of.serials(names(2_000, 'many'))).toEqual(changes.map(() => 1));
      expect(wrong).toEqual([]);
    });

    test('new, changed and removed zones in one batch are each as they should be', async () => {
      const fresh = await of.zones.upserts(300, 1, '', 'fresh');
      const changed = await Promise.all(
        names(100, 'many').map((name) => of.zones.upsert(name, 2, 'new A 192.0.2.9\n')),
      );
      const gone = names(200, 'many').slice(100);
      const applied = await of.apply(...fresh, ...changed, ...gone.map((name) => removal(name)));
      expect(applied).toHaveLength(500);
      expect(new Set(applied.map(({ outcome }) => outcome))).toEqual(new Set(['served']));
      expect(await of.serials(names(300, 'fresh'))).toEqual(fresh.map(() => 1));
      expect(await of.serials(names(100, 'many'))).toEqual(changed.map(() => 2));
      expect(await of.serials(gone)).toEqual(gone.map(() => undefined));
      expect((await of.ask('new.many-99.example', TYPE.A)).answer).toHaveLength(1);
    });

    test('two batches that come at the same time are both served', async () => {
      const [one, two] = [await of.zones.upserts(400, 1, '', 'one'), await of.zones.upserts(400, 1, '', 'two')];
      const applied = (await Promise.all([of.apply(...one), of.apply(...two)])).flat();
      expect(new Set(applied.map(({ outcome }) => outcome))).toEqual(new Set(['served']));
      expect(await of.serials([...names(400, 'one'), ...names(400, 'two')])).toEqual([...one, ...two].map(() => 1));
    });

    test('1,000 zones are all changed in one batch', async () => {
      const changes = await of.zones.upserts(1_000, 5, 'x A 192.0.2.5\n', 'many');
      expect(await of.outcomes(...changes)).toEqual(['served']);
      expect(await of.serials(names(1_000, 'many'))).toEqual(changes.map(() => 5));
    });

    test('it serves exactly what it is told to, and told again it stays so', async () => {
      const changes = await of.zones.upserts(50, 7, '', 'exact');
      for (let times = 0; times < 2; times++) {
        const applied = await of.kept.synchronize(changes);
        expect(applied.map(({ outcome, serial }) => [outcome, serial])).toEqual(changes.map(() => ['served', 7]));
        expect(await of.serials(['many-1500.example', 'fresh-7.example', 'two-399.example'])).toEqual(
          Array(3).fill(undefined),
        );
        expect((await of.nameserver.status()).zones).toBe(50);
      }
    });

    test('told to serve nothing, it serves nothing of ours', async () => {
      expect(await of.kept.synchronize([])).toEqual([]);
      expect(await of.serials(names(50, 'exact'))).toEqual(Array(50).fill(undefined));
      expect((await of.nameserver.status()).zones).toBe(0);
    });
  });
});
