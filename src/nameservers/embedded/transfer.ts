import { encodeMessage, RCODE, type DnsMessage } from '../../dns/messages/message.js';
import { lowerName } from '../../dns/name.js';
import type { ResourceRecord } from '../../dns/zone.js';
import { TYPE } from '../../dns/types.js';
import type { ZoneTable } from './zone-data.js';

// Pointers reach 16384 octets, so longer messages compress badly (RFC 5936 §3.4); a record alone may be longer.
const MESSAGE_SIZE = 16_000;
const RECORD_OVERHEAD = 10;

/**
 * The messages of a whole zone, for AXFR and for IXFR, which may be answered so (RFC 1995 §4): the SOA, all other
 * records, the SOA again (RFC 5936 §2.2). Over UDP an IXFR gets the SOA alone: come again over TCP. `response` holds
 * the question.
 */
export function* transfer(zones: ZoneTable, response: DnsMessage, tcp: boolean): Generator<Buffer> {
  const apex = response.questions[0]?.name;
  const zone = apex === undefined ? undefined : zones.get(lowerName(apex));
  const soa = zone?.records.find((record) => record.type === TYPE.SOA);
  if (zone === undefined || soa === undefined) {
    yield encodeMessage({ ...response, rcode: RCODE.NOTAUTH });
    return;
  }
  if (!tcp) {
    yield encodeMessage({ ...response, aa: true, answer: [soa] });
    return;
  }
  let batch: ResourceRecord[] = [soa];
  let size = 0;
  for (const record of zone.records) {
    if (record.type === TYPE.SOA) continue;
    size += record.owner.length + RECORD_OVERHEAD + record.rdata.length;
    if (size > MESSAGE_SIZE) {
      yield encodeMessage({ ...response, aa: true, answer: batch });
      batch = [];
      size = record.owner.length + RECORD_OVERHEAD + record.rdata.length;
    }
    batch.push(record);
  }
  yield encodeMessage({ ...response, aa: true, answer: [...batch, soa] });
}
