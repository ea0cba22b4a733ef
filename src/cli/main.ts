#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { zonesCheck } from './zones-check.js';
import { zonesRescan } from './zones-rescan.js';

/** Every command of `dnscluster`, one a line; each adds itself below the group that it is listed under. */
const COMMANDS: Readonly<Record<string, readonly ((group: Command) => void)[]>> = {
  zones: [zonesCheck, zonesRescan],
};
const DESCRIPTIONS: Readonly<Record<string, string>> = { zones: 'Zones and their master files' };
const USAGE_ERROR = 2;

const program = new Command('dnscluster')
  .description('Keeps the zones of web servers and nameservers the same')
  .exitOverride();
for (const [name, commands] of Object.entries(COMMANDS)) {
  const group = program.command(name).description(DESCRIPTIONS[name] ?? '');
  for (const add of commands) add(group);
}
// Commander leaves by exceptions, so that output still under way is written to its end.
program.parseAsync().catch((error: unknown) => {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : USAGE_ERROR;
});
