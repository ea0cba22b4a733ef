import { access, constants } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { sentenceOf } from '../../errors.js';
import { askProgram, configurationText, includedFiles } from '../../nameservers/configured/configuration-reading.js';
import type { Checker } from '../../nameservers/configured/configured-zone.js';
import { SOURCES, type SourceKind } from '../../nameservers/sources.js';
import type { NameserverSettings } from '../../nameservers/kinds.js';
import { notice, ok, wrong, type Check, type Finding } from './check.js';
import type { Facts } from './facts.js';
import { listenersAt, type Listener } from './listening.js';

interface Operators {
  /** Of its process. */
  program: string;
  /** The line that its configuration needs. */
  line: (includeFile: string) => string;
}

/** How each server is looked at that the operator runs. */
const OPERATORS: Readonly<Record<SourceKind, Operators>> = {
  bind: { program: 'named', line: (file) => `include "${file}";` },
  powerdns: { program: 'pdns_server', line: (file) => `bind-config=${file}` },
  nsd: { program: 'nsd', line: (file) => `include: "${file}"` },
  knot: { program: 'knotd', line: (file) => `include: ${file}` },
};

const MOST_FILES = 1_000;
const INCLUDE = /^\s*(?:include:?\s|bind-config\s*=|include-dir\s*=)\s*"?([^";\n]+?)"?\s*;?\s*(?:(?:#|\/\/).*)?$/gm;

/** Does the nameserver run, and does its configuration let us in? */
export const NAMESERVER_CHECK: Check = {
  name: 'nameserver',
  run: async (facts) => {
    const { nameserver } = facts.settings ?? {};
    const running = runningFindings(facts);
    if (nameserver === undefined || nameserver.kind === 'embedded' || nameserver.operator === undefined) return running;
    return [...running, ...(await operatorFindings(nameserver.kind, nameserver))];
  },
};

function runningFindings({ service, settings }: Facts): Finding[] {
  if (service === undefined) return [];
  const { software, version, running, reason = '', signedZones = [] } = service.status.nameserver;
  const { kind = 'embedded' } = settings?.nameserver ?? {};
  const log = kind === 'embedded' ? 'node.log' : `the log of ${software}`;
  if (!running) {
    return [
      wrong(
        `The nameserver ${software} does not run, or does not let us in: ${reason}`,
        `Start ${software}, and look into ${log} where it does not start.`,
      ),
    ];
  }
  const signing = signedZones.map((zone) =>
    wrong(
      `${software} signs ${zone} by itself, so its records can't be kept the same on other servers.`,
      `Take its DS record away at the registrar, then pdnsutil disable-dnssec ${zone}`,
    ),
  );
  return [ok(`The nameserver runs: ${`${software} ${version}`.trim()}.`), ...signing];
}

async function operatorFindings(kind: SourceKind, settings: NameserverSettings): Promise<Finding[]> {
  if (settings.kind === 'embedded' || settings.operator === undefined) return [];
  const { operator, host, port } = settings;
  const { program, line } = OPERATORS[kind];
  const { software, checker } = SOURCES[kind];
  const findings: Finding[] = [];
  const listeners = await listenersAt(host, port);
  // NSD's processes are called `nsd: xfrd` and `nsd: server 1`.
  const process = listeners.find(({ name }) => name === program || name.startsWith(`${program}: `));
  const [stranger] = listeners;
  if (process === undefined && stranger !== undefined) {
    findings.push(
      wrong(
        `Port ${port} belongs to ${stranger.name} (process ${stranger.pid}), and not to ${software}.`,
        `End ${stranger.name} (systemctl disable --now systemd-resolved, where it is that), then start ${software}.`,
      ),
    );
  }
  const file = configurationOf(process, kind);
  const faulty = checker === undefined ? undefined : await faultOf(file, checker(file));
  if (faulty !== undefined)
    findings.push(
      wrong(`${software} refuses its configuration. ${faulty}`, 'Repair that line, and have it read again.'),
    );
  const isIncluded = await mentions(file, operator.includeFile);
  if (isIncluded === undefined) {
    findings.push(
      notice(
        `The configuration of ${software} was not found at ${file}, so it is not known whether it includes our file.`,
        `See that it holds: ${line(operator.includeFile)}`,
      ),
    );
  } else if (!isIncluded) {
    findings.push(
      wrong(
        `The configuration ${file} does not include ${operator.includeFile}, so ${software} has lost zones after its next start.`,
        `Add this line to it, and have it read again: ${line(operator.includeFile)}`,
      ),
    );
  }
  const door = 'keyFile' in operator ? operator.keyFile : operator.controlSocket;
  // To connect to a socket is to write to it: Knot's can't be read by anybody.
  const locked = await access(door, 'keyFile' in operator ? constants.R_OK : constants.W_OK).then(
    () => undefined,
    (error: unknown) => sentenceOf(error),
  );
  if (locked !== undefined) {
    findings.push(
      wrong(
        `The way to the control channel of ${software} is closed: ${locked}.`,
        `See that ${door} is there, and that the user of the service may read and write it.`,
      ),
    );
  }
  return findings;
}

/** The file with which it was started, else the one of Debian's package. */
function configurationOf(process: Listener | undefined, kind: SourceKind): string {
  const arguments_ = process?.command ?? [];
  const at = arguments_.indexOf('-c');
  const folder = arguments_
    .map((argument) => /^--config-dir=(.+)$/.exec(argument)?.[1])
    .find((path) => path !== undefined);
  if (kind === 'powerdns') return folder === undefined ? SOURCES[kind].configuration : join(folder, 'pdns.conf');
  return (at < 0 ? undefined : arguments_[at + 1]) ?? SOURCES[kind].configuration;
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
