import { utimes } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RCODE } from '../../../src/dns/messages/message.js';
import { TYPE } from '../../../src/dns/types.js';
import { removal } from '../bind-zones.js';
import { CANDIDATES } from './candidates.js';
import { ServerUnderTest } from './server-under-test.js';

const ADDRESS = (last: number): string => String.fromCharCode(192, 0, 2, last);

describe.each(CANDIDATES)('$kind follows single changes', (candidate) => {
  describe.skipIf(!candidate.installed)('over DNS', () => {
    let of: ServerUnderTest;

    beforeAll(async () => {
      of = await ServerUnderTest.start(candidate);
    });
    afterAll(() => of.end());

    test('a new zone is served, changed and removed, each seen over DNS before it is said', async () => {
      expect(await of.apply(await of.zones.upsert('a.example', 1))).toEqual([
        { name: 'a.example', outcome: 'served', serial: 1 },
      ]);
      expect((await of.ask('a.example', TYPE.A)).aa).toBe(true);
      const changed = await of.zones.upsert('a.example', 2, 'www A 192.0.2.7\n');
      expect(await of.apply(changed)).toEqual([{ name: 'a.example', outcome: 'served', serial: 2 }]);
      expect((await of.ask('www.a.example', TYPE.A)).answer).toHaveLength(1);
      expect(await of.apply(removal('a.example'))).toEqual([{ name: 'a.example', outcome: 'served' }]);
      expect((await of.ask('www.a.example', TYPE.A)).aa).toBe(false);
      expect(await of.serial('a.example')).toBeUndefined();
    });

    test('a zone comes back after its removal, and again, also below the serial that it had', async () => {
      for (const serial of [7, 8, 3]) {
        expect(await of.outcomes(await of.zones.upsert('again.example', serial))).toEqual(['served']);
        expect(await of.serial('again.example')).toBe(serial);
        expect(await of.outcomes(removal('again.example'))).toEqual(['served']);
      }
    });

    test('a serial that goes backwards is served as the file says, and its records with it', async () => {
      await of.apply(await of.zones.upsert('back.example', 20, 'www A 192.0.2.20\n'));
      const lower = await of.zones.upsert('back.example', 10, 'www A 192.0.2.10\n');
      expect(await of.apply(lower)).toEqual([{ name: 'back.example', outcome: 'served', serial: 10 }]);
      expect((await of.ask('www.back.example', TYPE.A)).answer.map(({ rdata }) => rdata)).toEqual([ADDRESS(10)]);
    });

    test('a previous version that is put back with its old time is served again', async () => {
      await of.apply(await of.zones.upsert('put.example', 20));
      const lower = await of.zones.upsert('put.example', 19);
      await utimes(lower.file, new Date(2020, 1), new Date(2020, 1));
      expect(await of.apply(lower)).toEqual([{ name: 'put.example', outcome: 'served', serial: 19 }]);
    });

    test('a serial wraps from its largest value to a small one', async () => {
      for (const serial of [4_294_967_295, 1, 2]) {
        expect(await of.apply(await of.zones.upsert('wrap.example', serial))).toMatchObject([
          { outcome: 'served', serial },
        ]);
      }
    });

    test('versions within one tick of the file system clock are all served', async () => {
      const time = new Date();
      for (const serial of [1, 2, 3]) {
        const change = await of.zones.upsert('tick.example', serial);
        await utimes(change.file, time, time);
        expect(await of.apply(change)).toMatchObject([{ outcome: 'served', serial }]);
      }
    });

    test('of several changes of one zone in one batch the last counts', async () => {
      const changes = [await of.zones.upsert('twice.example', 1), await of.zones.upsert('twice.example', 2)];
      const applied = await of.apply(...changes, removal('twice.example'));
      expect(applied[2]).toEqual({ name: 'twice.example', outcome: 'served' });
      expect(await of.serial('twice.example')).toBeUndefined();
      expect((await of.apply(...changes)).map(({ serial }) => serial)).toEqual([2, 2]);
    });

    test('nothing to do, and a zone to drop that was never there, are both fine', async () => {
      expect(await of.apply()).toEqual([]);
      expect(await of.apply(removal('never.example'))).toEqual([{ name: 'never.example', outcome: 'served' }]);
    });

    test('whether a zone is new is found out, whatever the caller believes', async () => {
      const known = { ...(await of.zones.upsert('hint.example', 1)), isNew: false };
      expect(await of.outcomes(known)).toEqual(['served']);
      expect(await of.outcomes({ ...(await of.zones.upsert('hint.example', 2)), isNew: true })).toEqual(['served']);
    });

    test.each([
      ['of RFC 2317', '0/26.2.0.192.in-addr.arpa'],
      ['with underscores', '_tcp._udp.example'],
      ['with labels of 63 octets', `${'l'.repeat(63)}.${'m'.repeat(63)}.${'n'.repeat(63)}.example`],
      ['of one label', 'corp'],
      ['of punycode', 'xn--bcher-kva.example'],
    ])('a name %s is served, changed and removed', async (_, name) => {
      for (const serial of [1, 2]) expect(await of.outcomes(await of.zones.upsert(name, serial))).toEqual(['served']);
      expect(await of.serial(name)).toBe(2);
      expect(await of.outcomes(removal(name))).toEqual(['served']);
      expect(await of.serial(name)).toBeUndefined();
    });

    test('a zone below another is served for itself, and what the upper one says of it counts when it is gone', async () => {
      const upper = await of.zones.upsert('upper.example', 1, 'sub A 192.0.2.50\n*.wild A 192.0.2.51\n');
      const lower = await of.zones.upsert('sub.upper.example', 5, 'x A 192.0.2.60\n');
      const wild = await of.zones.upsert('in.wild.upper.example', 6);
      expect(await of.outcomes(lower, upper, wild)).toEqual(['served']);
      expect((await of.ask('x.sub.upper.example', TYPE.A)).answer).toHaveLength(1);
      expect(await of.outcomes(removal('sub.upper.example'), removal('in.wild.upper.example'))).toEqual(['served']);
      expect((await of.ask('x.sub.upper.example', TYPE.A)).rcode).toBe(RCODE.NXDOMAIN);
      expect((await of.ask('sub.upper.example', TYPE.A)).answer.map(({ rdata }) => rdata)).toEqual([ADDRESS(50)]);
    });

    test('what was answered before is not remembered beyond a change', async () => {
      const www = async (): Promise<string[]> =>
        (await of.ask('www.cache.example', TYPE.A)).answer.map(({ rdata }) => rdata);
      expect(await www()).toEqual([]);
      for (let serial = 1; serial <= 20; serial++) {
        const records = serial % 2 === 0 ? '' : `www A 192.0.2.${serial}\n`;
        expect(await of.outcomes(await of.zones.upsert('cache.example', serial, records))).toEqual(['served']);
        expect(await www()).toEqual(records === '' ? [] : [ADDRESS(serial)]);
      }
      await of.apply(removal('cache.example'));
      expect((await of.ask('www.cache.example', TYPE.A)).aa).toBe(false);
    });

    test('changes that come at the same time are all served', async () => {
      const changes = await of.zones.upserts(40, 1, '', 'parallel');
      const applied = await Promise.all(changes.map((change) => of.apply(change)));
      expect(new Set(applied.flat().map(({ outcome }) => outcome))).toEqual(new Set(['served']));
      expect(await of.serials(changes.map(({ name }) => name))).toEqual(changes.map(() => 1));
    });
  });
});
