// A node that does what it is told, one thing after the other, and says on standard output what was acknowledged. It is
// killed in the middle (write-steps.mjs). Its argument: { folder, script }.
import { Buffer } from 'node:buffer';
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { SELF } from '../../dist/access/principal.js';
import { createLog } from '../../dist/operations/log.js';
import { startNode } from '../../dist/panel/node.js';
import { AppendTable } from '../../dist/state/append-table.js';

const { folder, script } = JSON.parse(process.argv[2] ?? '{}');
let node;

const DO = {
  async start() {
    const nameserver = { kind: 'embedded', host: '127.0.0.1', port: 0 };
    node = await startNode({ name: 'web', folder, host: '127.0.0.1', port: 0, nameserver });
  },
  async stop() {
    await node.stop();
  },
  async save({ zones }) {
    const texts = Object.entries(zones).map(([name, text]) => ({ name, text: Buffer.from(text) }));
    const refused = (await node.plugin.cluster.zones.saveMany(texts, SELF)).filter((one) => 'error' in one);
    if (refused.length > 0) throw refused[0].error;
  },
  async remove({ zone }) {
    await node.plugin.cluster.removeZone(zone, SELF);
  },
  async restore({ zone }) {
    await node.plugin.cluster.removed.restore(zone, SELF);
  },
  async member({ invitation }) {
    await node.plugin.cluster.members.add(invitation, SELF);
  },
  async configure({ failureThreshold }) {
    await node.plugin.cluster.settings.change({ failureThreshold }, SELF);
  },
  async token({ name }) {
    await node.plugin.tokens.create({ user: 'root', kind: 'root', name, privileges: ['all'] });
  },
  async revoke({ name }) {
    await node.plugin.tokens.revoke('root', name);
  },
  async user({ user }) {
    await node.users.add({ user, kind: 'root', privileges: ['all'] }, 'a password of some length');
  },
  /** So many changes of one key that the table is written anew. */
  async compact({ value }) {
    const log = createLog({ level: 'silent' });
    const table = await AppendTable.open(join(folder, 'table'), { parse: Number, log });
    for (let i = 0; i < 1_100; i++) table.set('key', i === 1_099 ? value : -1);
    await table.flush();
    table.set('other', value);
    await table.close();
  },
};

for (const [at, step] of script.entries()) {
  await DO[step.do](step);
  // Written before it goes on, so that a kill afterwards cannot take it back.
  writeSync(1, `${JSON.stringify({ done: at + 1 })}\n`);
}
process.exit(0);
