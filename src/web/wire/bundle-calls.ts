import { isClusterError } from '../../errors.js';
import { encodeBundle } from '../../wire-format/zone-bundle.js';
import { BundleIntake } from './bundle-intake.js';
import type { WireAnswer, WireCalls } from './wire-call.js';
import type { ApiRequest } from '../requests/api-request.js';
import type { ZoneName } from '../../zones/zone-name.js';

/** Zones are encoded and sent in parts of about so many octets of text. */
const PART = 256 * 1024;

/** Calls that carry many zones with their texts. */
export const BUNDLE_CALLS: WireCalls = {
  getzones_local: {
    answer: (request) => ({ body: bundleOf(request.possibleZones('zones', 'zone'), request) }),
  },

  getallzones_local: {
    answer: (request) => ({
      body: bundleOf(
        request.cluster.zones.list(request.peer).map(({ name }) => name),
        request,
      ),
    }),
  },

  synczones_local: { writes: true, streams: true, answer: saveBundle },
};

async function saveBundle(request: ApiRequest): Promise<WireAnswer> {
  const intake = new BundleIntake(request);
  try {
    for await (const pair of request.pairs()) await intake.take(pair);
  } catch (error) {
    const { body } = await intake.finish();
    // Zones before the broken place are saved, and their lines say so.
    if (!isClusterError(error) || body === '') throw error;
    return { status: error.status, body: `${error.message}\n${body}` };
  }
  return intake.finish();
}

/** A bundle of any size in little memory: zones are read as their receiver takes them. */
async function* bundleOf(names: readonly ZoneName[], { cluster, peer }: ApiRequest): AsyncGenerator<Buffer> {
  let part: { name: ZoneName; text: Buffer }[] = [];
  let octets = 0;
  for (const name of names) {
    // It may have been removed while the ones before it were sent.
    if (cluster.zones.get(name, peer) === undefined) continue;
    const text = await cluster.zones.text(name, peer);
    part.push({ name, text });
    octets += text.length;
    if (octets < PART) continue;
    yield encodeBundle(part);
    part = [];
    octets = 0;
  }
  yield encodeBundle(part);
}
