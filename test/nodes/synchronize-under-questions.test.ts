import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { hostingQuestions } from '../hosting-questions.js';
import { hostingZone } from '../hosting-zones.js';
import { NodeProcesses, untilAllAnswered } from '../node-processes.js';
import { QueryLoop } from '../query-loop.js';
import { CANDIDATES } from '../servers/conformance/candidates.js';

const ZONES = 1_000;
/** Questions a second. */
const RATE = 1_000;
const BEFORE = { seed: 'hosting', serial: 2026010101 };
const AFTER = { seed: 'changed', serial: 2026010102 };
/** Milliseconds, for each step on a busy machine. */
const WITHIN = 60_000;
const LONGEST = { timeout: WITHIN, interval: 100 };

const TESTED = CANDIDATES.filter(({ kind }) => kind === 'embedded' || kind === 'bind');

describe.each(TESTED)('a member with $kind and 1,000 zones', ({ kind, installed }) => {
  describe.skipIf(!installed)('that is asked 1,000 questions a second', () => {
    let nodes: NodeProcesses;
    let loop: QueryLoop;

    beforeAll(async () => {
      nodes = await NodeProcesses.start({
        count: ZONES,
        members: [kind],
        entry: 'dist/demo/node-main.js',
      });
      await nodes.join();
      const dns = nodes.ask(5_000);
      await untilAllAnswered(dns, nodes.zones, BEFORE.serial, WITHIN).finally(() => dns.close());
      const where = nodes.members[0]?.settings.nameserver ?? { host: '', port: 0 };
      loop = await QueryLoop.start({ ...where, rate: RATE, questions: hostingQuestions(ZONES, [BEFORE, AFTER]) });
    }, 240_000);
    afterAll(async () => {
      loop.kill();
      await nodes.stop();
    });

    test('answers every one, and right, while all zones are synchronized, while all change, and while 1,000 more come', async () => {
      await nodes.call('synchronize', { direction: 'all' });
      await vi.waitFor(async () => {
        expect(await nodes.call('listmembers')).toMatchObject({ member: [{ pending: 0, zonesInSync: ZONES }] });
      }, LONGEST);

      await nodes.call('setclustering', { enabled: '0' });
      const changed = Array.from({ length: ZONES }, (_, i) => hostingZone(i, AFTER.seed, AFTER.serial));
      expect(await nodes.saveAll(changed)).toBe(ZONES);
      await nodes.call('setclustering', { enabled: '1' });
      await nodes.call('synchronize', { direction: 'all' });
      const dns = nodes.ask(5_000);
      await untilAllAnswered(dns, changed, AFTER.serial, WITHIN);

      const more = Array.from({ length: ZONES }, (_, i) => hostingZone(ZONES + i));
      expect(await nodes.saveAll(more)).toBe(ZONES);
      await untilAllAnswered(dns, more, BEFORE.serial, WITHIN).finally(() => dns.close());

      const { asked, answered, seconds, unanswered, wrong, byVersion } = await loop.end();
      expect({ unanswered, wrong }).toEqual({ unanswered: [], wrong: [] });
      expect(answered).toBe(asked);
      expect(asked / seconds).toBeGreaterThan(0.9 * RATE);
      // It saw the zones before and after.
      expect(byVersion).toEqual([expect.any(Number), expect.any(Number)]);
    }, 240_000);
  });
});
