import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { NAMESERVER_KINDS } from '../../src/nameservers/nameserver-settings.js';
import { circles, importsOf, type Arrow } from './imports.js';
import { optionsTypes } from './options.js';

/** The rooms of docs/architecture.md from the top down; a file may import from its own room and from rooms below. */
const FLOORS = [
  ['demo'],
  ['cli'],
  ['panel'],
  ['plugin'],
  ['web'],
  ['presentation'],
  ['cluster'],
  ['members', 'nameservers'],
  ['wire-format'],
  ['zones'],
  ['dns'],
  ['access', 'notifications', 'backup'],
  ['host'],
  ['state'],
  ['operations'],
  ['errors'],
];

/**
 * One direction inside rooms: a file may import from its own sub-room and from those on floors further down. Files at a
 * room's root wire its parts together and import them all; the named ones lie at its foot instead, and every sub-room
 * may import them.
 */
const INSIDE: Readonly<Record<string, { floors: readonly (readonly string[])[]; foot?: readonly string[] }>> = {
  cluster: { floors: [['drift'], ['changes', 'members'], ['delivery'], ['health', 'local'], ['model']] },
  cli: {
    floors: [
      ['drift', 'join'],
      ['doctor', 'logs', 'zones'],
      ['adopt', 'completion', 'man', 'members', 'tokens'],
      ['service'],
      ['terminal'],
    ],
    foot: ['status-answer.ts'],
  },
  web: {
    floors: [
      ['pages', 'whm-api', 'wire'],
      ['requests', 'listening'],
    ],
    foot: ['page-app.ts', 'failure-counts.ts', 'user-removal.ts'],
  },
  nameservers: {
    floors: [NAMESERVER_KINDS, ['configured'], ['controlled']],
    foot: ['nameserver.ts', 'server-kind.ts'],
  },
};

function roomOf(file: string): string {
  return (file.split('/')[1] ?? '').replace(/\.ts$/, '');
}

/** The folder inside its room that a file lies in; undefined for a file at the room's root. */
function subRoomOf(file: string): string | undefined {
  const parts = file.split('/');
  return parts.length > 3 ? parts[2] : undefined;
}

function floorOf(room: string): number {
  const floor = FLOORS.findIndex((rooms) => rooms.includes(room));
  if (floor < 0) throw new Error(`src/${room} is on no floor: place it, and describe it in docs/architecture.md`);
  return floor;
}

/** Does an import inside a room point up, or beside its own sub-room? */
function pointsUpInside({ from, to }: Arrow): boolean {
  const inside = INSIDE[roomOf(from)];
  const [above, below] = [subRoomOf(from), subRoomOf(to)];
  if (inside === undefined || roomOf(from) !== roomOf(to) || above === undefined || above === below) return false;
  if (below === undefined) return !(inside.foot ?? []).some((name) => name === '*' || to.endsWith(`/${name}`));
  const floor = (room: string): number => {
    const found = inside.floors.findIndex((rooms) => rooms.includes(room));
    if (found < 0) throw new Error(`src/${roomOf(from)}/${room} has no place: add it to INSIDE`);
    return found;
  };
  return floor(above) >= floor(below);
}

const tracked = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '');
const sources = tracked.filter((file) => /^src\/.*\.ts$/.test(file));
const text = new Map(sources.map((file) => [file, readFileSync(file, 'utf8')]));
const arrows = importsOf(text);

describe('the structure of the source', () => {
  test('imports point downwards only', () => {
    const upward = arrows.filter(
      ({ from, to }) => roomOf(from) !== roomOf(to) && floorOf(roomOf(from)) >= floorOf(roomOf(to)),
    );
    expect(upward).toEqual([]);
  });

  test('imports point downwards inside rooms, too', () => {
    expect(arrows.filter(pointsUpInside)).toEqual([]);
  });

  test('no files import each other in a circle, types included', () => {
    expect(circles(arrows)).toEqual([]);
  });

  test('a circle is seen: this test would fail', () => {
    const circle = new Map([
      ['src/a.ts', "import type { B } from './b/c.js';"],
      ['src/b/c.ts', "export * from '../d.js';"],
      ['src/d.ts', "const a = await import('./a.js');"],
      ['src/e.ts', "import './a.js';"],
    ]);
    expect(circles(importsOf(circle)).map((files) => files.sort())).toEqual([['src/a.ts', 'src/b/c.ts', 'src/d.ts']]);
  });

  test('at most 20 files lie directly in a folder', () => {
    const inFolder = (folder: string): string[] => sources.filter((file) => dirname(file) === folder);
    expect([...new Set(sources.map(dirname))].filter((folder) => inFolder(folder).length > 20)).toEqual([]);
  });

  test('no file grows beyond 300 lines', () => {
    const long = [...text].map(([file, content]) => [file, content.split('\n').length] as const);
    expect(long.filter(([, lines]) => lines > 300)).toEqual([]);
  });

  test('no comment is wider than 120 columns, which prettier does not see to', () => {
    const wide = [...text].flatMap(([file, content]) =>
      content
        .split('\n')
        .filter((line) => line.length > 120 && /^\s*(\*|\/[/*])|;\s*\/\/ /.test(line))
        .map((line) => [file, line.trim()]),
    );
    expect(wide).toEqual([]);
  });

  test('no options have more than 8 fields: what is more has roles, or belongs to one who knows it', () => {
    const options = optionsTypes(text);
    expect(options.length).toBeGreaterThan(50);
    expect(options.filter(({ fields }) => fields > 8)).toEqual([]);
  });

  test('options of more than 8 fields are seen: this test would fail', () => {
    const fields = (count: number): string =>
      Array.from({ length: count }, (_, i) => `f${i}?: () => string;`).join(' ');
    const wide = new Map([
      ['src/a.ts', `export interface WorkerOptions { ${fields(9)} }\ninterface Others { ${fields(12)} }`],
      ['src/b.ts', `interface Parts { ${fields(8)} }\ntype Options = { ${fields(5)} } & { ${fields(4)} };`],
      ['src/c.ts', `class C { constructor(private readonly options: { ${fields(10)} }) {} }`],
    ]);
    const found = optionsTypes(wide).map(({ file, name, fields }) => [file, name, fields]);
    expect(found).toEqual([
      ['src/a.ts', 'WorkerOptions', 9],
      ['src/b.ts', 'Parts', 8],
      ['src/b.ts', 'Options', 9],
      ['src/c.ts', 'options', 10],
    ]);
  });

  test('no file has a name that says nothing', () => {
    expect(tracked.filter((file) => /(^|\/)(utils?|helpers?|misc|common|manager)(\.ts|\/)/.test(file))).toEqual([]);
  });

  test('whether a member is a server is asked of the model, and of no name of a type', () => {
    const comparing =
      /[!=]==\s*(CPANEL\b|['"]cpanel['"])|(\bCPANEL|['"]cpanel['"])\s*[!=]==|\binstanceof CpanelMember\b/;
    const asking = [...text].filter(([, content]) => comparing.test(content)).map(([file]) => file);
    expect(asking.filter((file) => !/^src\/(members|cluster\/model)\//.test(file))).toEqual([]);
    expect(asking).toContain('src/cluster/model/member.ts');
  });

  test('programs of tests that load what is built name files that are built from a source', () => {
    const naming = tracked.filter((file) => /^(test|bench)\/.*\.m?[jt]s$/.test(file));
    const built = naming.flatMap((file) => readFileSync(file, 'utf8').match(/\bdist\/[a-z/-]+\.js\b/g) ?? []);
    const unbuilt = built.filter((file) => !text.has(file.replace(/^dist\/(.*)\.js$/, 'src/$1.ts')));
    expect(built.length).toBeGreaterThan(10);
    expect(unbuilt).toEqual([]);
  });

  test('every room and sub-room is described in docs/architecture.md', () => {
    const described = readFileSync('docs/architecture.md', 'utf8');
    const rooms = new Set(sources.map(dirname));
    expect([...rooms].filter((room) => !described.includes(`${room}/`) && room !== 'src')).toEqual([]);
  });

  test('nothing is left for later in the source', () => {
    const left = [...text].filter(([, content]) => /\b(TODO|FIXME|XXX)\b/.test(content)).map(([file]) => file);
    expect(left).toEqual([]);
  });

  test('the command line writes to terminals by output.ts, where control characters are made visible', () => {
    const writing = [...text].filter(([, content]) => /process\.std(out|err)\.write/.test(content));
    const files = writing.map(([file]) => file).filter((file) => file.startsWith('src/cli/'));
    // A bar that is drawn over itself, and what man is to show: texts of our own.
    expect(files.sort()).toEqual(['src/cli/man.ts', 'src/cli/terminal/output.ts', 'src/cli/terminal/progress-bar.ts']);
  });

  test('views write no unescaped value into a page', () => {
    const views = tracked.filter((file) => file.endsWith('.ejs'));
    const raw = views.filter((file) => /<%-(?!\s*include\()/.test(readFileSync(file, 'utf8')));
    expect(raw).toEqual([]);
  });
});
