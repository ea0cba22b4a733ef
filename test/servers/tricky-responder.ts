import { BlockList } from 'node:net';
import { CookieJar } from '../../src/dns/messages/cookie.js';
import type { Name } from '../../src/dns/name.js';
import { parseZone } from '../../src/dns/zone-text/parser.js';
import { RateLimit } from '../../src/nameservers/embedded/rate-limit.js';
import { Responder } from '../../src/nameservers/embedded/responder.js';
import { embeddedSettings } from '../../src/nameservers/embedded/settings.js';
import { ZoneData } from '../../src/nameservers/embedded/zone-data.js';
import type { Log } from '../../src/operations/log.js';
import { TRICKY_ZONES } from './tricky-zones.js';

const everyone = new BlockList();
everyone.addSubnet('0.0.0.0', 0, 'ipv4');
const zones = new Map<Name, ZoneData>();
for (const [name, text] of Object.entries(TRICKY_ZONES)) {
  const { origin, records } = parseZone(text, name);
  zones.set(origin, new ZoneData(origin, records));
}
const { rateLimit } = embeddedSettings.parse({ rateLimit: { responsesPerSecond: 0 } });

/** The tricky zones, and what answers for them: everybody, at any rate, transfers as well. */
export function trickyResponder(log: Log): { zones: ReadonlyMap<Name, ZoneData>; responder: Responder } {
  const options = {
    allowTransfer: everyone,
    rateLimit: new RateLimit(rateLimit, [], log),
    cookies: new CookieJar(),
    log,
    isWhole: () => true,
  };
  return { zones, responder: new Responder(zones, options) };
}
