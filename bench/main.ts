import { Command } from 'commander';
import { catalogZone } from './anchors/catalog-zone.js';
import { notifyIxfr } from './anchors/notify-ixfr.js';
import { bulk } from './bulk.js';
import { changes } from './change.js';
import { median } from './figures.js';

/*
 * The two figures that users feel, each beside what BIND does alone on the same machine in the same run: in turn,
 * because a machine's speed drifts. Prints medians for people, and one line of JSON at the end.
 */
interface Options {
  zones: number;
  changes: number;
  rounds: number;
}

const integer = (text: string): number => Number.parseInt(text, 10);
const {
  zones,
  changes: times,
  rounds,
} = new Command('bench')
  .option('--zones <number>', 'zones of 14 records each', integer, 10_000)
  .option('--changes <number>', 'single changes', integer, 200)
  .option('--rounds <number>', 'runs of each', integer, 3)
  .parse()
  .opts<Options>();
/** At default settings the rates are set by BIND's limits: fewer zones and changes say as much in less time. */
const FEW_ZONES = 500;
const FEW_CHANGES = 10;

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

interface Row {
  name: string;
  measure: () => Promise<number[]>;
}

const change = ({ p50, p99 }: { p50: number; p99: number }): number[] => [p50, p99];
const tables: { title: string; unit: string; rows: Row[] }[] = [
  {
    title: `${zones} new zones into a fresh member, until all are answered`,
    unit: 'zones/s',
    rows: [
      { name: 'this software, member with BIND', measure: async () => [await bulk(zones, 'bind')] },
      { name: 'this software, member embedded', measure: async () => [await bulk(zones, 'embedded')] },
      { name: 'BIND catalog zone + AXFR, tuned', measure: async () => [await catalogZone(zones, true)] },
      {
        name: `BIND catalog zone + AXFR, default (${FEW_ZONES} zones)`,
        measure: async () => [await catalogZone(FEW_ZONES, false)],
      },
    ],
  },
  {
    title: `one change with ${zones} zones loaded, accepted → served by the member`,
    unit: 'ms, p50 and p99',
    rows: [
      { name: 'this software, member with BIND', measure: async () => change(await changes(zones, times, 'bind')) },
      {
        name: 'BIND NOTIFY → IXFR, tuned',
        measure: async () => change(await notifyIxfr({ zones, changes: times, way: 'update', tuned: true })),
      },
      {
        name: `BIND NOTIFY → IXFR, default (${FEW_CHANGES} changes)`,
        measure: async () => change(await notifyIxfr({ zones, changes: FEW_CHANGES, way: 'update', tuned: false })),
      },
    ],
  },
];

const results: Record<string, Record<string, number[]>> = {};
for (const { title, unit, rows } of tables) {
  say(`\n${title} (${unit}; medians of ${rounds})`);
  const values = new Map<string, number[][]>(rows.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const { name, measure } of rows) values.get(name)?.push(await measure());
  }
  const medians: Record<string, number[]> = {};
  for (const [name, runs] of values) {
    const columns = runs[0]?.map((_, i) => Math.round(median(runs.map((run) => run[i] ?? NaN)) * 10) / 10) ?? [];
    medians[name] = columns;
    say(`  ${name.padEnd(50)} ${columns.join('  ')}`);
  }
  results[title] = medians;
}
say(`\n${JSON.stringify(results)}`);
