import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { consoleLines } from '../../src/operations/console-lines.js';
import { logFile } from '../../src/operations/log-file.js';
import { mayMount, SmallDisk } from '../small-disk.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the log of a service', () => {
  test('is set aside when it is large, also over restarts, and loses no line of the last two files', async () => {
    const file = join(folder, 'node.log');
    const largest = 4_000;
    const line = (i: number): string => `${String(i).padStart(99, '0')}\n`;
    for (let start = 0; start < 3; start++) {
      const log = logFile(file, largest);
      for (let i = 0; i < 50; i++) log.write(line(start * 50 + i));
      await vi.waitFor(() => expect(readFileSync(file, 'utf8')).toContain(line(start * 50 + 49)), { timeout: 20_000 });
    }
    const kept = (readFileSync(`${file}.1`, 'utf8') + readFileSync(file, 'utf8')).split('\n').slice(0, -1).map(Number);
    expect(kept.at(-1)).toBe(149);
    expect(kept).toEqual(kept.map((_, i) => 150 - kept.length + i));
    expect(statSync(file).size + statSync(`${file}.1`).size).toBeLessThan(3 * largest);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test.skipIf(!mayMount())('on a full disk loses lines and counts them, and goes on when there is room', () => {
    const disk = SmallDisk.mount(64 * 1024);
    try {
      const log = logFile(join(disk.folder, 'node.log'));
      log.write('{"msg":"before"}\n');
      disk.fill(4_096);
      for (let i = 0; i < 10; i++) log.write(`{"msg":"${'x'.repeat(3_000)}"}\n`);
      disk.empty();
      log.write('{"msg":"after"}\n');
      const lines = readFileSync(join(disk.folder, 'node.log'), 'utf8').split('\n').slice(-3);
      expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 50, lost: expect.any(Number) as number });
      expect(lines.slice(1)).toEqual(['{"msg":"after"}', '']);
    } finally {
      disk.unmount();
    }
  });

  test('is a sentence a line for people, with its priority for the journal', () => {
    const said: string[] = [];
    const entry = {
      level: 40,
      time: 't',
      pid: 1,
      hostname: 'h',
      name: 'ns1',
      member: 'ns2',
      error: 'two\nlines',
      msg: 'm',
    };
    for (const journal of [false, true]) {
      const lines = consoleLines((text) => said.push(text), journal);
      lines.write(JSON.stringify(entry));
      lines.write(JSON.stringify({ level: 50, msg: 'no facts' }));
    }
    // Who logs in names the user, and members and zone files have a hand in reasons.
    const user = 'a\r\u001b[2Jb\u0000\u009b31m\u202e\n<3>error: made up';
    consoleLines((text) => said.push(text), true).write(JSON.stringify({ level: 40, msg: 'login refused', user }));
    expect(said).toEqual([
      'warning: m (member=ns2, error=two lines)\n',
      'error: no facts\n',
      '<4>warning: m (member=ns2, error=two lines)\n',
      '<3>error: no facts\n',
      '<4>warning: login refused (user=a\\x0d\\x1b[2Jb\\x00\\x9b31m\\u202e <3>error: made up)\n',
    ]);
  });
});
