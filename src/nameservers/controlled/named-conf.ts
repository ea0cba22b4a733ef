import type { IncludeSyntax } from './include-file.js';

/** A string of named.conf, which several servers read. */
export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

const STATEMENT = /^zone "([^"]+)" \{ type \w+; file "((?:[^"\\]|\\.)*)";/gm;

/** The body of a zone's statement: its master file, the word that the server has for a primary, and `more` options. */
export function zoneBody(file: string, type: 'primary' | 'master', more = ''): string {
  return `{ type ${type}; file ${quote(file)};${more} };`;
}

/** The syntax of named.conf, for a file that it includes. */
export function zoneStatements(type: 'primary' | 'master', more = ''): IncludeSyntax {
  return {
    notice: '// Written by dns-cluster. Changes made here are lost.\n',
    whole: (parts) => parts.map((file) => `include ${quote(file)};\n`).join(''),
    zone: (name, file) => `zone "${name}" ${zoneBody(file, type, more)}\n`,
    *zones(text) {
      for (const [, name = '', file = ''] of text.matchAll(STATEMENT)) yield [name, file.replace(/\\(.)/g, '$1')];
    },
  };
}
