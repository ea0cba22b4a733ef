import { Command } from 'commander';
import { median } from '../figures.js';
import { catalogZone } from './catalog-zone.js';
import { notifyIxfr, type ChangeFigures, type Way } from './notify-ixfr.js';

/*
 * What BIND does alone, to hold our figures against: prints one JSON object with medians over `--rounds`. The rates at
 * default settings are set by BIND's own limits and do not depend on the number of zones, so a few tell as much as
 * many.
 */
interface Options {
  zones: number;
  defaultZones: number;
  changes: number;
  defaultChanges: number;
  rounds: number;
}

const integer = (text: string): number => Number.parseInt(text, 10);

const options = new Command('anchors')
  .option('--zones <number>', 'zones of both sides, and of the tuned catalog zone', integer, 10_000)
  .option('--default-zones <number>', 'zones of the catalog zone at default settings', integer, 1_000)
  .option('--changes <number>', 'changes at tuned settings', integer, 200)
  .option('--default-changes <number>', 'changes at default settings', integer, 10)
  .option('--rounds <number>', 'runs of each', integer, 1)
  .parse()
  .opts<Options>();

async function rounds(measure: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let round = 0; round < options.rounds; round++) values.push(await measure());
  return Math.round(median(values) * 10) / 10;
}

async function changeRounds(way: Way, tuned: boolean, sameZone = false): Promise<ChangeFigures> {
  const changes = tuned ? options.changes : options.defaultChanges;
  const p99: number[] = [];
  const p50 = await rounds(async () => {
    const figures = await notifyIxfr({ zones: options.zones, changes, sameZone, way, tuned });
    p99.push(figures.p99);
    return figures.p50;
  });
  return { p50, p99: Math.round(median(p99) * 10) / 10 };
}

const catalog = {
  default: {
    zones: options.defaultZones,
    zonesPerSecond: await rounds(() => catalogZone(options.defaultZones, false)),
  },
  tuned: { zones: options.zones, zonesPerSecond: await rounds(() => catalogZone(options.zones, true)) },
};
const change = {
  update: { default: await changeRounds('update', false), tuned: await changeRounds('update', true) },
  reload: { default: await changeRounds('reload', false), tuned: await changeRounds('reload', true) },
  updateOfSameZone: {
    default: await changeRounds('update', false, true),
    tuned: await changeRounds('update', true, true),
  },
};
process.stdout.write(`${JSON.stringify({ catalogZone: catalog, notifyIxfrMilliseconds: change })}\n`);
