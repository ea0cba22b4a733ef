import { readdirSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { fileURLToPath } from 'node:url';
import { ClusterError } from '../errors.js';
import { PACKAGE_ROOT } from '../operations/version.js';
import type { ZoneName } from './zone-name.js';

const FOLDER = fileURLToPath(new URL('templates/zones', PACKAGE_ROOT));
const ENDING = '.zone';

const HOST = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)+\.?$/i;

/**
 * Each variable's check, and what stands for it where it is not given. A value is checked, because it becomes zone
 * text.
 */
const VARIABLES: Readonly<
  Record<string, { check: (value: string) => boolean; wants: string; absent?: (zone: ZoneName) => string }>
> = {
  ip: { check: (value) => isIP(value) === 4, wants: 'an IPv4 address' },
  ns1: { check: isHost, wants: 'a host name', absent: (zone) => `ns1.${zone}` },
  ns2: { check: isHost, wants: 'a host name', absent: (zone) => `ns2.${zone}` },
  hostmaster: { check: isHost, wants: 'a mailbox written as a host name', absent: (zone) => `hostmaster.${zone}` },
  ttl: { check: (value) => /^[0-9]{1,9}$/.test(value), wants: 'seconds', absent: () => '14400' },
  serial: {
    check: (value) => /^[0-9]{1,10}$/.test(value) && Number(value) < 2 ** 32,
    wants: 'a number below 2^32',
    absent: todaysSerial,
  },
};

/** A template's line about the host that a variable names, as `{{ns1}}. IN A {{ip}}`. */
const HOST_LINE = /^\{\{([a-z0-9]+)\}\}\.\s/;

/** The templates that there are, by name. */
export function templateNames(): string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(ENDING))
    .map((file) => file.slice(0, -ENDING.length))
    .sort();
}

/**
 * A zone's text from `templates/zones/NAME.zone`, with `{{variable}}` replaced. A line whose owner is a variable is for
 * a host below the zone (BIND refuses a zone whose own nameservers have no address in it), and is left out for a host
 * elsewhere. Throws template_unknown, or template_variable where one is missing or is not what it should be.
 */
export function zoneFromTemplate(
  template: string,
  variables: Readonly<Record<string, string>>,
  zone: ZoneName,
): Buffer {
  const known = templateNames();
  if (!known.includes(template)) {
    throw new ClusterError('template_unknown', { template: template.slice(0, 40), known: known.join(', ') });
  }
  const valueOf = (variable: string): string => {
    const rule = VARIABLES[variable];
    const given = Object.hasOwn(variables, variable) ? variables[variable] : undefined;
    const value = given === undefined || given === '' ? rule?.absent?.(zone) : given;
    if (rule === undefined || value === undefined || !rule.check(value)) {
      throw new ClusterError('template_variable', { template, variable, why: `it must be ${rule?.wants ?? 'known'}` });
    }
    // The templates write the final dot of a host name themselves.
    return value.replace(/\.$/, '');
  };
  const belongs = (line: string): boolean => {
    const variable = HOST_LINE.exec(line)?.[1];
    return variable === undefined || valueOf(variable).toLowerCase().endsWith(`.${zone}`);
  };
  const lines = readFileSync(`${FOLDER}/${template}${ENDING}`, 'utf8').split('\n').filter(belongs);
  return Buffer.from(lines.join('\n').replaceAll(/\{\{([a-z0-9]+)\}\}/g, (_, variable: string) => valueOf(variable)));
}

function isHost(value: string): boolean {
  return value.length <= 253 && HOST.test(value);
}

/** As people write serials by hand: the date and a counter. */
function todaysSerial(): string {
  return `${new Date().toISOString().slice(0, 10).replaceAll('-', '')}01`;
}
