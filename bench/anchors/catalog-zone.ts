import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { untilAllAnswered } from '../../test/node-processes.js';
import { HOST } from './bench-named.js';
import { NamedPair } from './named-pair.js';

const CATALOG = 'catalog.example';
const SERIAL = 2026010101;
/** At its default rate BIND brings in 18 zones a second. */
const PATIENCE = 1_200_000;

/** What an operator can set to let a secondary transfer as fast as it can; all else has no effect on the figure. */
const TUNED = {
  primary: 'transfers-out 1000; tcp-clients 2000; tcp-listen-queue 1000; notify-rate 10000;',
  secondary:
    'serial-query-rate 10000; transfers-in 1000; transfers-per-ns 1000; tcp-clients 2000; tcp-listen-queue 1000;',
};

/** A catalog zone of version 2 (RFC 9432 §4) with these members. */
function catalogText(serial: number, members: readonly { name: string }[]): string {
  const lines = members.map(({ name }) => `${createHash('sha1').update(name).digest('hex')}.zones 0 IN PTR ${name}.\n`);
  return `@ 0 IN SOA invalid. invalid. ${serial} 3600 600 2147483646 0\n@ 0 IN NS invalid.\nversion 0 IN TXT "2"\n${lines.join('')}`;
}

/**
 * BIND alone: `count` new zones from a primary to a fresh secondary by a catalog zone and AXFR, from the moment that
 * the primary is told of the new catalog until the secondary answers every zone. The primary has loaded all zones
 * before, the secondary runs. Zones a second.
 */
export function catalogZone(count: number, tuned: boolean): Promise<number> {
  return NamedPair.with(count, async (pair) => {
    const { primary, secondary, zones } = pair;
    const catalog = join(primary.folder, 'catalog');
    await writeFile(catalog, catalogText(1, []));
    const more = tuned ? TUNED : { primary: '', secondary: '' };
    // The zones' own NOTIFY messages at the start of the primary would go to a secondary that does not know them yet.
    // BIND counts notify-delay from a zone's loading too, which would hold up only a primary that was started a moment
    // ago.
    await primary.configure(
      `notify no; allow-transfer { any; }; ${more.primary}`,
      `zone "${CATALOG}" { type primary; file "${catalog}"; notify explicit; notify-delay 0; also-notify { ${HOST} port ${secondary.dns.port}; }; };
${pair.statements(primary, 'type primary;')}`,
    );
    const from = `${HOST} port ${primary.dns.port}`;
    await secondary.configure(
      `allow-new-zones yes; ${more.secondary}
  catalog-zones { zone "${CATALOG}" default-primaries { ${from}; } ${tuned ? 'min-update-interval 1' : ''}; };`,
      `zone "${CATALOG}" { type secondary; file "catalog"; primaries { ${from}; }; };`,
    );
    await primary.start();
    await secondary.start();
    const client = pair.askSecondary();
    try {
      await untilAllAnswered(client, [{ name: CATALOG, text: '' }], 1, 30_000);
      await writeFile(catalog, catalogText(2, zones));
      const start = performance.now();
      await primary.command(`reload ${CATALOG}`);
      await untilAllAnswered(client, zones, SERIAL, PATIENCE);
      return count / ((performance.now() - start) / 1000);
    } finally {
      client.close();
    }
  });
}
