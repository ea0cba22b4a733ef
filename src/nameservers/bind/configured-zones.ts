import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { defined } from '../../operations/defined.js';
import { askProgram } from '../configured/configuration-reading.js';
import type { ConfiguredZone, StatementPlace } from '../configured/configured-zone.js';
import { statementsOfFiles } from '../configured/named-conf-files.js';
import { statementsOf, valueOf, type Statement } from '../configured/named-conf-statements.js';

/** What a type of zone is, where it is none that has its data from a file of this server. */
const OTHER_TYPES: Readonly<Record<string, string>> = {
  secondary: 'a secondary: take it from its primary',
  slave: 'a secondary: take it from its primary',
  mirror: 'a mirror of another server',
  hint: 'the hint for the root servers',
  forward: 'forwarded to other servers',
  stub: 'a stub: take it from its primary',
  'static-stub': 'a stub: take it from its primary',
  redirect: 'for redirecting what does not exist',
  'delegation-only': 'for refusing what is not delegated',
};

type Found = Pick<ConfiguredZone, 'file' | 'leftOut' | 'isOther'> & { warnings?: readonly string[] };

/**
 * The zones that a named has by its configuration, read as BIND reads it: `named-checkconf` puts includes, defaults and
 * spellings together. Rejects with nameserver_configuration_unreadable.
 */
export async function zonesOfNamed(file: string): Promise<ConfiguredZone[]> {
  const args = ['-p', '-x', file];
  const text = await askProgram(file, { program: 'named-checkconf', args, debianPackage: 'bind9-utils' });
  const statements = statementsOf(text);
  const options = statements.find(({ words }) => words[0] === 'options')?.body ?? [];
  const places = await placesOf(file);
  const zones: ConfiguredZone[] = [];
  const add = (statement: Statement, found: Found): void => {
    const name = (statement.words[1] ?? '').replace(/(?<=.)\.$/, '');
    const place = places.get(name.toLowerCase())?.shift();
    zones.push({ name, warnings: [], ...found, ...defined({ place }) });
  };
  for (const statement of statements) {
    const [kind, name = ''] = statement.words;
    if (kind === 'zone') add(statement, zoneOf(statement, options));
    // A view has answers of its own; what all members serve can't be right for every view.
    const inView = statement.body?.filter(({ words }) => words[0] === 'zone') ?? [];
    if (kind === 'view') {
      for (const zone of inView) add(zone, { leftOut: `in the view "${name}": members answer everybody the same` });
    }
  }
  return zones;
}

function zoneOf({ words, body = [] }: Statement, options: readonly Statement[]): Found {
  const word = (name: string): string | undefined => valueOf(body, name)?.words[1];
  const inherited = (name: string): Statement | undefined => valueOf(body, name) ?? valueOf(options, name);
  const recordClass = words[2]?.toUpperCase() ?? 'IN';
  if (recordClass !== 'IN') return { leftOut: `of the class ${recordClass}`, isOther: true };
  const type = word('type') ?? '';
  const other = OTHER_TYPES[type];
  if (other !== undefined) return { leftOut: other, isOther: true };
  if (type !== 'primary' && type !== 'master') return { leftOut: 'answered from another zone or view', isOther: true };
  const file = word('file');
  if (file === undefined) return { leftOut: 'not from a file but from a database' };
  const format = inherited('masterfile-format')?.words[1] ?? 'text';
  if (format !== 'text') {
    return { leftOut: `in a file of the format ${format}: write it as text first (named-compilezone -f ${format})` };
  }
  const policy = inherited('dnssec-policy')?.words[1] ?? 'none';
  if (policy !== 'none' || inherited('auto-dnssec')?.words[1] === 'maintain') {
    return {
      leftOut:
        'signed by BIND itself: its file has no signatures, and without them it would be bogus. Take its DS record away at the registrar first, then its dnssec-policy',
    };
  }
  const directory = valueOf(options, 'directory')?.words[1];
  if (!isAbsolute(file) && directory === undefined) {
    return { leftOut: `in ${file}, and the configuration does not name the directory: name it in the options` };
  }
  const path = isAbsolute(file) ? file : join(directory ?? '', file);
  const journal = word('journal') ?? `${file}.jnl`;
  if (existsSync(isAbsolute(journal) ? journal : join(directory ?? '', journal))) {
    return {
      leftOut: `changed by dynamic updates that are in its journal ${journal}: have BIND write them to its file (rndc freeze ZONE; rndc sync -clean ZONE), then adopt it`,
    };
  }
  return {
    file: path,
    warnings: isDynamic(body, options) ? ['dynamic updates (RFC 2136) of it are no longer accepted'] : [],
  };
}

function isDynamic(body: readonly Statement[], options: readonly Statement[]): boolean {
  if (valueOf(body, 'update-policy') !== undefined) return true;
  const allowed = valueOf(body, 'allow-update') ?? valueOf(options, 'allow-update');
  return allowed?.body?.some(({ words }) => words[0] !== 'none') === true;
}

/**
 * Where zones' statements stand, by their names; named-checkconf does not say it. A configuration that only BIND reads
 * has none.
 */
async function placesOf(file: string): Promise<Map<string, StatementPlace[]>> {
  const places = new Map<string, StatementPlace[]>();
  const add = (name = '', place: StatementPlace): void => {
    const key = name.replace(/(?<=.)\.$/, '').toLowerCase();
    places.set(key, [...(places.get(key) ?? []), place]);
  };
  for (const { words, body, place } of await statementsOfFiles(file).catch(() => [])) {
    if (words[0] === 'zone') add(words[1], place);
    if (words[0] !== 'view') continue;
    for (const { words: inner } of body ?? []) if (inner[0] === 'zone') add(inner[1], place);
  }
  return places;
}
