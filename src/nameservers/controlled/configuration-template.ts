import { readFileSync } from 'node:fs';
import { PACKAGE_ROOT } from '../../operations/version.js';

/**
 * A server's configuration from `src/nameservers/TEMPLATE`, with each `{{name}}` replaced by its value as it is: the
 * caller quotes what its server's syntax wants quoted. A missing or superfluous value is a mistake of ours, and throws.
 */
export function configurationFrom(template: string, values: Readonly<Record<string, string>>): string {
  const text = readFileSync(new URL(`src/nameservers/${template}`, PACKAGE_ROOT), 'utf8');
  const used = new Set<string>();
  const filled = text.replaceAll(/\{\{([A-Za-z]+)\}\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${template}: no value for ${name}`);
    used.add(name);
    return value;
  });
  const left = Object.keys(values).filter((name) => !used.has(name));
  if (left.length > 0) throw new Error(`${template}: no place for ${left.join(', ')}`);
  return filled;
}
