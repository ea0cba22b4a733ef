import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { needs } from '../needs.js';

const SCRIPTS = ['install.sh', 'templates/sysvinit/dns-cluster', 'test/debian-packages'];

test.skipIf(!needs('shellcheck')).each(SCRIPTS)('shellcheck has nothing against %s and what it reads', (script) => {
  expect(execFileSync('shellcheck', ['-x', '-a', script], { encoding: 'utf8' })).toBe('');
});
