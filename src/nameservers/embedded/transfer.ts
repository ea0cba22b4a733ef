import { encodeMessage, type DnsMessage } from '../../dns/messages/message.js';
import { compareSerials } from '../../dns/serial.js';
import { TYPE } from '../../dns/types.js';
import type { ZoneData } from './zone-data.js';

// Pointers reach 16384 octets, so longer messages compress badly (RFC 5936 §3.4); a record alone may be longer.
const MESSAGE_SIZE = 16_000;
const RECORD_OVERHEAD = 10;

/**
 * The messages of a whole zone, for AXFR and for IXFR, which may be answered so (RFC 1995 §4): the SOA, all other
 * records, the SOA again (RFC 5936 §2.2). An IXFR gets the SOA alone over UDP, which says to come again over TCP, and
 * where the zone is no newer than `held`, the serial that the asker has (RFC 1995 §2). `response` holds the question.
 */
export function* transfer(
  zone: ZoneData,
  response: DnsMessage,
  { tcp, held }: { tcp: boolean; held: number | undefined },
): Generator<Buffer> {
  const soa = zone.records.filter((record) => record.type === TYPE.SOA);
  if (!tcp || (held !== undefined && compareSerials(held, zone.serial) >= 0)) {
    yield encodeMessage({ ...response, aa: true, answer: soa });
    return;
  }
  let batch = [...soa];
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
  yield encodeMessage({ ...response, aa: true, answer: [...batch, ...soa] });
}
