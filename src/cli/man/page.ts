import type { Command, Option } from 'commander';
import { CONFIGURATION_FILE, DATA_FOLDER } from '../../panel/node-configuration.js';
import { optionsOf, pathOf, withAllBelow } from '../terminal/command-tree.js';
import { EXIT_MEANINGS } from '../terminal/failure.js';
import { guideOf, paragraphsOf } from '../terminal/guide.js';
import { saysWhichService } from '../service/target.js';
import { bold, heading, indented, paragraph, preformatted, subheading, synopsis, tagged, words } from './roff.js';

const ENVIRONMENT: Readonly<Record<string, string>> = {
  DNSCLUSTER_FOLDER: 'As --folder.',
  DNSCLUSTER_URL: 'As --url.',
  DNSCLUSTER_TOKEN: 'The token of that service.',
  DNSCLUSTER_FINGERPRINT: 'As --fingerprint.',
  DNSCLUSTER_MEMBER_TOKEN: 'The token of a member that is added.',
};
const FILES: Readonly<Record<string, string>> = {
  [CONFIGURATION_FILE]: 'The configuration of this server.',
  [DATA_FOLDER]: 'All that it keeps.',
  '~/.config/dnscluster/known-servers':
    'Services elsewhere, with the fingerprints of their certificates that were accepted.',
};

/** dnscluster(1) in the macros of man(7), made of what `--help` says. */
export function manPage(program: Command, { version, date }: { version: string; date: string }): string {
  const name = program.name();
  const commands = withAllBelow(program).filter((command) => command !== program && command.commands.length === 0);
  const service = commands.flatMap(optionsOf).filter(saysWhichService);
  const once = [...new Map(service.map((option) => [option.long, option])).values()];
  return [
    `.TH ${name.toUpperCase()} 1 "${date}" "dns-cluster ${version}" "User Commands"\n`,
    heading('NAME'),
    words(`${name} - ${lowerFirst(program.description())}`),
    heading('SYNOPSIS'),
    synopsis(name, 'COMMAND [ARGUMENTS] [OPTIONS]'),
    heading('DESCRIPTION'),
    words(ABOUT),
    paragraph(OUTPUT),
    heading('COMMANDS'),
    ...commands.map((command) => commandSection(name, command)),
    heading('WHICH SERVICE IS ASKED'),
    words('Every command that asks a service takes these options.'),
    ...once.map(optionEntry),
    heading('EXIT STATUS'),
    ...Object.entries(EXIT_MEANINGS).map(([code, meaning]) => tagged(bold(code), meaning)),
    heading('ENVIRONMENT'),
    ...Object.entries(ENVIRONMENT).map(([variable, meaning]) => tagged(bold(variable), meaning)),
    heading('FILES'),
    ...Object.entries(FILES).map(([file, meaning]) => tagged(bold(file), meaning)),
  ].join('');
}

const ABOUT =
  'Asks the service that runs on this machine, over its control socket, with the rights of root; or one elsewhere, with a token and a certificate that ' +
  'was accepted.';
const OUTPUT =
  "What it prints is for persons. With --json it is one line of JSON, also of a refusal. Sentences for persons and progress go to standard error. What can't " +
  'be undone asks before; where nobody can be asked, it wants --yes.';

function commandSection(name: string, command: Command): string {
  const { details = '', examples = {} } = guideOf(command) ?? {};
  const own = optionsOf(command).filter((option) => !saysWhichService(option) && option.long !== '--help');
  return [
    subheading(pathOf(command)),
    synopsis(`${name} ${pathOf(command)}`, command.usage().replace('[options]', '').trim()),
    paragraph(`${command.description()}.`),
    ...paragraphsOf(details)
      .filter((text) => text !== '')
      .map(paragraph),
    ...own.map(optionEntry),
    ...Object.entries(examples).map(([line, effect]) => preformatted(`${name} ${line}`) + indented(effect)),
  ].join('');
}

function optionEntry(option: Option): string {
  const choices = option.argChoices === undefined ? '' : ` (${option.argChoices.join(', ')})`;
  const usual = typeof option.defaultValue === 'string' || typeof option.defaultValue === 'number';
  return tagged(bold(option.flags), `${option.description}${choices}${usual ? ` (${option.defaultValue})` : ''}`);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
