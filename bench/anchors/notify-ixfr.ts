import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { CLASS_IN, decodeMessage, encodeMessage, RCODE } from '../../src/dns/messages/message.js';
import { parseName } from '../../src/dns/name.js';
import { TYPE } from '../../src/dns/types.js';
import { hostingZone } from '../../test/hosting-zones.js';
import { percentile } from '../figures.js';
import { HOST, type BenchNamed } from './bench-named.js';
import { NamedPair } from './named-pair.js';

const SERIAL = 2026010101;
const SERVED_WITHIN = 60_000;
const OPCODE_UPDATE = 5; // RFC 2136 §2.2

export interface ChangeFigures {
  p50: number;
  p99: number;
}

/** How the primary is given a change: an UPDATE message (RFC 2136), or a new file and `rndc reload`. */
export type Way = 'update' | 'reload';

/** What an operator can set to let a change travel at once: notify-delay is 5 s by default. */
const TUNED = {
  primary: 'notify-delay 0; notify-rate 10000;',
  secondary: 'serial-query-rate 10000;',
};
/**
 * For the start only. At its default rate a secondary compares the serials of 10,000 zones for over 8 minutes, and
 * notify-delay also counts from a zone's loading, which would hold up only a primary that was started a moment ago.
 */
const QUICK_START = { primary: 'notify no; notify-delay 0;', secondary: 'serial-query-rate 10000;' };

/** Changes one zone on the primary; resolves when the primary has accepted it. The serial grows by one. */
const CHANGE: Readonly<Record<Way, (primary: BenchNamed, zone: number, serial: number) => Promise<void>>> = {
  async update(primary, zone, serial) {
    const { name } = hostingZone(zone);
    const socket = createSocket('udp4');
    socket.connect(primary.dns.port, primary.dns.host);
    await once(socket, 'connect');
    const rdata = Buffer.from([192, 0, 2, serial & 255]).toString('latin1');
    const message = encodeMessage({
      ...{ id: serial & 0xffff, response: false, opcode: OPCODE_UPDATE, rcode: 0 },
      ...{ aa: false, tc: false, rd: false, ra: false, ad: false, cd: false },
      questions: [{ name: parseName(`${name}.`), type: TYPE.SOA, class: CLASS_IN }],
      answer: [],
      authority: [{ owner: parseName(`bench-${serial}.${name}.`), ttl: 300, type: TYPE.A, rdata, line: 0 }],
      additional: [],
    });
    socket.send(message);
    const [octets] = (await once(socket, 'message')) as [Buffer];
    socket.close();
    const { rcode } = decodeMessage(octets);
    if (rcode !== RCODE.NOERROR) throw new Error(`the primary refused an update with rcode ${rcode}`);
  },
  async reload(primary, zone, serial) {
    const { name, text } = hostingZone(zone, 'hosting', serial);
    await writeFile(NamedPair.file(primary, name), `${text}bench-${serial} 300 IN A 192.0.2.${serial & 255}\n`);
    await primary.command(`reload ${name}`);
  },
};

export interface NotifyOptions {
  /** Zones loaded on both sides. */
  zones: number;
  /** Changes, one at a time. */
  changes: number;
  /** Are they all of one zone, as of somebody at work on it? Else each is of another. */
  sameZone?: boolean;
  way: Way;
  tuned: boolean;
}

/**
 * BIND alone: milliseconds from the primary's "accepted" to the first answer of the secondary with the new serial, by
 * way of NOTIFY and IXFR.
 */
export function notifyIxfr(options: NotifyOptions): Promise<ChangeFigures> {
  const { way, tuned } = options;
  return NamedPair.with(options.zones, async (pair) => {
    const { primary, secondary } = pair;
    await pair.writeZones(secondary);
    const more = tuned ? TUNED : { primary: '', secondary: '' };
    const primaryZones = pair.statements(
      primary,
      way === 'update' ? `type primary; allow-update { ${HOST}; };` : 'type primary; ixfr-from-differences yes;',
    );
    const secondaryZones = pair.statements(
      secondary,
      `type secondary; masterfile-format text; primaries { ${HOST} port ${primary.dns.port}; };`,
    );
    await primary.configure(QUICK_START.primary, primaryZones);
    await secondary.configure(QUICK_START.secondary, secondaryZones);
    await primary.start();
    await secondary.start();
    await settled(secondary);
    const notify = `notify explicit; also-notify { ${HOST} port ${secondary.dns.port}; }; allow-transfer { any; };`;
    await primary.configure(`${notify} ${more.primary}`, primaryZones);
    await secondary.configure(more.secondary, secondaryZones);
    await primary.command('reconfig');
    await secondary.command('reconfig');
    return measure(pair, options);
  });
}

async function measure(pair: NamedPair, { zones, changes, sameZone, way }: NotifyOptions): Promise<ChangeFigures> {
  const spread = sameZone === true ? 1 : zones;
  const client = pair.askSecondary();
  const taken: number[] = [];
  try {
    for (let i = 0; i < changes; i++) {
      const zone = (i * 7919) % spread;
      const serial = SERIAL + 1 + Math.floor(i / spread);
      await CHANGE[way](pair.primary, zone, serial);
      const accepted = performance.now();
      const apex = parseName(`${hostingZone(zone).name}.`);
      while ((await client.soaSerial(apex)) !== serial) {
        if (performance.now() - accepted > SERVED_WITHIN) throw new Error(`not served within ${SERVED_WITHIN} ms`);
      }
      taken.push(performance.now() - accepted);
    }
  } finally {
    client.close();
  }
  return { p50: percentile(taken, 0.5), p99: percentile(taken, 0.99) };
}

/**
 * After its start a secondary compares the serials of all its zones with the primary's; resolves when it is through.
 */
async function settled(secondary: BenchNamed): Promise<void> {
  for (let quiet = 0; quiet < 5;) {
    const text = await secondary.command('status');
    quiet = /soa queries in progress: 0$/m.test(text) && /xfers running: 0$/m.test(text) ? quiet + 1 : 0;
    await pause(200);
  }
}
