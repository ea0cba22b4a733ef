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

  test('is readable by its user only, and so is its previous version, after every write', async () => {
    const state = await open();
    for (const name of ['a', 'b', 'c']) {
      await add(state, name);
      for (const entry of readdirSync(folder)) expect(statSync(join(folder, entry)).mode & 0o777, entry).toBe(0o600);
    }
    expect(readdirSync(folder).sort()).toEqual(['state.json', 'state.json.bak']);
  });

  test('keeps its previous version beside it', async () => {
    const state = await open();
    await add(state, 'a');
    await add(state, 'b');
    expect(JSON.parse(readFileSync(`${file}.bak`, 'utf8'))).toEqual({ names: ['a'] });
  });

  test.each([
    ['empty', ''],
    ['cut in the middle', '{ "names": ["a", "'],
    ['of another shape', '{ "names": "a" }'],
  ])('that is %s is set aside, and its previous version is used from then on', async (_, content) => {
    const state = await open();
    await add(state, 'a');
    await add(state, 'b');
    writeFileSync(file, content);
    expect(await reopened()).toEqual(['a']);
    expect(readdirSync(folder).some((entry) => entry.startsWith('state.json.damaged-'))).toBe(true);
    // Nothing was written in between: the second start must find what the first one found.
    expect(await reopened()).toEqual(['a']);
    await add(await open(), 'c');
    expect(await reopened()).toEqual(['a', 'c']);
  });

  test('that is missing is replaced by its previous version', async () => {
    const state = await open();
    await add(state, 'a');
    await add(state, 'b');
    rmSync(file);
    expect(await reopened()).toEqual(['a']);
  });

  test('of which both versions are damaged begins anew, and both are kept for people to look at', async () => {
    const state = await open();
    await add(state, 'a');
    await add(state, 'b');
    writeFileSync(file, 'x');
    writeFileSync(`${file}.bak`, 'y');
    expect(await reopened()).toEqual([]);
    expect(readdirSync(folder).filter((entry) => /damaged|bak/.test(entry))).toHaveLength(2);
  });

  test('loses what a killed writer left half written beside it', async () => {
    writeFileSync(join(folder, 'state.json.0123456789ab.tmp'), 'half');
    await add(await open(), 'a');
    expect(readdirSync(folder)).toEqual(['state.json']);
  });
});

describe.skipIf(!mayMount())('on a full disk', () => {
  test('an update is refused, state and previous version stay, and it works when there is room', async () => {
    const disk = SmallDisk.mount(256 * 1024);
    try {
      file = join(disk.folder, 'state.json');
      const state = await open();
      await add(state, 'a');
      await add(state, 'b');
      disk.fill();
      await expect(add(state, 'c')).rejects.toThrow(/refused the change of state\.json \(ENOSPC.*nothing was changed/);
      expect(readdirSync(disk.folder).sort()).toEqual(['ballast', 'state.json', 'state.json.bak']);
      expect(JSON.parse(readFileSync(`${file}.bak`, 'utf8'))).toEqual({ names: ['a'] });
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
