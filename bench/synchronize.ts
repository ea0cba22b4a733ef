import type { NameserverKind } from '../src/nameservers/nameserver-settings.js';
import { hostingQuestions } from '../test/hosting-questions.js';
import { hostingZone, type HostingZone } from '../test/hosting-zones.js';
import { NodeProcesses, untilAllAnswered } from '../test/node-processes.js';
import { QueryLoop } from '../test/query-loop.js';
import { median } from './figures.js';

/*
 * A member's answers while it is synchronized: 1,000 questions a second, asked and judged by a process of their own,
 * while nothing happens, while all zones are sent again, while all change, and while as many more come. Arguments:
 * zones, rounds, kinds.
 */
const [zones = '1000', rounds = '3', ...kinds] = process.argv.slice(2);
const ZONES = Number(zones);
const RATE = 1_000;
const QUIET = 3_000;
const WITHIN = 300_000;
const BEFORE = { seed: 'hosting', serial: 2026010101 };
const AFTER = { seed: 'changed', serial: 2026010102 };

interface Row {
  seconds: number;
  unanswered: number;
  wrong: number;
  p50: number;
  p99: number;
  longest: number;
}

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

async function round(kind: NameserverKind): Promise<Record<string, Row>> {
  const nodes = await NodeProcesses.start({ count: ZONES, members: [kind] });
  const dns = nodes.ask(5_000);
  try {
    await nodes.join();
    await untilAllAnswered(dns, nodes.zones, BEFORE.serial, WITHIN);
    const served = (some: readonly HostingZone[], serial: number): Promise<void> =>
      untilAllAnswered(dns, some, serial, WITHIN);
    const inSync = async (): Promise<void> => {
      for (;;) {
        const { member } = (await nodes.call('listmembers')) as { member: { zonesInSync: number }[] };
        if (member[0]?.zonesInSync === ZONES) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    const changed = Array.from({ length: ZONES }, (_, i) => hostingZone(i, AFTER.seed, AFTER.serial));
    const more = Array.from({ length: ZONES }, (_, i) => hostingZone(ZONES + i));
    const steps: Record<string, () => Promise<unknown>> = {
      nothing: () => new Promise((resolve) => setTimeout(resolve, QUIET)),
      'sent again': () => nodes.call('synchronize', { direction: 'all' }).then(inSync),
      'all changed': () => nodes.saveAll(changed).then(() => served(changed, AFTER.serial)),
      'as many new': () => nodes.saveAll(more).then(() => served(more, BEFORE.serial)),
    };
    const rows: Record<string, Row> = {};
    for (const [name, step] of Object.entries(steps)) {
      const where = nodes.members[0]?.settings.nameserver ?? { host: '', port: 0 };
      const loop = await QueryLoop.start({ ...where, rate: RATE, questions: hostingQuestions(ZONES, [BEFORE, AFTER]) });
      await step();
      const { seconds, unanswered, wrong, p50, p99, longest } = await loop.end();
      rows[name] = { seconds, unanswered: unanswered.length, wrong: wrong.length, p50, p99, longest };
    }
    return rows;
  } finally {
    dns.close();
    await nodes.stop();
  }
}

const wanted = (kinds.length > 0 ? kinds : ['embedded', 'bind']) as NameserverKind[];
const runs = new Map<NameserverKind, Record<string, Row>[]>(wanted.map((kind) => [kind, []]));
for (let i = 0; i < Number(rounds); i++) for (const kind of wanted) runs.get(kind)?.push(await round(kind));
for (const [kind, all] of runs) {
  say(
    `\n${kind}, ${ZONES} zones, ${RATE} questions a second (medians of ${all.length}; seconds; milliseconds to an answer)`,
  );
  for (const name of Object.keys(all[0] ?? {})) {
    const rows = all.flatMap((rows) => rows[name] ?? []);
    const of = (key: keyof Row): string => (Math.round(median(rows.map((row) => row[key])) * 10) / 10).toString();
    const lost = rows.reduce((sum, { unanswered }) => sum + unanswered, 0);
    const wrong = rows.reduce((sum, row) => sum + row.wrong, 0);
    say(
      `  ${name.padEnd(12)} ${of('seconds')} s  p50 ${of('p50')}  p99 ${of('p99')}  longest ${of('longest')}  unanswered ${lost}  wrong ${wrong}`,
    );
  }
}
