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
    .description('Replace or create a zone by a master file')
    .argument('<zone>', 'its name')
    .argument('[file]', 'the master file; standard input where absent or -', '-')
    .addOption(new Option('--new', 'refuse a zone that is here already').conflicts('ifSerial'))
    .option('--if-serial <serial>', 'refuse where the zone has another serial by now: somebody changed it');
  guide(asksService(waitOptions(command)), {
    details: `The text is checked first. Each error is said with its line and column, nothing is changed then, and the exit code is 1. A serial
that is not above the held one is lifted. Members that are away get the zone when they are back.`,
    examples: {
      'zones save example.com example.com.zone': 'Save a file.',
      'zones save example.com --wait local < example.com.zone': 'Save what comes in, without waiting for members.',
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
