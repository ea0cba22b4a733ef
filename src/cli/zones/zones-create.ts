import type { Command } from 'commander';
import { sayChange } from './change-result.js';
import { guide } from '../terminal/guide.js';
import { askService } from '../service/running-service.js';
import { asksService, targetOf, type ServiceOptions } from '../service/target.js';
import { waitOptions, wholeOf, type WaitOptions } from '../terminal/waiting.js';

interface Options extends ServiceOptions, WaitOptions {
  ip: string;
  template?: string;
  ns1?: string;
  ns2?: string;
  hostmaster?: string;
  ttl?: number;
}

/** `dnscluster zones create`. */
export function zonesCreate(zones: Command): void {
  const command = zones
    .command('create')
    .description('Create a zone from a template; refused if it exists here or at a member')
    .argument('<zone>', 'name of the zone')
    .requiredOption('--ip <address>', 'the address of its web server')
    .option('--template <name>', 'name of the template (default: standard)')
    .option('--ns1 <host>', 'its first nameserver')
    .option('--ns2 <host>', 'its second nameserver')
    .option('--hostmaster <mailbox>', 'the mailbox in its SOA, such as hostmaster.example.com')
    .option('--ttl <seconds>', 'the TTL of its records', wholeOf);
  guide(asksService(waitOptions(command)), {
    examples: {
      'zones create example.com --ip 192.0.2.80 --ns1 ns1.example.net --ns2 ns2.example.net':
        'Create it from the standard template.',
    },
  }).action(async (zone: string, options: Options) => {
    const { ip, template, ns1, ns2, hostmaster, ttl, wait, timeout } = options;
    const parameters = { zone, ip, template, ns1, ns2, hostmaster, ttl, wait, timeout };
    sayChange(options.json, await askService(targetOf(options), 'createzone', parameters));
  });
}
