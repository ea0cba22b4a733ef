import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startNode, type NodeSettings, type RunningNode } from '../../src/panel/node.js';
import { builtProgram, runProgram, type Run } from './built-program.js';

const PASSWORD = 'twelve letters or more';
const program = builtProgram();
let settings: NodeSettings;
let node: RunningNode | undefined;
beforeAll(() => {
  const nameserver = { kind: 'embedded', host: '127.0.0.1', port: 0 } as const;
  const folder = mkdtempSync(join(tmpdir(), 'state-forget-'));
  settings = { name: 'web.example.net', folder, host: '127.0.0.1', port: 0, nameserver };
});
afterAll(async () => {
  await node?.stop();
  rmSync(settings.folder, { recursive: true, force: true });
});

async function begin(): Promise<RunningNode> {
  node = await startNode(settings);
  return node;
}

async function end(): Promise<void> {
  await node?.stop();
  node = undefined;
}

const forget = (...args: string[]): Promise<Run> =>
  runProgram(program, ['state', 'forget', ...args, '--folder', settings.folder]);

const sayings = (): Promise<string[]> =>
  runProgram(program, ['doctor', '--only', 'state', '--json', '--folder', settings.folder]).then(({ out }) =>
    (JSON.parse(out) as { findings: { what: string; fix?: string }[] }).findings.flatMap(({ what, fix = '' }) => [
      what,
      fix,
    ]),
  );

test('users that are lost with their copy are none until somebody says so: nobody is let in, and none is added', async () => {
  const { users } = await begin();
  await users.add({ user: 'root', kind: 'root', privileges: ['all'] }, PASSWORD);
  const file = join(settings.folder, 'users.json');
  expect(await forget('users.json', '--yes')).toMatchObject({
    status: 2,
    err: expect.stringContaining('is there, so it is not lost') as string,
  });
  for (const path of [file, `${file}.bak`]) rmSync(path);
  await end();

  const lost = await begin();
  const added = lost.users.add({ user: 'mallory', kind: 'root', privileges: ['all'] }, PASSWORD);
  await expect(added).rejects.toMatchObject({ code: 'state_lost' });
  expect(await forget('users.json', '--yes')).toMatchObject({
    status: 1,
    err: expect.stringContaining('is in use') as string,
  });
  await end();
  expect(await sayings()).toEqual([
    `The state file ${file} is missing.`,
    expect.stringContaining('dnscluster state forget users.json'),
  ]);

  expect(await forget('users.json')).toMatchObject({ status: 2 });
  expect(await forget('users.json', '--yes')).toMatchObject({
    status: 0,
    out: `${file} begins anew when the service starts.\n`,
  });
  const anew = await begin();
  await anew.users.add({ user: 'root', kind: 'root', privileges: ['all'] }, PASSWORD);
  expect(anew.users.list()).toMatchObject([{ user: 'root' }]);
  await end();
  expect(await forget('no.json', '--yes')).toMatchObject({
    status: 2,
    err: expect.stringContaining('There never was a state file') as string,
  });
});

test('a user who was removed does not come back with an old file', async () => {
  const { users } = await begin();
  await users.add({ user: 'ann', kind: 'reseller', privileges: ['clustering'] }, PASSWORD);
  const file = join(settings.folder, 'users.json');
  copyFileSync(file, join(settings.folder, 'old'));
  await users.remove('ann');
  await end();
  for (const path of [file, `${file}.bak`]) copyFileSync(join(settings.folder, 'old'), path);
  const { users: now } = await begin();
  expect(now.list().map(({ user }) => user)).toEqual(['root']);
});
