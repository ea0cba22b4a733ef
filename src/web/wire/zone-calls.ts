import type { BatchOutcome, Cluster } from '../../cluster/cluster.js';
import type { Principal } from '../../access/principal.js';
import { ClusterError, formatIssue, sentenceOf } from '../../errors.js';
import { formatOutcomes, type ZoneOutcome } from '../../members/outcome-lines.js';
import { encodeBundle, zoneOfKey } from '../../members/zone-bundle.js';
import { zoneName, type ZoneName } from '../../zones/zone-name.js';
import type { WireCall } from './wire-call.js';
import { withoutEnding, type WireRequest } from './wire-request.js';

/** So many zones of a bundle are parsed and written together, while the next ones arrive. */
const BUNDLE_BATCH = 128;
/** Together at least what a member of our kind gets in one call: nameservers like large loads. */
const BATCHES_AT_ONCE = 16;
const UNPROCESSABLE = 422;

/** Calls that read and write zones on this server. */
export const ZONE_CALLS: Readonly<Record<string, WireCall>> = {
  async getzone_local(request) {
    const name = request.zone();
    const known = request.cluster.zone(name, request.peer) !== undefined;
    return { body: known ? await request.cluster.zoneText(name, request.peer) : '' };
  },

  async getzones_local(request) {
    return { body: await bundleOf(request.zones('zones', 'zone'), request) };
  },

  async getallzones_local(request) {
    const all = request.cluster.listZones(request.peer).map(({ name }) => name);
    return { body: await bundleOf(all, request) };
  },

  getzonelist_local({ cluster, peer }) {
    return {
      body: cluster
        .listZones(peer)
        .map(({ name }) => `${name}\n`)
        .join(''),
    };
  },

  zoneexists_local(request) {
    return { body: request.cluster.zone(request.zone(), request.peer) === undefined ? '0' : '1' };
  },

  async savezone_local(request) {
    return { body: formatOutcomes([await saveOne(request)], request.cluster.hostname) };
  },

  async quickzoneadd_local(request) {
    const outcome = await saveOne(request);
    const line = formatOutcomes([outcome], request.cluster.hostname);
    // The phrase that the original's client looks for.
    return { body: `Zone ${outcome.name} has been successfully added\n${line}` };
  },

  synczones_local: Object.assign(saveBundle, { streams: true as const }),

  async removezone_local(request) {
    return removed(await removeAll([request.zone()], request), request);
  },

  async removezones_local(request) {
    return removed(await removeAll(request.zones('zones', 'zone'), request), request);
  },
};

async function saveOne(request: WireRequest): Promise<ZoneOutcome> {
  const { cluster, peer } = request;
  const text = request.octets('zonedata');
  if (text === undefined) throw new ClusterError('parameter_invalid', { parameter: 'zonedata', why: 'is missing' });
  const { zone } = await cluster.saveZone(request.zone(), text, peer, { wait: 'local' });
  return savedAs(zone, cluster, peer);
}

function savedAs(name: ZoneName, cluster: Cluster, peer: Principal): ZoneOutcome {
  const entry = cluster.zone(name, peer);
  if (entry === undefined) return { name, outcome: 'refused', reason: 'it was removed again meanwhile' };
  return { name, outcome: 'saved', serial: entry.serial, digest: entry.digest };
}

async function saveBundle(request: WireRequest): Promise<{ body: string; status?: number }> {
  const { cluster, peer } = request;
  const outcomes: ZoneOutcome[] = [];
  const running = new Set<Promise<void>>();
  const save = async (batch: readonly { name: ZoneName; text: Buffer }[]): Promise<void> => {
    const results = await cluster.saveZones(batch, peer, { wait: 'local' });
    for (const result of results)
      outcomes.push('error' in result ? refusal(result) : savedAs(result.zone, cluster, peer));
  };
  const begin = (batch: readonly { name: ZoneName; text: Buffer }[]): void => {
    const saving = save(batch).finally(() => running.delete(saving));
    running.add(saving);
  };
  let batch: { name: ZoneName; text: Buffer }[] = [];
  for await (const { key, value } of request.pairs()) {
    const given = zoneOfKey(key);
    // A consumer ignores items with an empty value.
    if (given === undefined || value.length === 0) continue;
    try {
      batch.push({ name: zoneName(withoutEnding(given)), text: value });
    } catch (error) {
      outcomes.push({
        name: given.slice(0, 255).replaceAll(/\s/g, '?'),
        outcome: 'refused',
        reason: sentenceOf(error),
      });
    }
    if (batch.length < BUNDLE_BATCH) continue;
    begin(batch);
    batch = [];
    // The rest of the body waits at the sender meanwhile, so that a bundle of any size takes the same memory.
    if (running.size >= BATCHES_AT_ONCE) await Promise.race(running);
  }
  if (batch.length > 0) begin(batch);
  await Promise.all(running);
  const allRefused = outcomes.length > 0 && outcomes.every(({ outcome }) => outcome === 'refused');
  const body = formatOutcomes(outcomes, cluster.hostname);
  return allRefused ? { body, status: UNPROCESSABLE } : { body };
}

function refusal({ zone, error }: BatchOutcome & { error: ClusterError }): ZoneOutcome {
  const issue = error.issues.find(({ severity }) => severity === 'error');
  return { name: zone, outcome: 'refused', reason: issue === undefined ? error.message : formatIssue(issue) };
}

async function bundleOf(names: readonly ZoneName[], { cluster, peer }: WireRequest): Promise<Buffer> {
  const zones: { name: string; text: Buffer }[] = [];
  for (const name of names) {
    if (cluster.zone(name, peer) !== undefined) zones.push({ name, text: await cluster.zoneText(name, peer) });
  }
  return encodeBundle(zones);
}

async function removeAll(names: readonly ZoneName[], { cluster, peer }: WireRequest): Promise<ZoneOutcome[]> {
  const results = await cluster.removeZones(names, peer, { wait: 'local' });
  return results.map((result): ZoneOutcome => {
    // What is not here is removed: the call is idempotent.
    const done = !('error' in result) || result.error.code === 'zone_unknown';
    return done ? { name: result.zone, outcome: 'removed' } : refusal(result);
  });
}

function removed(outcomes: readonly ZoneOutcome[], { cluster }: WireRequest): { body: string; status?: number } {
  const refused = outcomes.filter(({ outcome }) => outcome === 'refused');
  const lines = formatOutcomes(outcomes, cluster.hostname);
  if (refused.length === 0) return { body: lines };
  const body = `Unable to remove zone(s): ${refused.map(({ name }) => name).join(', ')}\n${lines}`;
  return refused.length === outcomes.length ? { body, status: UNPROCESSABLE } : { body };
}
