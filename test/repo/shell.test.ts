import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { NAMESERVER_KINDS } from '../../src/nameservers/nameserver-settings.js';
import { needs } from '../needs.js';

const SCRIPTS = ['install.sh', 'templates/sysvinit/dns-cluster', 'test/debian-packages'];

test.skipIf(!needs('shellcheck')).each(SCRIPTS)('shellcheck has nothing against %s and what it reads', (script) => {
  expect(execFileSync('shellcheck', ['-x', '-a', script], { encoding: 'utf8' })).toBe('');
});

test.skipIf(!needs('shellcheck')).each(NAMESERVER_KINDS)('shellcheck has nothing against what installs %s', (kind) => {
  // SC2154: its variables are those of install.sh.
  const args = ['-e', 'SC2154', `src/nameservers/${kind}/install.sh`];
  expect(execFileSync('shellcheck', args, { encoding: 'utf8' })).toBe('');
});
