import type { ResourceRecord } from './zone.js';
import { TYPE } from './types.js';

/** What is wrong with the DNSSEC records at the top of a zone, as far as BIND would refuse the zone for it. */
export function faultsOfKeys(apex: readonly ResourceRecord[]): { line: number; message: string }[] {
  const keys = new Set(apex.filter(({ type }) => type === TYPE.DNSKEY).map(({ rdata }) => rdata.charCodeAt(3)));
  const faults: { line: number; message: string }[] = [];
  for (const type of [TYPE.CDS, TYPE.CDNSKEY]) {
    const children = apex.filter((record) => record.type === type);
    const removals = children.filter((record) => algorithmOf(record) === 0); // RFC 8078 §4
    for (const record of children) {
      if (removals.length > 0 && removals.length < children.length) {
        faults.push({
          line: record.line,
          message: 'CDS and CDNSKEY either name keys or ask for removal (RFC 8078 §4)',
        });
        break;
      }
      if (removals.length === 0 && !keys.has(algorithmOf(record))) {
        faults.push({ line: record.line, message: 'CDS or CDNSKEY without a DNSKEY of its algorithm (RFC 7344 §4.1)' });
      }
    }
  }
  for (const { type, rdata, line } of apex) {
    if (type === TYPE.NSEC3PARAM && rdata.charCodeAt(0) !== 1) {
      faults.push({ line, message: 'NSEC3PARAM has a hash algorithm that is not known; only 1 is' });
    }
  }
  return faults;
}

/** CDS has its algorithm behind the key tag, CDNSKEY behind flags and protocol. */
function algorithmOf({ type, rdata }: ResourceRecord): number {
  return rdata.charCodeAt(type === TYPE.CDS ? 2 : 3);
}
