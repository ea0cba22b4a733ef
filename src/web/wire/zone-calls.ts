import { ClusterError, isClusterError, sentenceOf } from '../../errors.js';
import { formatOutcomes, type ZoneOutcome } from '../../wire-format/outcome-lines.js';
import { zoneName, type ZoneName } from '../../zones/zone-name.js';
import type { WireAnswer, WireCalls } from './wire-call.js';
import type { ApiRequest } from '../requests/api-request.js';
import { conversionLines, refusedAs, savedAs, unnamedAs, UNPROCESSABLE } from './zone-outcomes.js';

/** Calls that read zones, and that change them one by one or by their names. */
export const ZONE_CALLS: WireCalls = {
  getzone_local: {
    async answer(request) {
      const name = request.zone();
      const known = request.cluster.zones.get(name, request.peer) !== undefined;
      return { body: known ? await request.cluster.zones.text(name, request.peer) : '' };
    },
  },

  getzonelist_local: {
    answer({ cluster, peer }) {
      const names = cluster.zones.list(peer).map(({ name }) => `${name}\n`);
      return { body: names.join('') };
    },
  },

  zoneexists_local: {
    answer: (request) => ({ body: request.cluster.zones.get(request.zone(), request.peer) === undefined ? '0' : '1' }),
  },

  savezone_local: { writes: true, answer: async (request) => ({ body: (await saveOne(request)).lines }) },

  quickzoneadd_local: {
    writes: true,
    async answer(request) {
      const { name, lines } = await saveOne(request);
      // The phrase that the original's client looks for.
      return { body: `Zone ${name} has been successfully added\n${lines}` };
    },
  },

  removezone_local: { writes: true, answer: (request) => remove([request.zone()], request) },

  removezones_local: { writes: true, answer: (request) => remove(request.list('zones', 'zone'), request) },
};

async function saveOne(request: ApiRequest): Promise<{ name: ZoneName; lines: string }> {
  const { cluster, peer } = request;
  const text = request.octets('zonedata');
  if (text === undefined) throw new ClusterError('parameter_invalid', { parameter: 'zonedata', why: 'is missing' });
  const name = request.zone();
  const { cameByUs, sender } = request;
  const what: ZoneOutcome = cameByUs
    ? { name, outcome: 'passed' }
    : savedAs(await cluster.zones.save(name, text, peer, { wait: 'local', sender }));
  const outcome = formatOutcomes([what], cluster.hostname);
  return { name, lines: [outcome, ...conversionLines(request.text('zone') ?? '', name)].join('') };
}

async function remove(list: readonly string[], request: ApiRequest): Promise<WireAnswer> {
  const { cluster, peer, sender, cameByUs } = request;
  const outcomes: ZoneOutcome[] = [];
  const names: ZoneName[] = [];
  for (const given of list) {
    try {
      names.push(zoneName(given));
    } catch (error) {
      outcomes.push(unnamedAs(given, sentenceOf(error)));
    }
  }
  if (cameByUs) outcomes.push(...names.map((name): ZoneOutcome => ({ name, outcome: 'passed' })));
  else
    for (const result of await cluster.zones.removeMany(names, peer, { wait: 'local', sender })) {
      // What is not here is removed: the call is idempotent.
      const { zone: name } = result;
      const done = !('error' in result) || result.error.code === 'zone_unknown';
      if (done) outcomes.push({ name, outcome: 'removed' });
      else if (isClusterError(result.error, 'zone_not_removed'))
        outcomes.push({ name, outcome: 'kept', for: result.error.facts.server });
      else outcomes.push(refusedAs(result));
    }
  const refused = outcomes.filter(({ outcome }) => outcome === 'refused');
  const lines = formatOutcomes(outcomes, cluster.hostname);
  if (refused.length === 0) return { body: lines };
  // First, for the original's client looks how the body begins.
  const body = `Unable to remove zone(s): ${refused.map(({ name }) => name).join(', ')}\n${lines}`;
  return refused.length === outcomes.length ? { body, status: UNPROCESSABLE } : { body };
}
