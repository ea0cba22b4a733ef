/** The process of one node in the demo: does what the demo's own process asks over the channel between them. */
import { SELF } from '../access/principal.js';
import { sentenceOf } from '../errors.js';
import { startNode, type RunningNode } from '../panel/node.js';
import { zonesInFolder } from '../zones/zone-folder.js';
import type { ZoneName } from '../zones/zone-name.js';
import type { CallName, DemoCalls, ImportReport, Reply, Request } from './messages.js';

/** So many zones share one write while a folder is imported. */
const IMPORT_BATCH = 256;

let node: RunningNode | undefined;
type Report = (done: number, of?: number) => void;

const calls: {
  [Name in CallName]: (args: DemoCalls[Name]['args'], report: Report) => Promise<DemoCalls[Name]['result']>;
} = {
  async start(settings) {
    node = await startNode(settings);
    return { url: node.url, fingerprint: node.fingerprint };
  },
  async credentials({ user, password }) {
    const { users, plugin } = running();
    if (users.find(user) === undefined) await users.add({ user, kind: 'root', privileges: ['all'] }, password);
    const made = await plugin.tokens.create({ user, kind: 'root', name: 'demo', privileges: ['all'] });
    return { token: made.secret };
  },
  async join(member) {
    const { hostname } = await running().plugin.cluster.members.add(member, SELF);
    return { hostname };
  },
  import: async ({ folder }, report) => importFolder(folder, report),
  async status() {
    const { zones, nameserver, members } = await running().plugin.cluster.status(SELF);
    const described = nameserver.running
      ? `${nameserver.software} ${nameserver.version}`.trim()
      : (nameserver.reason ?? 'not running');
    return { zones, nameserver: described, members };
  },
  async stop() {
    await end();
    return {};
  },
};

function running(): RunningNode {
  if (node === undefined) throw new Error('this node is not started');
  return node;
}

async function end(): Promise<void> {
  const ending = node;
  node = undefined;
  await ending?.stop();
}

async function importFolder(folder: string, report: Report): Promise<ImportReport> {
  const { cluster } = running().plugin;
  const outcome: ImportReport = { saved: 0, unchanged: 0, leftOut: [] };
  let batch: { file: string; name: ZoneName; text: Buffer }[] = [];
  const save = async (): Promise<void> => {
    const results = await cluster.zones.saveMany(batch, SELF, { wait: 'local' });
    results.forEach((result, i) => {
      if ('error' in result) outcome.leftOut.push({ file: batch[i]?.file ?? result.zone, why: result.error.message });
      else if (result.result.change === 'unchanged') outcome.unchanged++;
      else outcome.saved++;
    });
    batch = [];
    report(outcome.saved + outcome.unchanged);
  };
  for await (const item of zonesInFolder(folder)) {
    if ('leftOut' in item) outcome.leftOut.push({ file: item.file, why: item.leftOut });
    else if (batch.push(item) >= IMPORT_BATCH) await save();
  }
  if (batch.length > 0) await save();
  return outcome;
}

async function answer({ id, call, args }: Request): Promise<void> {
  const reply = (message: Reply): void => {
    if (process.connected) process.send?.(message);
  };
  try {
    // The table's key and its argument are of one call: the compiler can't tie the two.
    const perform = calls[call] as (args: unknown, report: Report) => Promise<DemoCalls[CallName]['result']>;
    reply({ id, result: await perform(args, (progress, of) => reply({ id, progress, of })) });
  } catch (error) {
    reply({ id, error: sentenceOf(error) });
  }
  if (call === 'stop') process.disconnect();
}

process.on('message', (request: Request) => void answer(request));
process.on('disconnect', () => {
  // The demo's process is gone: nobody could end this one any more.
  void end().finally(() => process.exit(0));
});
