import { encodeName, formatName, NameError } from '../name.js';
import type { Field } from './field.js';

function nameField(what: string, next: 'next' | 'nextPlain', base: Pick<Field, 'lowerCase'> = {}): Field {
  return {
    ...base,
    parse(text, out) {
      const word = text[next](what);
      try {
        out.length = encodeName(text.bytes, text.startOf(word), text.endOf(word), text.origin, out.octets, out.length);
      } catch (error) {
        if (error instanceof NameError) text.refuse(error.message);
        throw error;
      }
    },
    print: (rdata) => formatName(rdata.name()),
  };
}

/** A name that is in lower case in canonical form: those of RFC 1035 and the types listed in RFC 4034 §6.2. */
export function name(what: string): Field {
  return nameField(what, 'nextPlain', { lowerCase: true });
}

/** A name that keeps its case in canonical form: those of types made after RFC 3597, and NSEC (RFC 6840 §5.1). */
export function casedName(what: string): Field {
  return nameField(what, 'nextPlain');
}

/** As `casedName`, and may be in quotes: SVCB's target. */
export function quotableName(what: string): Field {
  return nameField(what, 'next');
}
