import { access, constants } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { sentenceOf } from '../../errors.js';
import { askProgram, configurationText, includedFiles } from '../../nameservers/configured/configuration-reading.js';
import type { Checker } from '../../nameservers/configured/configured-zone.js';
import { operatedServers, operatorsServer, type NameserverSettings } from '../../nameservers/nameserver-settings.js';
import type { OperatedServer } from '../../nameservers/server-kind.js';
import { askService } from '../service/running-service.js';
import { notice, ok, wrong, type Check, type Finding } from './check.js';
import type { Facts } from './facts.js';
import { listenersAt, type Listener } from './listening.js';

const MOST_FILES = 1_000;
const INCLUDE = /^\s*(?:include:?\s|bind-config\s*=|include-dir\s*=)\s*"?([^";\n]+?)"?\s*;?\s*(?:(?:#|\/\/).*)?$/gm;

/** Does the nameserver run, and does its configuration let us in? */
export const NAMESERVER_CHECK: Check = {
  name: 'nameserver',
  run: async (facts) => {
    const { nameserver } = facts.settings ?? {};
    const running = await runningFindings(facts);
    return nameserver === undefined ? running : [...running, ...(await operatorFindings(nameserver))];
  },
};

async function runningFindings({ service, settings, folder }: Facts): Promise<Finding[]> {
  if (service === undefined) return [];
  const { software, version, running, reason = '', signedZones = [] } = service.status.nameserver;
  const server = operatedServers().get(settings?.nameserver.kind ?? '');
  const log = server === undefined ? 'node.log' : `the log of ${software}`;
  if (!running) {
    return [
      wrong(
        `The nameserver ${software} does not run, or does not let us in: ${reason}`,
        `Start ${software}. If it does not start, see ${log}.`,
      ),
    ];
  }
  const signing = signedZones.map((zone) =>
    wrong(
      `${software} signs ${zone} by itself, so its records can't be kept the same on other servers.`,
      `Remove its DS record at the registrar, then ${server?.unsign?.(zone) ?? 'turn its signing off'}`,
    ),
  );
  return [
    ok(`The nameserver runs: ${`${software} ${version}`.trim()}.`),
    await newZoneFinding(folder, software),
    ...signing,
  ];
}

/** It may run and answer for what it has, and still take nothing new. */
async function newZoneFinding(folder: string, software: string): Promise<Finding> {
  const { outcome, reason = '' } = await askService({ folder }, 'testnameserver');
  if (outcome === 'served') return ok('It takes a new zone, answers for it, and drops it again.');
  return wrong(
    `${software} does not take a new zone and drop it again: ${reason}`,
    `Restart ${software}: its configuration may have been edited since it was started. If that does not help, see its log.`,
  );
}

async function operatorFindings(settings: NameserverSettings): Promise<Finding[]> {
  const operators = operatorsServer(settings);
  if (operators === undefined) return [];
  const { server, includeFile, controlFile } = operators;
  const { software, program, checker } = server;
  const { host, port } = settings;
  const findings: Finding[] = [];
  const listeners = await listenersAt(host, port);
  // A server of several processes may call them `NAME: what it does`.
  const process = listeners.find(({ name }) => name === program || name.startsWith(`${program}: `));
  const [stranger] = listeners;
  if (process === undefined && stranger !== undefined) {
    findings.push(
      wrong(
        `Port ${port} is used by ${stranger.name} (process ${stranger.pid}), not by ${software}.`,
        `Stop ${stranger.name} (for systemd-resolved: systemctl disable --now systemd-resolved), then start ${software}.`,
      ),
    );
  }
  const file = configurationOf(process, server);
  const faulty = checker === undefined ? undefined : await faultOf(file, checker(file));
  if (faulty !== undefined)
    findings.push(
      wrong(`${software} refuses its configuration. ${faulty}`, 'Correct that line, and reload the configuration.'),
    );
  const isIncluded = await mentions(file, includeFile);
  if (isIncluded === undefined) {
    findings.push(
      notice(
        `The configuration of ${software} was not found at ${file}, so it is not known whether it includes our file.`,
        `Make sure that it contains: ${server.includeLine(includeFile)}`,
      ),
    );
  } else if (!isIncluded) {
    findings.push(
      wrong(
        `The configuration ${file} does not include ${includeFile}, so ${software} loses zones at its next start.`,
        `Add this line to it, and reload it: ${server.includeLine(includeFile)}`,
      ),
    );
  }
  const { R_OK, W_OK } = constants;
  const locked = await access(controlFile.file, controlFile.right === 'read' ? R_OK : W_OK).then(
    () => undefined,
    (error: unknown) => sentenceOf(error),
  );
  if (locked !== undefined) {
    findings.push(
      wrong(
        `The control channel of ${software} can't be used: ${locked}.`,
        `Make sure that ${controlFile.file} exists, and that the service's user may read and write it.`,
      ),
    );
  }
  return findings;
}

/** The file with which it was started, else the one of Debian's package. */
function configurationOf(process: Listener | undefined, { configuration, configurationIn }: OperatedServer): string {
  return (configurationIn ?? behindC)(process?.command ?? []) ?? configuration;
}

function behindC(args: readonly string[]): string | undefined {
  const at = args.indexOf('-c');
  return at < 0 ? undefined : args[at + 1];
}

async function faultOf(file: string, checker: Checker): Promise<string | undefined> {
  return askProgram(file, checker).then(
    () => undefined,
    (error: unknown) => sentenceOf(error),
  );
}

/** Does a configuration, or a file that it includes, include this one? Undefined where it can't be read. */
async function mentions(configuration: string, wanted: string): Promise<boolean | undefined> {
  const seen = new Set<string>();
  const waiting = [resolve(configuration)];
  let isRead = false;
  for (let file = waiting.pop(); file !== undefined && seen.size < MOST_FILES; file = waiting.pop()) {
    if (resolve(file) === resolve(wanted)) return true;
    if (seen.has(file)) continue;
    seen.add(file);
    const text = await configurationText(file).catch(() => undefined);
    if (text === undefined) continue;
    isRead = true;
    for (const [, named = ''] of text.matchAll(INCLUDE))
      waiting.push(...(await includedFiles(resolve(dirname(file), named))));
  }
  return isRead ? false : undefined;
}
