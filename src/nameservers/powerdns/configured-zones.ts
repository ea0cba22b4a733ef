import { readdir } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { ClusterError } from '../../errors.js';
import { askProgram, configurationText } from '../configured/configuration-reading.js';
import type { ConfiguredZone } from '../configured/configured-zone.js';
import { statementsOfFiles } from '../configured/named-conf-files.js';
import { valueOf, type Statement } from '../configured/named-conf-statements.js';

const SETTING = /^\s*([a-z0-9-]+)\+?\s*=\s*(.*?)\s*$/;

/**
 * The zones that a PowerDNS has by its bind backend, from its pdns.conf or from the file that is its `bind-config`.
 * Zones of its other backends are in databases: they can be had by AXFR. Rejects with
 * nameserver_configuration_unreadable.
 */
export async function zonesOfPdns(file: string): Promise<ConfiguredZone[]> {
  const settings = await settingsOf(file);
  if (!settings.has('launch') && !settings.has('bind-config')) return zonesOfBindConfig(file, new Set());
  const bindConfig = settings.get('bind-config') ?? '';
  if (bindConfig === '') {
    const why = `it has no bind-config (it launches: ${settings.get('launch') ?? ''}); take zones of other backends with --axfr`;
    throw new ClusterError('nameserver_configuration_unreadable', { file, why });
  }
  const isSigning = (settings.get('bind-dnssec-db') ?? '') !== '';
  return zonesOfBindConfig(bindConfig, isSigning ? await zonesWithKeys(file) : new Set());
}

async function zonesOfBindConfig(file: string, signed: ReadonlySet<string>): Promise<ConfiguredZone[]> {
  const statements = await statementsOfFiles(file);
  const options = statements.find(({ words }) => words[0] === 'options')?.body ?? [];
  const directory = valueOf(options, 'directory')?.words[1] ?? dirname(file);
  return statements
    .filter(({ words }) => words[0] === 'zone')
    .map(({ words, body = [], place }) => {
      const name = (words[1] ?? '').replace(/(?<=.)\.$/, '');
      return { name, place, warnings: [], ...zoneOf(body, directory, signed.has(name.toLowerCase())) };
    });
}

function zoneOf(
  body: readonly Statement[],
  directory: string,
  isSigned: boolean,
): Pick<ConfiguredZone, 'file' | 'leftOut' | 'isOther'> {
  const type = valueOf(body, 'type')?.words[1]?.toLowerCase() ?? '';
  // 4.7 passes over zones of the type "primary".
  if (type === 'slave' || type === 'secondary')
    return { leftOut: 'a secondary: take it from its primary', isOther: true };
  if (type !== 'master' && type !== 'native')
    return { leftOut: `of the type ${type}, which PowerDNS does not serve`, isOther: true };
  const file = valueOf(body, 'file')?.words[1];
  if (file === undefined) return { leftOut: 'without a file' };
  if (isSigned) {
    return {
      leftOut:
        'signed by PowerDNS itself: its file has no signatures, and without them it would be bogus. Take its DS record away at the registrar first, then its keys (pdnsutil disable-dnssec)',
    };
  }
  return { file: isAbsolute(file) ? file : join(directory, file) };
}

/** `pdns.conf` and the files of its include-dir; the last of a name counts. */
async function settingsOf(file: string): Promise<Map<string, string>> {
  const settings = new Map<string, string>();
  const read = async (path: string): Promise<void> => {
    for (const line of (await configurationText(path)).split('\n')) {
      const [, name, value = ''] = SETTING.exec(line) ?? [];
      if (name !== undefined) settings.set(name, value);
    }
  };
  await read(file);
  const folder = settings.get('include-dir') ?? '';
  const more = folder === '' ? [] : await readdir(folder).catch(() => []);
  for (const name of more.filter((entry) => entry.endsWith('.conf')).sort()) await read(join(folder, name));
  return settings;
}

/** Zones that have keys, and are not marked as signed in their files already. */
async function zonesWithKeys(file: string): Promise<Set<string>> {
  const args = [`--config-dir=${dirname(file)}`, 'list-keys'];
  const text = await askProgram(file, { program: 'pdnsutil', args, debianPackage: 'pdns-server' });
  return new Set(
    text
      .split('\n')
      .flatMap((line) =>
        /\b[KZC]SK\b/.test(line) ? [line.split(/\s+/)[0]?.replace(/\.$/, '').toLowerCase() ?? ''] : [],
      ),
  );
}
