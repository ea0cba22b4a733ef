import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { guardedBackend } from '../../src/members/guarded-backend.js';
import {
  CutOff,
  type CallOptions,
  type MemberBackend,
  type MemberChange,
  type MemberDigests,
  type MemberInfo,
  type Pushed,
} from '../../src/members/member-backend.js';
import type { MemberType } from '../../src/members/member-type.js';
import { BUILT_IN_TYPES, MemberTypes } from '../../src/members/member-types.js';
import { InternetReach } from '../../src/members/reach.js';
import { ownMemberTypes } from '../../src/members/own-member-types.js';
import { zoneName, type ZoneName } from '../../src/zones/zone-name.js';
import { ClusterNode } from '../cluster/cluster-node.js';
import { ROOT, zoneText } from '../cluster/zone-texts.js';
import { HERE } from './here.js';

const EXAMPLE = './examples/member-types/zone-folder.mjs';
const NAME = zoneName('a.example');

let folder: string;
let lines: string[];
const log = pino(
  {},
  new Writable({
    write(line: Buffer, _encoding, done) {
      lines.push(line.toString());
      done();
    },
  }),
);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'member-types-'));
  lines = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const NOTHING = {
  ...{ batch: 1, zoneList: () => [], zones: () => new Map(), zoneExists: () => false, close: () => undefined },
} as unknown as MemberBackend;

/** Every part of the interface: the compiler wants one here that is added to it. */
const PARTS = Object.keys({
  ...{ ownSerials: true, dns: true, digests: true, batch: true, probe: true, zoneList: true, zones: true },
  ...{ zoneExists: true, push: true, requestTrust: true, showVersion: true, followKeys: true, breakOff: true },
  ...{ close: true, free: true },
} satisfies Record<keyof MemberBackend, true>) as (keyof MemberBackend)[];

/** A backend with all of them. Its calls must be made on itself: on another object, `#said` would not be there. */
class Everything implements Required<MemberBackend> {
  readonly #said: string[] = [];
  readonly ownSerials = true;
  readonly dns = { host: '192.0.2.1', port: 53 };
  readonly batch = 7;

  get said(): readonly string[] {
    return this.#said;
  }

  get digests(): MemberDigests {
    return {
      buckets: (home, options) => this.#note('buckets', options, new Map([['00', home]])),
      ofBuckets: (_home, _buckets, options) => this.#note('ofBuckets', options, []),
      knows: (_server, options) => this.#note('knows', options, true),
      ofZones: (_zones, options) => this.#note('ofZones', options, []),
    };
  }

  probe(options?: CallOptions): Promise<MemberInfo> {
    return this.#note('probe', options, { version: '6.6', hostname: 'ns1' });
  }

  zoneList(options?: CallOptions): Promise<ZoneName[]> {
    return this.#note('zoneList', options, [NAME]);
  }

  zones(_names: readonly ZoneName[], options?: CallOptions): Promise<Map<ZoneName, Buffer>> {
    return this.#note('zones', options, new Map<ZoneName, Buffer>());
  }

  zoneExists(_name: ZoneName, options?: CallOptions): Promise<boolean> {
    return this.#note('zoneExists', options, true);
  }

  push(_changes: readonly MemberChange[], options?: CallOptions): Promise<Pushed[]> {
    return this.#note('push', options, []);
  }

  free(_changes: readonly MemberChange[], options?: CallOptions): Promise<void> {
    return this.#note('free', options, undefined);
  }

  requestTrust({ user }: { user: string }, options?: CallOptions): Promise<{ established: boolean; said: string }> {
    return this.#note('requestTrust', options, { established: true, said: user });
  }

  showVersion(options?: CallOptions): Promise<string> {
    return this.#note('showVersion', options, '6.6');
  }

  followKeys(): void {
    this.#said.push('followKeys');
  }

  breakOff(): void {
    this.#said.push('breakOff');
  }

  close(): Promise<void> {
    this.#said.push('close');
    return Promise.resolve();
  }

  /** Each call but the last two is given a signal. */
  #note<T>(call: string, options: CallOptions | undefined, answer: T): Promise<T> {
    if (!(options?.signal instanceof AbortSignal)) return Promise.reject(new Error(`${call} has no signal`));
    this.#said.push(call);
    return Promise.resolve(answer);
  }
}

describe('a member type of the operator’s own', () => {
  test('is loaded from a file, by `memberType` or by the default export', async () => {
    const types = await ownMemberTypes(
      [
        EXAMPLE,
        file('default.cjs', "exports.memberType = { type: 'cjs', label: 'C', fields: [], create() { return {}; } };"),
      ],
      log,
    );
    expect(types.map(({ type, label }) => [type, label])).toEqual([
      ['zone-folder', 'Folder of zone files'],
      ['cjs', 'C'],
    ]);
    expect(lines).toEqual([]);
  });

  test('is found in a folder, beside what is no module', async () => {
    const own = (type: string): string =>
      `export const memberType = { type: '${type}', label: '${type}', fields: [], create() { return {}; } };`;
    for (const type of ['one', 'two']) file(`${type}.mjs`, own(type));
    file('README.md', '# mine');
    expect((await ownMemberTypes([folder], log)).map(({ type }) => type)).toEqual(['one', 'two']);
    expect(lines).toEqual([]);
  });

  test.each([
    ['missing.mjs', undefined, /missing\.mjs/],
    ['syntax.mjs', 'export const = 5', /Unexpected token/],
    ['nothing.mjs', 'export const other = 5', /memberType/],
    ['name.mjs', "export const memberType = { type: 'A b', label: 'x', fields: [], create() {} }", /memberType\.type/],
    ['taken.mjs', "export const memberType = { type: 'cpanel', label: 'x', fields: [], create() {} }", /built-in type/],
    [
      'create.mjs',
      "export const memberType = { type: 'x', label: 'x', fields: [] }",
      /memberType\.create: is no function/,
    ],
    [
      'field.mjs',
      "export const memberType = { type: 'x', label: 'x', fields: [{ name: 'role', label: 'R', type: 'text' }], create() {} }",
      /memberType\.fields\.0: has a name that is taken/,
    ],
    [
      'kind.mjs',
      "export const memberType = { type: 'x', label: 'x', fields: [{ name: 'a', label: 'R', type: 'date' }], create() {} }",
      /memberType\.fields\.0\.type/,
    ],
  ])('%s is left out, and the log says why; the others are there', async (name, text, why) => {
    const path = text === undefined ? join(folder, name) : file(name, text);
    const types = await ownMemberTypes([path, EXAMPLE], log);
    expect(types.map(({ type }) => type)).toEqual(['zone-folder']);
    expect(lines).toHaveLength(1);
    expect((JSON.parse(lines[0] ?? '') as { error: string }).error).toMatch(why);
  });

  test('takes the place of a built-in one of its name', () => {
    const own = { type: 'softlayer', label: 'Ours', fields: [], create: () => NOTHING } satisfies MemberType;
    const types = new MemberTypes([own, ...BUILT_IN_TYPES], HERE);
    expect(types.get('softlayer')?.label).toBe('Ours');
    expect(
      types
        .list()
        .map(({ type }) => type)
        .sort(),
    ).toEqual(['cpanel', 'powerdns-api', 'softlayer', 'vpsnet']);
  });

  test('gets zones, their edits and removals as any member does: the example', async () => {
    const web = await ClusterNode.start('web');
    try {
      await web.stop();
      web.memberTypes = await ownMemberTypes([EXAMPLE], log);
      await web.start();
      const zones = join(folder, 'zones');
      const { id } = await web.cluster.members.add(
        { type: 'zone-folder', role: 'write-only', values: { folder: zones } },
        ROOT,
      );
      const held = (name = 'a.example'): string => readFileSync(join(zones, `${name}.zone`), 'utf8');
      const reverse = zoneName('0/26.2.0.192.in-addr.arpa');
      await web.cluster.saveZone(NAME, zoneText(5), ROOT);
      await web.cluster.saveZone(reverse, zoneText(7), ROOT);
      expect(held()).toBe(zoneText(5).toString());
      expect(held('0+26.2.0.192.in-addr.arpa')).toBe(zoneText(7).toString());
      await web.cluster.saveZone(NAME, zoneText(6, '192.0.2.9'), ROOT);
      expect(held()).toContain('192.0.2.9');
      await web.cluster.removeZone(NAME, ROOT);
      expect(existsSync(join(zones, 'a.example.zone'))).toBe(false);
      // A member whose type is gone stays, fails, and says why.
      await web.stop();
      web.memberTypes = [];
      await web.start();
      expect(web.cluster.members.list(ROOT)).toMatchObject([{ id, type: 'zone-folder' }]);
      const { members } = await web.cluster.saveZone(NAME, zoneText(8), ROOT);
      expect(members).toMatchObject([{ reason: expect.stringContaining('zone-folder') as string }]);
    } finally {
      await web.end();
    }
  });

  test('is root’s alone where it does not say that it goes only where resellers may', async () => {
    const types = new MemberTypes([...BUILT_IN_TYPES, ...(await ownMemberTypes([EXAMPLE], log))], HERE);
    const ann = { user: 'ann', kind: 'reseller', privileges: ['clustering'], via: { self: true } } as const;
    expect(types.listFor(ROOT).map(({ type }) => type)).toContain('zone-folder');
    expect(types.listFor(ann).map(({ type }) => type)).toEqual(BUILT_IN_TYPES.map(({ type }) => type));
    const reach = new InternetReach(() => []);
    expect(() => types.create('zone-folder', { folder }, { reach })).toThrow(/Only root can add a member/);
    expect(() => types.create('softlayer', { user: 'a', key: 'b' }, { reach })).not.toThrow();
  });

  test('is open to resellers where it says so', async () => {
    const own = (more: string): string =>
      `export const memberType = { type: 'open', label: 'Open', fields: [], create() { return {}; } ${more} };`;
    const [open, closed] = [file('open.mjs', own(', resellers: true')), file('closed.mjs', own(', resellers: 1'))];
    expect((await ownMemberTypes([open, closed], log)).map(({ resellers }) => resellers === true)).toEqual([
      true,
      false,
    ]);
  });

  test('that makes no sense is refused when it is added, with the sentence of the type', async () => {
    const types = new MemberTypes(await ownMemberTypes([EXAMPLE], log), HERE);
    expect(() => types.create('zone-folder', types.check('zone-folder', { folder: 'relative' }))).toThrow(
      /"relative" is not a whole path/,
    );
    const denied = types.create('zone-folder', { folder: file('a-file', '') });
    await expect(denied.probe()).rejects.toMatchObject({
      failure: 'refused',
      message: expect.stringContaining('can not be made') as string,
    });
  });
});

describe('a backend of somebody else', () => {
  const change = (name: string): MemberChange => ({ kind: 'remove', name: zoneName(name) });
  const guarded = (own: Partial<Record<keyof MemberBackend, unknown>>): MemberBackend =>
    guardedBackend({ ...NOTHING, ...own } as MemberBackend, 'Own');

  test('that throws anything is a member that can’t be reached, with what was thrown', async () => {
    const thrower = guarded({
      probe: () => {
        throw new TypeError('x is not a function');
      },
      zoneList: () => Promise.reject(Object.assign(new Error('no such key'), { failure: 'refused' })),
    });
    await expect(thrower.probe()).rejects.toMatchObject({
      failure: 'unreachable',
      message: 'Own: x is not a function',
    });
    await expect(thrower.zoneList()).rejects.toMatchObject({ failure: 'refused', message: 'Own: no such key' });
  });

  test.each([[undefined], [[]], ['done'], [[{ name: 'b.example', outcome: 'done' }]]])(
    'that answers a push with %j has each zone that it leaves out refused, in its place',
    async (answer) => {
      const outcomes = await guarded({ push: () => Promise.resolve(answer) }).push([
        change('a.example'),
        change('b.example'),
      ]);
      expect(outcomes.map(({ name }) => name)).toEqual(['a.example', 'b.example']);
      expect(outcomes[0]).toMatchObject({ outcome: 'refused', reason: 'Own gave no result for a.example.' });
      expect(outcomes[1]?.outcome).toBe(Array.isArray(answer) && answer.length > 0 ? 'done' : 'refused');
    },
  );

  test('that heeds no signal and never answers is waited for no longer than the signal says', async () => {
    const never = (): Promise<never> => new Promise(() => undefined);
    const all = guarded({ probe: never, zoneList: never, zones: never, zoneExists: never, push: never });
    const ending = new AbortController();
    const options = { signal: ending.signal };
    const a = zoneName('a.example');
    const calls = [
      ...[all.probe(options), all.zoneList(options), all.zones([a], options), all.zoneExists(a, options)],
      all.push([change('a.example')], options),
    ];
    ending.abort(new CutOff());
    for (const { status, ...how } of await Promise.allSettled(calls)) {
      expect([status, how]).toEqual(['rejected', { reason: expect.any(CutOff) as CutOff }]);
    }
  });

  test('keeps every part of the interface that it has, and gets no other', async () => {
    const own = new Everything();
    const whole = guardedBackend(own, 'Own');
    for (const part of PARTS) expect([part, whole[part] === undefined]).toEqual([part, false]);
    expect([whole.ownSerials, whole.dns, whole.batch]).toEqual([own.ownSerials, own.dns, own.batch]);
    const options = { signal: new AbortController().signal };
    const request = { user: 'u', address: 'a', token: 't' };
    await whole.free?.([{ kind: 'remove', name: NAME, isKept: true }], options);
    expect(await whole.requestTrust?.(request, options)).toEqual({ established: true, said: 'u' });
    expect(await whole.showVersion?.(options)).toBe('6.6');
    expect(await whole.digests?.buckets('h', options)).toEqual(new Map([['00', 'h']]));
    expect(await whole.digests?.ofBuckets('h', ['00'], options)).toEqual([]);
    expect(await whole.digests?.knows('h', options)).toBe(true);
    expect(await whole.digests?.ofZones([NAME], options)).toEqual([]);
    whole.followKeys?.(() => Promise.resolve());
    whole.breakOff?.();
    await whole.close();
    const asked = ['free', 'requestTrust', 'showVersion', 'buckets', 'ofBuckets', 'knows', 'ofZones'];
    expect(own.said).toEqual([...asked, 'followKeys', 'breakOff', 'close']);
    const least = guarded({});
    const optional = ['digests', 'dns', 'free', 'requestTrust', 'showVersion', 'followKeys', 'breakOff'] as const;
    expect(optional.map((part) => least[part])).toEqual(optional.map(() => undefined));
  });

  test('that fails in an optional part is a member that can’t be reached, and stops nothing', async () => {
    const fail = (): never => {
      throw new Error('gone');
    };
    const failing = guarded({
      ...{ free: fail, requestTrust: fail, showVersion: fail, breakOff: fail },
      digests: { buckets: fail, ofBuckets: fail, knows: fail, ofZones: fail },
    });
    failing.breakOff?.();
    const calls = [
      ...[failing.free?.([]), failing.showVersion?.(), failing.requestTrust?.({ user: 'u', address: 'a', token: 't' })],
      ...[
        failing.digests?.buckets('h'),
        failing.digests?.ofBuckets('h', []),
        failing.digests?.knows('h'),
        failing.digests?.ofZones([]),
      ],
    ];
    for (const call of calls)
      await expect(call).rejects.toMatchObject({ failure: 'unreachable', message: 'Own: gone' });
  });

  test('that does not end its connections keeps nobody who stops this server', async () => {
    await expect(guarded({ close: () => new Promise(() => undefined) }).close()).rejects.toThrow('within 2 s');
  });

  test.each([[0], [-1], [NaN], [2.7], [undefined]])('with a batch of %j takes at least one zone', (batch) => {
    expect(guarded({ batch }).batch).toBe(batch === 2.7 ? 2 : 1);
  });
});

describe('the values of a member type’s form', () => {
  const types = new MemberTypes(
    [
      {
        ...{ type: 'all', label: 'All', create: () => NOTHING },
        fields: [
          { name: 'one', label: 'One', type: 'text' },
          { name: 'long', label: 'Long', type: 'bigtext', default: '' },
          { name: 'on', label: 'On', type: 'binary' },
          {
            name: 'pick',
            label: 'Pick',
            type: 'radio',
            default: 'a',
            options: [
              { value: 'a', label: 'A' },
              { value: 'b', label: 'B' },
            ],
          },
          { name: 'at', label: 'At', type: 'ip', default: '192.0.2.1' },
          { name: 'key', label: 'Key', type: 'text', default: '', secret: true },
        ],
      },
    ],
    HERE,
  );
  const USUAL = { one: 'x', long: '', on: '0', pick: 'a', at: '192.0.2.1', key: '' };

  test('are filled up with what is usual, and hold nothing else', () => {
    expect(types.check('all', { one: ' x ', other: 'y', constructor: 'z' })).toEqual(USUAL);
  });

  test.each([
    [{ long: 'a\nb\n' }, { long: 'a\nb\n' }],
    [{ on: '1' }, { on: '1' }],
    [{ at: '2001:db8::1' }, { at: '2001:db8::1' }],
    [{ pick: 'b' }, { pick: 'b' }],
  ])('%j is taken', (given, taken) => {
    expect(types.check('all', { one: 'x', ...given })).toEqual({ ...USUAL, ...taken });
  });

  test.each([
    [{ one: '' }, 'One is needed'],
    [{ one: 'a\nb' }, 'One must be one line of text'],
    [{ one: 'x'.repeat(5_000) }, 'One must be one line of text'],
    [{ one: 'x', on: 'yes' }, 'On must be 0 or 1'],
    [{ one: 'x', pick: 'c' }, 'Pick must be one of its options'],
    [{ one: 'x', at: 'ns1' }, 'At must be an IP address'],
  ])('%j is refused: %s', (given, sentence) => {
    expect(() => types.check('all', given)).toThrow(sentence);
  });

  test('are shown without what is secret', () => {
    const values = types.check('all', { one: 'x', key: 'SECRET' });
    expect(values['key']).toBe('SECRET');
    expect(JSON.stringify(types.shown('all', values))).not.toMatch(/SECRET|key/);
  });
});
