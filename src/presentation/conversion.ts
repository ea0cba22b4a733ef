import { wasConverted, type ZoneName } from '../zones/zone-name.js';

/** The sentence that a zone's name, as it was given, is written otherwise in DNS; none where it was not converted. */
export function conversion(given: string, name: ZoneName): string[] {
  return wasConverted(given) ? [`The name ${given} is written ${name} in DNS.`] : [];
}
