import { rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RCODE } from '../../../src/dns/messages/message.js';
import { TYPE } from '../../../src/dns/types.js';
import { removal } from '../bind-zones.js';
import { CANDIDATES } from './candidates.js';
import { ServerUnderTest } from './server-under-test.js';

/** Each is refused by every server. Our own check refuses them before; these come as if it had not seen them. */
const BROKEN = [
  ['an address that is none', 'www A 192.0.2\n'],
  ['an alias beside other records', 'www CNAME a\nwww A 192.0.2.1\n'],
  ['a record without its value', 'www MX 10\n'],
  ['a type that is none', 'www NONSENSE x\n'],
] as const;

describe.each(CANDIDATES)('$kind and files that it cannot load', (candidate) => {
  describe.skipIf(!candidate.installed)('over DNS', () => {
    let of: ServerUnderTest;

    beforeAll(async () => {
      of = await ServerUnderTest.start(candidate);
    });
    afterAll(() => of.end());

    test.each(BROKEN)(
      'a new zone with %s is refused with the reason; the good one beside it is served',
      async (_, line) => {
        const applied = await of.apply(
          await of.zones.upsert('good.example', 1),
          await of.zones.upsert('broken.example', 1, line),
        );
        expect(applied).toMatchObject([{ outcome: 'served' }, { outcome: 'refused' }]);
        expect(applied[1]?.reason).toMatch(/broken\.example|www|refuse/i);
        expect(await of.serial('broken.example')).toBeUndefined();
        expect(await of.outcomes(removal('good.example'))).toEqual(['served']);
      },
    );

    test.each(BROKEN)(
      '%s in place of a good zone is refused, and the good one is answered all the time',
      async (_, line) => {
        await of.apply(await of.zones.upsert('kept.example', 5, 'www A 192.0.2.5\n'));
        const broken = await of.zones.upsert('kept.example', 6, line);
        await untilSettled(of, 'www.kept.example');
        const asked = { over: false };
        const asking = (async (): Promise<void> => {
          while (!asked.over) expect((await of.ask('www.kept.example', TYPE.A)).answer).toHaveLength(1);
        })();
        const [refused] = await of.apply(broken).finally(() => (asked.over = true));
        await asking;
        expect(refused?.outcome).toBe('refused');
        expect(refused?.reason).not.toBe('');
        expect(await of.serial('kept.example')).toBe(5);
        // The caller puts the good version back.
        expect(await of.outcomes(await of.zones.upsert('kept.example', 5, 'www A 192.0.2.5\n'))).toEqual(['served']);
        expect(await of.outcomes(await of.zones.upsert('kept.example', 7))).toEqual(['served']);
        expect(await of.outcomes(removal('kept.example'))).toEqual(['served']);
      },
    );

    test('a refused zone is served as soon as it is mended', async () => {
      expect(await of.outcomes(await of.zones.upsert('mended.example', 1, 'www A 192.0.2\n'))).toEqual(['refused']);
      expect(await of.outcomes(await of.zones.upsert('mended.example', 1))).toEqual(['served']);
    });

    test.each([
      ['missing', (file: string): Promise<void> => rm(file)],
      ['empty', (file: string): Promise<void> => writeFile(file, '')],
      ['no text at all', (file: string): Promise<void> => writeFile(file, Buffer.from([0, 1, 2, 255, 0, 10, 0]))],
    ])('a file that is %s is refused, and is served when it is there', async (_, spoil) => {
      const change = await of.zones.upsert('spoilt.example', 1);
      await spoil(change.file);
      expect(await of.outcomes(change)).toEqual(['refused']);
      expect(await of.outcomes(await of.zones.upsert('spoilt.example', 2))).toEqual(['served']);
      expect(await of.outcomes(removal('spoilt.example'))).toEqual(['served']);
    });

    test('of 200 new zones the three broken ones are refused, each by its name', async () => {
      const changes = await of.zones.upserts(200, 1, '', 'some');
      for (const i of [3, 50, 199]) await of.zones.upsert(`some-${i}.example`, 1, 'www A 192.0.2\n');
      const applied = await of.apply(...changes);
      const refused = applied.flatMap(({ name, outcome }) => (outcome === 'served' ? [] : [`${name} ${outcome}`]));
      expect(refused).toEqual(['some-3.example refused', 'some-50.example refused', 'some-199.example refused']);
      const removed = await of.apply(...changes.map(({ name }) => removal(name)));
      expect(new Set(removed.map(({ outcome }) => outcome))).toEqual(new Set(['served']));
    });

    test('a refused zone does not keep the server from starting, and is not served after', async () => {
      await of.apply(await of.zones.upsert('sound.example', 1));
      expect(await of.outcomes(await of.zones.upsert('lasting.example', 1, 'www A 192.0.2\n'))).toEqual(['refused']);
      await of.kill();
      await of.startServer();
      await of.untilAllServed();
      const answer = await of.ask('lasting.example', TYPE.SOA);
      expect([answer.aa, answer.rcode]).toEqual([false, RCODE.REFUSED]);
    });
  });
});

/** A server of several processes may have one question answered by an old one after a new one was seen to answer. */
async function untilSettled(of: ServerUnderTest, name: string): Promise<void> {
  for (let answered = 0; answered < 30;) {
    answered = (await of.ask(name, TYPE.A)).answer.length === 1 ? answered + 1 : 0;
  }
}
