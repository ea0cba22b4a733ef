import { Option, type Command } from 'commander';
import { sayChange } from './change-result.js';
import { readGiven } from '../service/given-file.js';
import { guide } from '../terminal/guide.js';
import { askService } from '../service/running-service.js';
import { asksService, targetOf, type ServiceOptions } from '../service/target.js';
import { waitOptions, type WaitOptions } from '../terminal/waiting.js';

type Options = ServiceOptions & WaitOptions & { new?: true; ifSerial?: string };

/** `dnscluster zones save`. */
export function zonesSave(zones: Command): void {
  const command = zones
    .command('save')
    .description('Create a zone from a master file, or replace it')
    .argument('<zone>', 'name of the zone')
    .argument('[file]', 'the master file; default: standard input', '-')
    .addOption(new Option('--new', 'refuse a zone that exists').conflicts('ifSerial'))
    .option('--if-serial <serial>', 'refuse where the zone has another serial by now: somebody changed it');
  guide(asksService(waitOptions(command)), {
    details: `The text is checked first. If it has errors, each is printed with line and column, nothing is changed, and the exit code
is 1. A serial that is not above the present one is lifted. Members that are away get the zone when they are back.`,
    examples: {
      'zones save example.com example.com.zone': 'Save a file.',
      'zones save example.com --wait local < example.com.zone': 'Save standard input, without waiting for members.',
    },
  }).action(async (zone: string, file: string, options: Options) => {
    const target = targetOf(options);
    const zonedata = await readGiven(file);
    const { wait, timeout, ifSerial: serialnum } = options;
    const given = { zone, zonedata, wait, timeout };
    const saved =
      options.new === true
        ? askService(target, 'addzone', given)
        : askService(target, 'savezone', { ...given, serialnum });
    sayChange(options.json, await saved);
  });
}
