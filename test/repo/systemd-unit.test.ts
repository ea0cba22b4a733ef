import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NAMESERVER_KINDS } from '../../src/nameservers/nameserver-settings.js';
import { needs } from '../needs.js';

/** From 0 to 10, as systemd judges how much a service is exposed. */
const EXPOSED_AT_MOST = 2.1;

/** As the installer writes it. */
function unitFor(kind: string): string {
  const script = `. installer/common.sh; . installer/service.sh; . src/nameservers/${kind}/install.sh
    for_nameserver templates/systemd/dns-cluster.service`;
  return execFileSync('bash', ['-euc', script], { encoding: 'utf8' });
}

describe.skipIf(!needs('systemd-analyze')).each(NAMESERVER_KINDS)('the unit of systemd with %s', (kind) => {
  let folder: string;
  let unit: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'dns-cluster-unit-'));
    unit = join(folder, 'dns-cluster.service');
    // Its programs are there only when it is installed.
    writeFileSync(unit, unitFor(kind).replace('/opt/dns-cluster/node ', '/bin/true '));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** What it says, of both kinds. */
  const analyze = (...args: string[]): string => {
    const { stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8', timeout: 20_000 });
    return stdout + stderr;
  };

  test('is one that systemd takes, without a remark', () => {
    expect(analyze('verify', '--man=no', unit)).toBe('');
  });

  test('leaves the service little that it does not need', () => {
    const level = /Overall exposure level.*: ([0-9.]+)/.exec(analyze('security', '--offline=yes', unit))?.[1];
    expect(Number(level)).toBeLessThanOrEqual(EXPOSED_AT_MOST);
  });
});
