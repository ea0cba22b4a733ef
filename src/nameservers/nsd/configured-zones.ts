import { dirname, isAbsolute, join } from 'node:path';
import { defined } from '../../operations/defined.js';
import { askProgram, configurationText } from '../configured/configuration-reading.js';
import type { ConfiguredZone } from '../configured/configured-zone.js';
import { sectionPlaces } from '../configured/section-places.js';
import { PREFIX } from './patterns.js';

/** One section of what nsd-checkconf prints. */
interface Section {
  kind: string;
  /** Of each option the values. */
  options: Map<string, string[]>;
}

/**
 * The zones that an NSD has, by its configuration, as `nsd-checkconf` puts it together, and by the list of those that
 * were added while it ran. Rejects with nameserver_configuration_unreadable.
 */
export async function zonesOfNsd(file: string): Promise<ConfiguredZone[]> {
  const asked = { program: 'nsd-checkconf', args: ['-v', file], debianPackage: 'nsd' };
  const sections = sectionsOf(await askProgram(file, asked));
  const server = sections.find(({ kind }) => kind === 'server');
  const folder = first(server, 'zonesdir') ?? dirname(file);
  const patterns = new Map(sections.filter(({ kind }) => kind === 'pattern').map((one) => [first(one, 'name'), one]));
  const places = await sectionPlaces(file, { section: 'zone', key: 'name' });
  const configured = sections
    .filter(({ kind }) => kind === 'zone')
    .map((section): ConfiguredZone => {
      const name = nameOf(section);
      const place = places.get(name.toLowerCase());
      return { name, warnings: [], ...zoneOf(name, section, folder), ...defined({ place }) };
    });
  return [...configured, ...(await addedZones(first(server, 'zonelistfile'), patterns, folder))];
}

/** The lines `add ZONE PATTERN` of zone.list. */
async function addedZones(
  file: string | undefined,
  patterns: ReadonlyMap<string | undefined, Section>,
  folder: string,
): Promise<ConfiguredZone[]> {
  const text = file === undefined ? '' : await configurationText(file, { orMissing: true });
  const zones: ConfiguredZone[] = [];
  for (const line of text.split('\n')) {
    const [word, name, pattern = ''] = line.trim().split(/\s+/);
    const section = patterns.get(pattern);
    if (word !== 'add' || name === undefined || section === undefined || pattern.startsWith(PREFIX)) continue;
    zones.push({ name, warnings: [], ...zoneOf(name, section, folder) });
  }
  return zones;
}

function zoneOf(name: string, section: Section, folder: string): Pick<ConfiguredZone, 'file' | 'leftOut' | 'isOther'> {
  if (section.options.has('request-xfr')) return { leftOut: 'a secondary: take it from its primary', isOther: true };
  const zonefile = first(section, 'zonefile');
  if (zonefile === undefined) return { leftOut: 'without a file' };
  const path = expanded(zonefile, name);
  return { file: isAbsolute(path) ? path : join(folder, path) };
}

/** What stands for the zone in a file's name (nsd.conf(5), zonefile). */
function expanded(zonefile: string, name: string): string {
  const labels = name.split('.');
  const values: Readonly<Record<string, string>> = {
    s: name,
    1: name[0] ?? '.',
    2: name[1] ?? '.',
    3: name[2] ?? '.',
    z: labels.at(-1) ?? '.',
    y: labels.at(-2) ?? '.',
    x: labels.at(-3) ?? '.',
  };
  return zonefile.replace(/%([s123zyx])/g, (_, letter: string) => values[letter] ?? '');
}

function sectionsOf(text: string): Section[] {
  const sections: Section[] = [];
  for (const line of text.split('\n')) {
    const [, kind] = /^([a-z-]+):\s*$/.exec(line) ?? [];
    if (kind !== undefined) sections.push({ kind, options: new Map() });
    const [, name, value = ''] = /^\t([a-z0-9-]+): (.*)$/.exec(line) ?? [];
    const options = sections.at(-1)?.options;
    if (name === undefined || options === undefined) continue;
    options.set(name, [...(options.get(name) ?? []), value.replace(/^"(.*)"$/, '$1')]);
  }
  return sections;
}

function first(section: Section | undefined, name: string): string | undefined {
  return section?.options.get(name)?.[0];
}

function nameOf(section: Section): string {
  return (first(section, 'name') ?? '').replace(/(?<=.)\.$/, '');
}
