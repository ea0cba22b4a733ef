import { execFile, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { unifiedDifference } from '../../src/presentation/line-difference.js';
import { zoneName } from '../../src/zones/zone-name.js';
import { ClusterNode } from '../cluster/cluster-node.js';
import { reseller, ROOT, zoneText } from '../cluster/zone-texts.js';
import { runningNode } from './running-node.js';

const web = runningNode();
const ZONE = zoneName('a.example');
/** An octet that is no UTF-8, which a master file may hold. */
const ODD = Buffer.concat([zoneText(7), Buffer.from('odd TXT "'), Buffer.of(0xff, 0xe9), Buffer.from('"\n')]);

let ns1: ClusterNode;
let file: string;
beforeAll(async () => {
  ns1 = await ClusterNode.start('ns1.example.net');
  file = join(web.folder, 'file');
  const { cluster } = web.node.plugin;
  await cluster.members.add(await ns1.invitation('sync', ROOT), ROOT);
  await cluster.saveZone(zoneName('ann.example'), zoneText(3), reseller('ann'));
});
afterAll(() => ns1.end());

const write = (text: string | Buffer): string => {
  writeFileSync(file, text);
  return file;
};

describe('dnscluster zones save and show', () => {
  test('save a file octet for octet, say who serves it, and show it again', async () => {
    const saved = await web.run(['zones', 'save', ZONE, write(ODD)]);
    expect(saved).toEqual({ status: 0, out: 'a.example: created, serial 7\n  ns1.example.net: served\n', err: '' });
    const output = join(web.folder, 'shown');
    expect(await web.run(['zones', 'show', ZONE, '--output', output])).toMatchObject({ status: 0, out: '' });
    expect(readFileSync(output)).toEqual(ODD);
    const { said } = await web.json(['zones', 'show', ZONE]);
    expect(Buffer.from((said as { text_b64: string }).text_b64, 'base64')).toEqual(ODD);
  });

  test('save what comes in on standard input, and lift its serial', async () => {
    const { status, said } = await web.json(['zones', 'save', ZONE], { input: zoneText(7, '192.0.2.9') });
    expect([status, said]).toEqual([0, expect.objectContaining({ change: 'saved', serial: 8, lifted: true })]);
    expect((await web.run(['zones', 'show', ZONE])).out).toContain('www A 192.0.2.9');
    expect((await web.run(['zones', 'show', ZONE, '--member', 'ns1.example.net'])).out).toContain('192.0.2.9');
  });

  test('a broken text: every error with line and column, 1, and nothing changed', async () => {
    const before = await web.run(['zones', 'show', ZONE]);
    const broken = `${zoneText(9).toString()}www A 192.0.2.300\nmail MX ten mail\n`;
    const { status, out, err } = await web.run(['zones', 'save', ZONE, write(broken)]);
    expect([status, out]).toEqual([1, '']);
    expect(err).toMatch(/^error: a\.example:6:7: .*\nerror: a\.example:7:9: .*\nZone a\.example was refused/);
    expect(await web.json(['zones', 'save', ZONE, file])).toMatchObject({
      status: 1,
      said: {
        error: {
          code: 'zone_invalid',
          issues: [
            { line: 6, column: 7 },
            { line: 7, column: 9 },
          ],
        },
      },
    });
    expect(await web.run(['zones', 'show', ZONE])).toEqual(before);
  });

  test.each([
    ['a zone that is here, as a new one', ['zones', 'save', ZONE, '--new'], 1, /already exists/],
    ['over a serial that it has no more', ['zones', 'save', ZONE, '--if-serial', '1'], 1, /changed since last read/],
    ['a file that is not there', ['zones', 'save', ZONE, '/nowhere'], 2, /cannot be read/],
    ['a name that is none', ['zones', 'save', '../x'], 1, /not a zone name/],
    ['a zone that is not here', ['zones', 'show', 'none.example'], 1, /none\.example is not on the server/],
    ['a folder that is not there', ['zones', 'show', ZONE, '-o', '/nowhere/x'], 2, /cannot be written/],
    ['a wrong number', ['zones', 'save', ZONE, '--timeout', 'long'], 2, /whole number/],
    ['a wrong choice', ['zones', 'save', ZONE, '--wait', 'never'], 2, /local, served/],
  ])('%s is refused, with why', async (_, args, code, why) => {
    const { status, out, err } = await web.run(args, { input: zoneText(5) });
    expect([status, out, err]).toEqual([code, '', expect.stringMatching(why)]);
  });
});

describe('dnscluster zones list', () => {
  test('a table, some of it, names alone, and all for programs', async () => {
    const { out } = await web.run(['zones', 'list']);
    expect(out).toMatch(/^ZONE +SERIAL +OWNER +CHANGED\na\.example +8 +root +20..-.*Z\nann\.example +3 +ann +20/);
    expect((await web.run(['zones', 'list', '--owner', 'ann', '--names'])).out).toBe('ann.example\n');
    expect((await web.run(['zones', 'list', '--match', 'A.EX'])).out).not.toContain('ann');
    expect(await web.json(['zones', 'list'])).toMatchObject({ said: [{ domain: ZONE, serial: 8 }, { owner: 'ann' }] });
    expect(await web.run(['zones', 'list', '--match', 'nothing'])).toMatchObject({
      status: 0,
      out: 'There are no such zones.\n',
    });
  });

  test('what members have and this server has not', async () => {
    await ns1.cluster.saveZone(zoneName('theirs.example'), zoneText(1), ROOT);
    const { out } = await web.run(['zones', 'list', '--elsewhere']);
    expect(out).toBe('ZONE            AT\ntheirs.example  ns1.example.net\n');
    expect((await web.run(['zones', 'list', '--names'])).out).not.toContain('theirs');
  });

  test('ends quietly where its reader has enough', async () => {
    const line = `"${process.execPath}" ${web.program} zones list --folder ${web.folder} | true; echo end`;
    const { stdout, stderr } = await promisify(execFile)('sh', ['-c', line], { timeout: 30_000 });
    expect([stdout, stderr]).toEqual(['end\n', '']);
  });
});

describe('dnscluster zones diff', () => {
  test('nothing, and 0, where a member has the same records, however they are spelled', async () => {
    const same = ['zones', 'diff', ZONE, '--member', 'ns1.example.net'];
    expect(await web.run(same)).toEqual({ status: 0, out: '', err: '' });
    const spelled = (await web.run(['zones', 'show', ZONE])).out.replace('www A', 'WWW.A.EXAMPLE. 60 IN A');
    expect(await web.run(['zones', 'diff', ZONE, write(spelled)])).toMatchObject({ status: 0, out: '' });
  });

  test('RRset by RRset what differs, and 1', async () => {
    const { status, out } = await web.run(['zones', 'diff', ZONE, write(`${zoneText(8).toString()}new TXT x\n`)]);
    expect(status).toBe(1);
    expect(out.replaceAll(/\s*\t\s*/g, ' ')).toBe(
      `--- a.example on this server\n+++ a.example in ${file}\n-www.a.example. 60 IN A 192.0.2.9\n` +
        '+www.a.example. 60 IN A 192.0.2.1\n+new.a.example. 60 IN TXT "x"\n',
    );
    expect(await web.json(['zones', 'diff', ZONE, file])).toMatchObject({
      status: 1,
      said: { same: false, changes: [{ change: 'gone' }, { change: 'new' }, { change: 'new' }] },
    });
  });

  test('line by line, as diff says it', async () => {
    const shown = join(web.folder, 'shown');
    await web.run(['zones', 'show', ZONE, '--output', shown]);
    const text = readFileSync(shown, 'latin1').replace('192.0.2.9', '192.0.2.7');
    const { status, out } = await web.run(['zones', 'diff', ZONE, write(text), '--text']);
    const said = spawnSync('diff', ['-u', shown, file], { encoding: 'latin1' }).stdout;
    const hunks = (difference: string): string => difference.split('\n').slice(2).join('\n');
    expect(status).toBe(1);
    expect(hunks(out)).toBe(hunks(said));
    expect(hunks(out)).toContain('@@ -');
  });

  test('with neither a file nor a member, or with both: 2', async () => {
    expect(await web.run(['zones', 'diff', ZONE])).toMatchObject({ status: 2 });
    expect(await web.run(['zones', 'diff', ZONE, file, '--member', 'ns1.example.net'])).toMatchObject({ status: 2 });
  });

  test('a zone that the member has not', async () => {
    await web.node.plugin.cluster.members.disable(web.node.plugin.cluster.members.list(ROOT)[0]?.id ?? '', ROOT);
    await web.run(['zones', 'save', 'b.example', '--wait', 'local'], { input: zoneText(1) });
    const { status, err } = await web.run(['zones', 'diff', 'b.example', '--member', 'ns1.example.net']);
    expect([status, err]).toEqual([1, expect.stringContaining('ns1.example.net does not have the zone b.example')]);
    await web.node.plugin.cluster.members.enable(web.node.plugin.cluster.members.list(ROOT)[0]?.id ?? '', ROOT);
  });
});

describe('the unified format', () => {
  test.each([
    ['many hunks', 'a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\nm\n', 'a\nB\nc\nd\ne\nf\ng\nh\ni\nj\nk\nL\nm\n'],
    ['hunks that touch', 'a\nb\nc\nd\ne\nf\ng\nh\ni\n', 'A\nb\nc\nd\ne\nf\ng\nH\ni\n'],
    ['no end of the last line', 'a\nb', 'a\nb\n'],
    ['a backslash at a line’s beginning', 'a\n\\b\nc', 'a\n\\c\nc'],
    ['all new', '', 'a\nb\n'],
    ['all gone', 'a\nb\n', ''],
  ])('is that of diff: %s', (_, before, after) => {
    const [a, b] = [join(web.folder, 'before'), join(web.folder, 'after')];
    writeFileSync(a, before);
    writeFileSync(b, after);
    const said = spawnSync('diff', ['-u', a, b], { encoding: 'utf8' }).stdout;
    expect(unifiedDifference(before, after)).toBe(said.split('\n').slice(2).join('\n'));
  });
});

describe('dnscluster zones create, remove, restore', () => {
  test('create from a template, and not twice', async () => {
    const create = ['zones', 'create', 'new.example', '--ip', '192.0.2.80'];
    const { status, err } = await web.run([...create, '--template', 'none']);
    expect([status, err]).toEqual([1, expect.stringContaining('no zone template "none"')]);
    const whole = [...create, '--ns1', 'ns1.example.net', '--ttl', '300', '--hostmaster', 'h.example.net'];
    expect(await web.json(whole)).toMatchObject({ status: 0, said: { change: 'created' } });
    expect((await web.run(['zones', 'show', 'new.example'])).out).toContain('192.0.2.80');
    expect(await web.run(whole)).toMatchObject({ status: 1 });
    expect(await web.run(['zones', 'create', 'x.example'])).toMatchObject({ status: 2 });
  });

  test('remove asks before, here and at the members; restore brings it back', async () => {
    const { status, err } = await web.run(['zones', 'remove', ZONE]);
    expect([status, err]).toEqual([2, expect.stringContaining('--yes')]);
    expect(web.node.plugin.cluster.zones.get(ZONE, ROOT)).toBeDefined();
    expect(await web.run(['zones', 'removed'])).toMatchObject({ status: 0, out: 'No zone was removed here.\n' });

    const removed = await web.run(['zones', 'remove', ZONE, '--yes']);
    expect(removed).toMatchObject({ status: 0, out: 'a.example: removed\n  ns1.example.net: deleted\n' });
    expect(ns1.cluster.zones.get(ZONE, ROOT)).toBeUndefined();
    expect((await web.run(['zones', 'removed'])).out).toMatch(/^ZONE +SERIAL +REMOVED +BY\na\.example +8 .*root\n$/);

    expect(await web.json(['zones', 'restore', ZONE])).toMatchObject({
      status: 0,
      said: { change: 'created', serial: 9 },
    });
    expect(await web.run(['zones', 'restore', ZONE])).toMatchObject({ status: 1 });
  });

  test('a zone that a member refuses is told with 1', async () => {
    ns1.nameserver.refuses = ({ name }) => name === zoneName('poison.example');
    const saved = await web.run(['zones', 'save', 'poison.example'], { input: zoneText(1) });
    expect([saved.status, saved.out]).toEqual([
      1,
      expect.stringMatching(/poison\.example: created.*\n {2}ns1\.example\.net: failed: /),
    ]);
  });
});

describe('dnscluster zones history', () => {
  test('says when a zone was changed and by whom, and shows the version before, which saved again undoes it', async () => {
    const name = 'undone.example';
    await web.run(['zones', 'save', name, write(zoneText(1, '192.0.2.1'))]);
    expect((await web.run(['zones', 'history', name])).out).toMatch(/^undone\.example has no recorded changes/);
    await web.run(['zones', 'save', name, write(zoneText(2, '192.0.2.2'))]);
    const { out } = await web.run(['zones', 'history', name]);
    expect(out).toMatch(/^TIME +BY +CHANGE\n20..-\S+Z +root \(.*\) +serial 1 to 2\n$/);
    const { said } = await web.json(['zones', 'history', name]);
    const [{ time } = { time: '' }] = said as { time: string }[];
    const before = await web.run(['zones', 'show', name, '--at', time]);
    expect([before.status, before.out]).toEqual([0, zoneText(1, '192.0.2.1').toString()]);
    expect(await web.run(['zones', 'save', name, '-'], { input: before.out })).toMatchObject({
      out: expect.stringContaining('saved, serial 3 (lifted)') as string,
    });
    const none = await web.run(['zones', 'show', name, '--at', '2020-01-01T00:00:00.000Z']);
    expect([none.status, none.err]).toEqual([1, expect.stringContaining('no longer kept')]);
    await web.run(['zones', 'remove', name, '--yes']);
  });
});

describe('dnscluster zones allow', () => {
  test('allows an account names that the rules forbid, in place of those before, and takes them back', async () => {
    await web.node.users.add({ user: 'ann', kind: 'reseller', privileges: ['clustering'] }, 'twelve letters or more');
    expect((await web.run(['zones', 'allow', 'ann', 'ac.uk', 'Gov.UK.'])).out).toBe('ann may make ac.uk, gov.uk.\n');
    expect((await web.json(['zones', 'allow', 'ann', 'ac.uk'])).said).toEqual({ account: 'ann', allowed: ['ac.uk'] });
    expect((await web.run(['zones', 'allow', 'ann'])).out).toBe('ann may make no names beyond the rules.\n');
    const wrong = await web.run(['zones', 'allow', 'ann', 'a b']);
    expect([wrong.status, wrong.err]).toEqual([1, expect.stringContaining('is not a zone name')]);
  });
});
