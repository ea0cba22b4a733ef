import type { OctetReader, OctetWriter } from '../octets.js';
import type { RdataText } from '../rdata-text.js';

/**
 * One field of a type's rdata. A type is a list of fields (rdata.ts); everything that is done with rdata is done by
 * walking that list, so a field is the only place that knows its own spelling, its octets and its limits.
 */
export interface Field {
  /** Text to wire. Throws through `text.refuse`, or RdataError, which is placed at the token read last. */
  parse(text: RdataText, out: OctetWriter): void;
  /**
   * Wire to text, as BIND spells it; '' where the field is empty. Throws RdataError where the octets are not such a
   * field.
   */
  print(rdata: OctetReader): string;
  /** The name in this field is in lower case in canonical form (RFC 4034 §6.2 as changed by RFC 6840 §5.1). */
  lowerCase?: true;
  /** The field is text, which may be in quotes: one word, or all words to the end. */
  text?: 'one' | 'rest';
}
