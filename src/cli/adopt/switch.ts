import { execFile } from 'node:child_process';
import { parseName } from '../../dns/name.js';
import { DnsClient } from '../../dns/messages/query.js';
import { sentenceOf } from '../../errors.js';
import type { OperatedServer } from '../../nameservers/server-kind.js';
import { withServerPrograms } from '../../nameservers/controlled/private-process.js';
import { CommandFailure, EXIT } from '../terminal/failure.js';
import { askService } from '../service/running-service.js';
import type { Target } from '../service/target.js';
import type { Sound } from './candidate.js';
import { ConfigurationEdit, type ZoneStatement } from './configuration-edit.js';
import { importZones, type Imported } from './import.js';

/** A zone that this server's own nameserver has from the operator's configuration. */
export interface SwitchedZone extends ZoneStatement {
  sound: Sound;
}

/** The first alone shows whether it works; then many in one step, each as long as the nameserver takes to read them. */
const FIRST = 1;
const IN_ONE_STEP = 200;
const ASK_WITHIN = 3_000;
const REREAD_WITHIN = 60_000;
const ANY: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/**
 * Those of these zones that the service does not have, but its nameserver answers: from a configuration that is not
 * ours. Rejects if the nameserver does not run. A service elsewhere is not asked.
 */
export async function foreignZones(target: Target, zones: readonly Sound[]): Promise<Set<string>> {
  if (!('folder' in target) || zones.length === 0) return new Set();
  const { dns, nameserver } = await askService(target, 'clusterstatus');
  if (!nameserver.running) {
    const sentence = `${nameserver.software} does not run, so nothing was taken: ${nameserver.reason ?? 'start it first'}`;
    throw new CommandFailure(sentence, EXIT.problems, { code: 'nameserver_unavailable' });
  }
  const client = new DnsClient({ host: ANY[dns.host] ?? dns.host, port: dns.port }, { timeout: ASK_WITHIN });
  try {
    const asked = zones.map(async ({ name }) =>
      (await client.soaSerial(parseName(`${name}.`))) === undefined ? [] : [name],
    );
    return new Set((await Promise.all(asked)).flat());
  } finally {
    client.close();
  }
}

/**
 * Has the nameserver serve zones from the store in place of the operator's statements, which are removed from its
 * configuration: in steps, in each of which it reads both at once. Ends at the first zone that is not served then; its
 * statement is put back.
 */
export async function switchZones(
  target: Target,
  zones: readonly SwitchedZone[],
  options: { from: OperatedServer; configuration: string; owner?: string | undefined },
): Promise<{ imported: Imported[]; copies: readonly string[]; trouble?: string }> {
  const { from, configuration, owner } = options;
  const edit = new ConfigurationEdit(from, configuration);
  const imported: Imported[] = [];
  for (let at = 0; at < zones.length; at += at === 0 ? FIRST : IN_ONE_STEP) {
    const step = zones.slice(at, at === 0 ? FIRST : at + IN_ONE_STEP);
    const sounds = step.map(({ sound }) => sound);
    let results: Imported[] = [];
    let trouble = '';
    try {
      await edit.takeOut(step);
      results = await importZones(target, sounds, { owner, switched: true }, () => undefined);
    } catch (error) {
      trouble = sentenceOf(error);
    }
    imported.push(...results);
    const served = new Set(results.flatMap(({ zone, local }) => (local?.state === 'served' ? [zone] : [])));
    const failed = step.filter(({ sound }) => !served.has(sound.name));
    if (failed.length === 0) continue;
    await edit.putBack(failed);
    const names = failed.map(({ zone }) => zone).join(', ');
    const reread = await rereadConfiguration(from, configuration);
    return {
      imported,
      copies: edit.copies,
      trouble: `${trouble} The statements of ${names} were put back into the configuration. ${reread}`.trim(),
    };
  }
  return { imported, copies: edit.copies };
}

/** What the nameserver dropped in the moment before is to be there again. In words. */
async function rereadConfiguration(from: OperatedServer, configuration: string): Promise<string> {
  const { software, reread, configuration: usual } = from;
  const [program = '', ...args] = reread;
  const advice = `Reload it in ${software} at once (${reread.join(' ')}): it may have dropped them.`;
  // Of a server that is not Debian's it is not known how it is reached.
  if (configuration !== usual) return advice;
  return new Promise((resolve) => {
    execFile(program, args, { env: withServerPrograms(), timeout: REREAD_WITHIN }, (error) => {
      resolve(error === null ? `${software} has read it again.` : advice);
    });
  });
}
