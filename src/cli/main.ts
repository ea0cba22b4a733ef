#!/usr/bin/env node
import { CommanderError, type Command } from 'commander';
import { dnscluster } from './commands.js';
import { EXIT } from './terminal/failure.js';
import { fail } from './terminal/output.js';

/** Runs one command to its end; the commands themselves are in the table in commands.ts. */
async function run(): Promise<void> {
  const program = await dnscluster();
  let acting: Command | undefined;
  program.hook('preAction', (_program, command) => {
    acting = command;
  });
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    else process.exitCode = fail(error, acting?.opts()['json'] === true);
  }
}

// Whoever reads us may stop, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});
void run();
