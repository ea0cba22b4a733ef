import type { Command } from 'commander';
import { packageVersion } from '../operations/version.js';
import { guide } from './terminal/guide.js';
import { manPage } from './man/page.js';

/** `dnscluster man`. */
export function man(program: Command): void {
  const command = program.command('man').description('Print the manual page, dnscluster(1)');
  guide(command, {
    examples: {
      'man > /usr/local/share/man/man1/dnscluster.1': 'Install it for "man dnscluster".',
      'man | man -l -': 'Read it.',
    },
  }).action(async () => {
    const date = new Date().toISOString().slice(0, 10);
    process.stdout.write(manPage(program, { version: await packageVersion(), date }));
  });
}
