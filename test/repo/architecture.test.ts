import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';

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
  ['access', 'host', 'notifications', 'backup'],
  ['state'],
  ['operations'],
  ['errors'],
];

function roomOf(file: string): string {
  return (file.split('/')[1] ?? '').replace(/\.ts$/, '');
}

function floorOf(room: string): number {
  const floor = FLOORS.findIndex((rooms) => rooms.includes(room));
  if (floor < 0) throw new Error(`src/${room} is on no floor: place it, and describe it in docs/architecture.md`);
  return floor;
}

const tracked = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '');
const sources = tracked.filter((file) => /^src\/.*\.ts$/.test(file));
const text = new Map(sources.map((file) => [file, readFileSync(file, 'utf8')]));

describe('the structure of the source', () => {
  test('imports point downwards only', () => {
    const upward: string[] = [];
    for (const [file, content] of text) {
      for (const [, path] of content.matchAll(/from '(\.[^']+)'/g)) {
        const target = normalize(join(dirname(file), path ?? ''));
        const from = roomOf(file);
        const to = roomOf(target.replace(/\.js$/, '.ts'));
        if (from !== to && floorOf(from) >= floorOf(to)) upward.push(`${file} imports ${target}`);
      }
    }
    expect(upward).toEqual([]);
  });

  test('no file grows beyond 300 lines', () => {
    const long = [...text].map(([file, content]) => [file, content.split('\n').length] as const);
    expect(long.filter(([, lines]) => lines > 300)).toEqual([]);
  });

  test('no file has a name that says nothing', () => {
    expect(tracked.filter((file) => /(^|\/)(utils?|helpers?|misc|common|manager)(\.ts|\/)/.test(file))).toEqual([]);
  });

  test('every room is described in docs/architecture.md', () => {
    const described = readFileSync('docs/architecture.md', 'utf8');
    const rooms = new Set(sources.map(roomOf));
    expect([...rooms].filter((room) => !described.includes(`src/${room}`))).toEqual([]);
  });

  test('nothing is left for later in the source', () => {
    const left = [...text].filter(([, content]) => /\b(TODO|FIXME|XXX)\b/.test(content)).map(([file]) => file);
    expect(left).toEqual([]);
  });

  test('the command line writes to terminals by output.ts, where control characters are made visible', () => {
    const writing = [...text].filter(([, content]) => /process\.std(out|err)\.write/.test(content));
    const files = writing.map(([file]) => file).filter((file) => file.startsWith('src/cli/'));
    // A bar that is drawn over itself, what a shell is to run, and what man is to show: texts of our own.
    expect(files.sort()).toEqual([
      'src/cli/completion.ts',
      'src/cli/man.ts',
      'src/cli/terminal/output.ts',
      'src/cli/terminal/progress-bar.ts',
    ]);
  });

  test('views write no unescaped value into a page', () => {
    const views = tracked.filter((file) => file.endsWith('.ejs'));
    const raw = views.filter((file) => /<%-(?!\s*include\()/.test(readFileSync(file, 'utf8')));
    expect(raw).toEqual([]);
  });
});
