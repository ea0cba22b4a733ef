import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { JsonState } from '../../src/state/json-state.js';
import { mayMount, SmallDisk } from '../small-disk.js';

const schema = z.object({ names: z.array(z.string()) });
type State = z.infer<typeof schema>;

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'json-state-'));
  file = join(folder, 'state.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function open(): Promise<JsonState<State>> {
  return JsonState.open(file, { schema, defaults: () => ({ names: [] }) });
}

async function add(state: JsonState<State>, name: string): Promise<void> {
  await state.update((draft) => {
    draft.names.push(name);
  });
}

/** What another process would read: lowdb's own presets keep nothing where NODE_ENV is "test", as it is here. */
async function reopened(): Promise<readonly string[]> {
  const state = await open();
  await state.close();
  return state.data.names;
}

test.each(['__proto__', 'constructor', 'toString'])(
  '%s in a state file is a name like any other, or none',
  async (trap) => {
    const member = z.object({ name: z.string(), values: z.record(z.string(), z.string()) });
    const members = z.object({ members: z.array(member) });
    writeFileSync(
      file,
      `{"${trap}":{"polluted":"x"},"members":[{"name":"${trap}","values":{"${trap}":"x","a":"b"},"${trap}":{"polluted":"x"}}]}`,
    );
    const state = await JsonState.open(file, { schema: members, defaults: () => ({ members: [] }) });
    await state.update((draft) => {
      const [first] = draft.members;
      if (first !== undefined) first.values[trap] = 'y';
    });
    expect(state.data.members).toMatchObject([{ name: trap, values: { a: 'b' } }]);
    expect(Object.getPrototypeOf(state.data.members[0])).toBe(Object.prototype);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(typeof Object.prototype.toString).toBe('function');
  },
);

describe('a state file', () => {
  test('is on disk when an update resolves, in the test environment, too', async () => {
    expect(process.env['NODE_ENV']).toBe('test');
    const state = await open();
    await add(state, 'a');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ names: ['a'] });
  });

  test('is readable by its user only, and so are its copy and the record, after every write', async () => {
    const state = await open();
    for (const name of ['a', 'b', 'c']) {
      await add(state, name);
      for (const entry of readdirSync(folder)) expect(statSync(join(folder, entry)).mode & 0o777, entry).toBe(0o600);
    }
    expect(readdirSync(folder).sort()).toEqual(['state-record', 'state.json', 'state.json.bak']);
  });

  test('keeps a copy of the same version beside it, also after a start that found an older one', async () => {
    const state = await open();
    await add(state, 'a');
    await add(state, 'b');
    expect(readFileSync(`${file}.bak`)).toEqual(readFileSync(file));
    writeFileSync(`${file}.bak`, '{ "names": ["a"] }');
    await reopened();
    expect(readFileSync(`${file}.bak`)).toEqual(readFileSync(file));
  });

  const DAMAGES: [string, (path: string) => void][] = [
    ['empty', (path) => writeFileSync(path, '')],
    ['cut in the middle', (path) => writeFileSync(path, '{ "names": ["a", "')],
    ['of another shape', (path) => writeFileSync(path, '{ "names": "a" }')],
    ['missing', (path) => rmSync(path)],
  ];

  test.each(DAMAGES)('that is %s loses nothing: its copy takes its place, and that is said', async (_, damage) => {
    const state = await open();
    await add(state, 'a');
    await add(state, 'b');
    damage(file);
    const found = await open();
    expect([found.data.names, found.loss]).toEqual([['a', 'b'], { file, lost: false }]);
    await add(found, 'c');
    const next = await open();
    expect([next.data.names, next.loss]).toEqual([['a', 'b', 'c'], undefined]);
  });

  test.each(DAMAGES)('whose copy is %s has another one after the next start', async (_, damage) => {
    await add(await open(), 'a');
    damage(`${file}.bak`);
    expect(await reopened()).toEqual(['a']);
    expect(readFileSync(`${file}.bak`)).toEqual(readFileSync(file));
  });

  test.each(DAMAGES)('that is %s like its copy is never taken for none: changes are refused', async (_, damage) => {
    await add(await open(), 'a');
    damage(file);
    damage(`${file}.bak`);
    for (const _start of [1, 2]) {
      const found = await open();
      expect([found.data.names, found.loss]).toEqual([[], { file, lost: true }]);
      await expect(add(found, 'b')).rejects.toMatchObject({ code: 'state_lost', status: 503 });
    }
    expect(readdirSync(folder).filter((entry) => entry === 'state.json')).toEqual([]);
  });

  test('that never was is empty, and no loss', async () => {
    const state = await open();
    expect([state.data.names, state.loss]).toEqual([[], undefined]);
  });

  test('never gets back what has ended, by whatever old file somebody puts there', async () => {
    const ending = {
      ids: ({ names }: State) => names,
      without: ({ names }: State, hasEnded: (id: string) => boolean) => ({
        names: names.filter((name) => !hasEnded(name)),
      }),
    };
    const begin = (): Promise<JsonState<State>> =>
      JsonState.open(file, { schema, defaults: () => ({ names: [] }), ending });
    const state = await begin();
    for (const name of ['a', 'b']) await add(state, name);
    const old = readFileSync(file);
    await state.update((draft) => {
      draft.names = ['b'];
    });
    for (const path of [file, `${file}.bak`]) writeFileSync(path, old);
    const found = await begin();
    expect(found.data.names).toEqual(['b']);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ names: ['b'] });
    // What is made again by a person is there again.
    await add(found, 'a');
    expect((await begin()).data.names).toEqual(['b', 'a']);
  });

  test('loses what a killed writer left half written beside it', async () => {
    writeFileSync(join(folder, 'state.json.0123456789ab.tmp'), 'half');
    await add(await open(), 'a');
    expect(readdirSync(folder).sort()).toEqual(['state-record', 'state.json', 'state.json.bak']);
  });
});

describe.skipIf(!mayMount())('on a full disk', () => {
  test('an update is refused, the file and its copy stay, and it works when there is room', async () => {
    const disk = SmallDisk.mount(256 * 1024);
    try {
      file = join(disk.folder, 'state.json');
      const state = await open();
      await add(state, 'a');
      await add(state, 'b');
      disk.fill();
      await expect(add(state, 'c')).rejects.toThrow(/refused the change of state\.json \(ENOSPC.*nothing was changed/);
      expect(readdirSync(disk.folder).sort()).toEqual(['ballast', 'state-record', 'state.json', 'state.json.bak']);
      for (const path of [file, `${file}.bak`])
        expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ names: ['a', 'b'] });
      disk.empty();
      await add(state, 'd');
      expect(await reopened()).toEqual(['a', 'b', 'd']);
    } finally {
      disk.unmount();
    }
  });
});

describe('an update', () => {
  test('that throws changes nothing, in memory and on disk, and the next one works', async () => {
    const state = await open();
    await add(state, 'a');
    const before = readFileSync(file);
    await expect(
      state.update((draft) => {
        draft.names.push('half');
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(state.data.names).toEqual(['a']);
    expect(readFileSync(file)).toEqual(before);
    await add(state, 'b');
    expect(state.data.names).toEqual(['a', 'b']);
  });

  test('that the disk refuses changes nothing, and the next one works', async () => {
    const state = await open();
    await add(state, 'a');
    rmSync(folder, { recursive: true });
    await expect(add(state, 'b')).rejects.toMatchObject({ code: 'state_not_written', status: 507 });
    expect(state.data.names).toEqual(['a']);
  });

  test('goes after those before it, each on what the former left, and close waits for all', async () => {
    const state = await open();
    const wanted = Array.from({ length: 30 }, (_, i) => String(i));
    const updates = wanted.map((name) => add(state, name));
    await state.close();
    expect(await reopened()).toEqual(wanted);
    await Promise.all(updates);
  });

  test('shows nothing before it is on disk', async () => {
    const state = await open();
    const update = add(state, 'a');
    expect(state.data.names).toEqual([]);
    await update;
    expect(state.data.names).toEqual(['a']);
  });
});
