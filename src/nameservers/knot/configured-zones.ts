import { isAbsolute, join } from 'node:path';
import { defined } from '../../operations/defined.js';
import { askProgram } from '../configured/configuration-reading.js';
import type { ConfiguredZone } from '../configured/configured-zone.js';
import { sectionPlaces } from '../configured/section-places.js';
import { TEMPLATE } from './configuration.js';

/** The items of a section by their ids, each with its options and their values. */
type Items = Map<string, Map<string, string[]>>;

const DEFAULT_TEMPLATE = 'default';
/** Where Debian's Knot keeps zones whose configuration does not say where. */
const DEFAULT_STORAGE = '/var/lib/knot';

/**
 * The zones that a Knot has by its configuration file, as `knotc conf-export` puts it together. Rejects with
 * nameserver_configuration_unreadable.
 */
export async function zonesOfKnot(file: string): Promise<ConfiguredZone[]> {
  const asked = { program: 'knotc', args: ['-c', file, 'conf-export'], debianPackage: 'knot' };
  const sections = sectionsOf(await askProgram(file, asked));
  const templates = sections.get('template') ?? new Map<string, Map<string, string[]>>();
  const acl = sections.get('acl') ?? new Map<string, Map<string, string[]>>();
  const places = await sectionPlaces(file, { section: 'zone', key: 'domain' });
  const zones: ConfiguredZone[] = [];
  for (const [domain, own] of sections.get('zone') ?? []) {
    const template = own.get('template')?.[0];
    if (template === TEMPLATE) continue;
    const inherited = templates.get(template ?? DEFAULT_TEMPLATE);
    const values = (name: string): readonly string[] => own.get(name) ?? inherited?.get(name) ?? [];
    const name = domain.replace(/(?<=.)\.$/, '');
    const place = places.get(name.toLowerCase());
    const isDynamic = values('acl').some((id) => acl.get(id)?.get('action')?.includes('update') === true);
    const warnings = isDynamic ? ['dynamic updates (RFC 2136) of it are no longer accepted'] : [];
    zones.push({ name, warnings, ...zoneOf(name, values), ...defined({ place }) });
  }
  return zones;
}

function zoneOf(
  name: string,
  values: (name: string) => readonly string[],
): Pick<ConfiguredZone, 'file' | 'leftOut' | 'isOther'> {
  if (values('master').length > 0) return { leftOut: 'a secondary: take it from its primary', isOther: true };
  const [role = 'none'] = values('catalog-role');
  if (role !== 'none') return { leftOut: `a catalog zone (${role})`, isOther: true };
  if (values('dnssec-signing')[0] === 'on') {
    return {
      leftOut:
        'signed by Knot DNS itself: its file may have no signatures, and without them it would be bogus. Take its DS record away at the registrar first, then its dnssec-signing',
    };
  }
  if (values('zonefile-load')[0] === 'none') return { leftOut: 'not from a file: have it by --axfr' };
  const path = expanded(values('file')[0] ?? '%s.zone', name);
  if (path === undefined) return { leftOut: 'in a file whose name is made of parts of the zone: have it by --axfr' };
  return { file: isAbsolute(path) ? path : join(values('storage')[0] ?? DEFAULT_STORAGE, path) };
}

/** `%s` is the zone's name, with `_` for `/`; other parts are rare. */
function expanded(file: string, name: string): string | undefined {
  const path = file.replaceAll('%s', name.replaceAll('/', '_'));
  return path.includes('%') ? undefined : path;
}

/** conf-export writes each value in quotation marks and escapes nothing; several stand in brackets. */
function sectionsOf(text: string): Map<string, Items> {
  const sections = new Map<string, Items>();
  let items: Items = new Map<string, Map<string, string[]>>();
  let item = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [, section] = /^([a-z-]+):$/.exec(line) ?? [];
    if (section !== undefined) {
      items = new Map<string, Map<string, string[]>>();
      sections.set(section, items);
    }
    const [, dash, name, written] = /^ {2}( {2}|- )([a-z-]+): (.*)$/.exec(line) ?? [];
    if (name === undefined || written === undefined) continue;
    const several = /^\[ (.*) \]$/.exec(written)?.[1];
    const values = several === undefined ? [written] : several.split(', ');
    const plain = values.map((value) => value.replace(/^"(.*)"$/, '$1'));
    if (dash === '- ') {
      item = new Map<string, string[]>();
      items.set(plain[0] ?? '', item);
    } else item.set(name, plain);
  }
  return sections;
}
