import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { mayMount, SmallDisk } from '../../small-disk.js';
import { removal, type Upsert } from '../bind-zones.js';
import { OWN_ZONE } from '../operator-server.js';
import { CANDIDATES } from './candidates.js';
import { ServerUnderTest } from './server-under-test.js';

const OPERATORS = CANDIDATES.filter(({ configure }) => configure !== undefined);

describe.each(CANDIDATES)('$kind over outages', (candidate) => {
  describe.skipIf(!candidate.installed)('on its own port', () => {
    let of: ServerUnderTest;
    let few: Upsert[];

    beforeEach(async () => {
      of = await ServerUnderTest.start(candidate);
      few = await of.zones.upserts(20, 1);
      expect(await of.outcomes(...few)).toEqual(['served']);
    });
    afterEach(() => of.end());

    const isRunning = async (): Promise<boolean> => (await of.nameserver.status()).running;

    test('status says software, version, zones, memory and since when it runs', async () => {
      const status = await of.nameserver.status();
      expect(status).toMatchObject({ running: true, zones: 20 });
      expect(status.software).not.toBe('');
      expect(status.version).toMatch(/^\d+\.\d+/);
      expect(status.memory).toBeGreaterThan(2 ** 20);
      expect(Math.abs(Date.now() - (status.startedAt ?? 0))).toBeLessThan(60_000);
    });

    test('down, it is not running, and says why', async () => {
      await of.kill();
      await vi.waitFor(async () => expect(await isRunning()).toBe(false), 10_000);
      expect((await of.nameserver.status()).reason).toMatch(/\w+/);
    });

    test('a change, a new zone and a removal while it is down are unavailable with a sentence, and come when it is back', async () => {
      await of.kill();
      const applied = await of.apply(
        await of.zones.upsert('zone-1.example', 2),
        await of.zones.upsert('late.example', 1),
        removal('zone-2.example'),
      );
      expect(applied.map(({ outcome }) => outcome)).toEqual(['unavailable', 'unavailable', 'unavailable']);
      expect(applied[0]?.reason).toMatch(/\w+ \w+/);
      await of.startServer();
      await of.untilAllServed();
      await vi.waitFor(async () => expect(await of.serial('zone-2.example')).toBeUndefined(), 10_000);
      expect(await of.outcomes(await of.zones.upsert('zone-1.example', 3))).toEqual(['served']);
    });

    test('killed and started anew, it serves everything with nothing asked, and takes changes', async () => {
      await of.kill();
      await of.startServer();
      await of.untilAllServed();
      await vi.waitFor(async () => expect(await isRunning()).toBe(true), 10_000);
      expect(await of.outcomes(await of.zones.upsert('zone-3.example', 2), removal('zone-4.example'))).toEqual([
        'served',
      ]);
    });

    test('ended and started within a moment, so that nobody saw it down, it serves everything', async () => {
      await of.server?.kill('SIGTERM');
      await of.server?.loseState();
      await of.server?.start();
      await of.untilAllServed();
    });

    test('zones that were added, removed and added again do not keep it from starting', async () => {
      await of.apply(...few.slice(0, 10).map(({ name }) => removal(name)));
      const again = await Promise.all(few.slice(0, 5).map(({ name }) => of.zones.upsert(name, 2)));
      expect(await of.outcomes(...again)).toEqual(['served']);
      await of.kill();
      await of.startServer();
      await of.untilAllServed();
      expect(await of.serial('zone-7.example')).toBeUndefined();
    });

    test('our process restarts: it takes changes of every zone that it served before', async () => {
      await of.restartDriver();
      const changed = await Promise.all(few.slice(0, 10).map(({ name }) => of.zones.upsert(name, 2)));
      expect(await of.outcomes(...changed, ...few.slice(10).map(({ name }) => removal(name)))).toEqual(['served']);
      expect(await of.serials(few.map(({ name }) => name))).toEqual(few.map((_, i) => (i < 10 ? 2 : undefined)));
    });

    test('both restart, with changes made meanwhile', async () => {
      await of.kept.stop();
      await of.server?.kill();
      const meanwhile = [
        await of.zones.upsert('zone-1.example', 9),
        removal('zone-2.example'),
        await of.zones.upsert('new.example', 1),
      ];
      expect(await of.outcomes(...meanwhile)).toEqual(['unavailable']);
      await of.startServer();
      await of.restartDriver();
      await of.untilAllServed();
      await vi.waitFor(async () => expect(await of.serial('zone-2.example')).toBeUndefined(), 10_000);
      expect(await of.outcomes(await of.zones.upsert('zone-1.example', 10))).toEqual(['served']);
    });

    test('our record of what it was given is lost: its zones are ours again', async () => {
      await of.kept.stop();
      for (const file of await readdir(of.folder)) await rm(join(of.folder, file), { recursive: true });
      await of.restartDriver();
      expect(
        await of.outcomes(await of.zones.upsert('zone-3.example', 2), await of.zones.upsert('n.example', 1)),
      ).toEqual(['served']);
      expect(await of.outcomes(removal('zone-4.example'))).toEqual(['served']);
      await of.untilAllServed();
    });

    test('stopped and started by us, twice each, it serves what it is told', async () => {
      await of.kept.stop();
      await of.kept.stop();
      expect(await of.nameserver.apply([await of.zones.upsert('x.example', 1)])).toMatchObject([
        { outcome: 'unavailable' },
      ]);
      await of.kept.start();
      await of.kept.start();
      expect(await of.outcomes(await of.zones.upsert('x.example', 2))).toEqual(['served']);
    });
  });
});

describe.each(OPERATORS)("an operator's $kind", (candidate) => {
  describe.skipIf(!candidate.installed)('on its own port', () => {
    let of: ServerUnderTest;
    const server = (): NonNullable<ServerUnderTest['server']> => {
      if (of.server === undefined) throw new Error('a server of the operator was expected');
      return of.server;
    };
    afterEach(() => of.end());

    test('it may be started after us', async () => {
      of = await ServerUnderTest.make(candidate);
      await of.kept.start();
      expect(await of.outcomes(await of.zones.upsert('a.example', 1))).toEqual(['unavailable']);
      expect((await of.nameserver.status()).running).toBe(false);
      await server().start();
      await of.untilAllServed();
    });

    test("a zone of the operator's own is refused and stays as it is", async () => {
      of = await ServerUnderTest.start(candidate);
      const applied = await of.apply(await of.zones.upsert(OWN_ZONE, 78), await of.zones.upsert('ours.example', 1));
      expect(applied.map(({ outcome }) => outcome)).toEqual(['refused', 'served']);
      expect(applied[0]?.reason).toContain('not ours');
      expect(await of.outcomes(removal(OWN_ZONE))).toEqual(['refused']);
      expect(await of.serial(OWN_ZONE)).toBe(7);
      await server().kill();
      await server().start(); // resolves only when OWN_ZONE is answered with its serial
      await of.untilAllServed();
    });

    test('it restarts with nothing left of what it remembers: everything is given to it again', async () => {
      of = await ServerUnderTest.start(candidate);
      await of.apply(...(await of.zones.upserts(300, 1)));
      await server().kill();
      await server().loseState();
      await server().start();
      await of.untilAllServed();
      expect(await of.outcomes(await of.zones.upsert('zone-1.example', 2), removal('zone-2.example'))).toEqual([
        'served',
      ]);
    });

    test('our part of its configuration is deleted by hand while it runs, and it restarts: it serves everything', async () => {
      of = await ServerUnderTest.start(candidate);
      await of.apply(...(await of.zones.upserts(700, 1)));
      await rm(server().includeFile, { force: true });
      await rm(`${server().includeFile}.d`, { recursive: true, force: true });
      await server().kill();
      const untilWritten = { timeout: 15_000, interval: 50 };
      // A server that was told to include a file does not start without it: it is there again before anybody starts it.
      await vi.waitFor(() => server().start(), untilWritten);
      await of.untilAllServed();
    });

    test.skipIf(!mayMount())(
      'the disk is full when we would note what it gets: unavailable, and served when there is room',
      async () => {
        const disk = SmallDisk.mount(16 * 2 ** 20);
        try {
          of = await ServerUnderTest.make(candidate, { place: disk.folder });
          await server().start();
          await of.kept.start();
          expect(await of.outcomes(await of.zones.upsert('before.example', 1))).toEqual(['served']);
          disk.fill();
          const applied = await of.apply(...(await of.zones.upserts(600, 1)));
          expect(new Set(applied.map(({ outcome }) => outcome))).toEqual(new Set(['unavailable']));
          expect(applied[0]?.reason).toMatch(/ENOSPC|no space/i);
          expect(await of.serial('before.example')).toBe(1);
          disk.empty();
          const again = await of.apply(...(await of.zones.upserts(600, 1)));
          expect(again.find(({ outcome }) => outcome !== 'served')).toBeUndefined();
          await of.end();
        } finally {
          disk.unmount();
        }
      },
    );
  });
});

// These mostly wait for a time to pass, so all servers wait at the same time.
describe.concurrent('a long outage', () => {
  test.for(CANDIDATES.filter(({ installed }) => installed))(
    '$kind killed in the middle of taking many zones serves them all in the end',
    async (candidate, { expect }) => {
      const of = await ServerUnderTest.start(candidate);
      try {
        const many = await of.zones.upserts(1_500, 1, '', 'many');
        const applying = of.apply(...many);
        await vi.waitFor(async () => expect(await of.serial('many-700.example')).toBe(1), {
          timeout: 30_000,
          interval: 1,
        });
        await of.kill();
        await applying;
        await of.startServer();
        await of.untilAllServed();
        expect(await of.outcomes(...many.slice(0, 10).map(({ name }) => removal(name)))).toEqual(['served']);
      } finally {
        await of.end();
      }
    },
  );

  test.for(OPERATORS.filter(({ installed }) => installed))(
    "an operator's $kind that hangs: changes are unavailable in time, and come when it goes on",
    async (candidate, { expect }) => {
      const of = await ServerUnderTest.start(candidate);
      try {
        await of.apply(await of.zones.upsert('a.example', 1));
        await of.server?.freeze();
        const start = performance.now();
        expect(await of.outcomes(await of.zones.upsert('a.example', 2))).toEqual(['unavailable']);
        expect(performance.now() - start).toBeLessThan(45_000);
        of.server?.thaw();
        await of.untilAllServed();
      } finally {
        await of.end();
      }
    },
  );
});
