import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLog } from '../../src/operations/log.js';
import { Notices } from '../../src/panel/notices.js';

const log = createLog({ level: 'silent' });
let folder: string;
let notices: Notices;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'notices-'));
  notices = await Notices.open(join(folder, 'notices.json'), log);
});
afterEach(async () => {
  await notices.close();
  rmSync(folder, { recursive: true });
});

const subjects = (): string[] => notices.list().map(({ subject }) => subject);

test('notices of one account push out none of root, nor of another account', async () => {
  notices.add({ subject: 'root', text: '' });
  notices.add({ subject: 'bob', text: '', account: 'bob' });
  for (let i = 0; i < 120; i++) notices.add({ subject: `ann ${i}`, text: '', account: 'ann' });
  await notices.close();
  notices = await Notices.open(join(folder, 'notices.json'), log);
  expect(subjects()).toEqual(expect.arrayContaining(['root', 'bob', 'ann 119']));
  expect(subjects()).toHaveLength(51);
});

test('of root the last 50 are kept', async () => {
  for (let i = 0; i < 60; i++) notices.add({ subject: `${i}`, text: '' });
  await notices.close();
  expect(subjects()).toHaveLength(50);
  expect(subjects()[0]).toBe('59');
});
