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
  DNSCLUSTER_MEMBER_TOKEN: 'The token of a member to add.',
};
const FILES: Readonly<Record<string, string>> = {
  [CONFIGURATION_FILE]: 'The configuration of this server.',
  [DATA_FOLDER]: 'Its data.',
  '~/.config/dnscluster/known-servers': 'Services elsewhere, with the accepted fingerprints of their certificates.',
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
    heading('WHICH SERVICE TO ASK'),
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
  'Asks the service on this machine over its control socket, with the rights of root; or one elsewhere, with a token ' +
  'and an accepted certificate.';
const OUTPUT =
  'Output is for persons. With --json it is one line of JSON, also for a refusal. Messages and progress go to standard ' +
  "error. Before a command does what can't be undone, it asks; in a script, use --yes.";

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
