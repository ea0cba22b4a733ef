import { z } from 'zod';
import type { ShownOwner } from '../../../access/accounts.js';
import type { BatchOutcome, ChangeOptions, ChangeResult, ZoneRow } from '../../../cluster/model/results.js';
import { ClusterError } from '../../../errors.js';
import type { ZoneName } from '../../../zones/zone-name.js';
import { inSlices } from '../../../operations/in-slices.js';
import { conversion } from '../../../presentation/conversion.js';
import type { ApiRequest } from '../../requests/api-request.js';
import { changeAnswer, localState, memberZone } from '../answers/change-answer.js';
import { apiFunction, flag, many, octets, text, whole, wordOf, type ApiFunction } from '../api-function.js';
import { optionsOf, ownerBy, waiting, zone } from '../zone-parameters.js';

const privilege = 'clustering';
/** Zones in one import. */
const MOST_IMPORTED = 512;

/** A zone as it is kept here; `digest` is that of its records. */
const keptZone = {
  serial: z.number(),
  digest: z.string(),
  owner: z.string(),
  ownerRemoved: z.boolean().optional(),
  modified: z.number(),
  home: z
    .object({
      server: z.string(),
      id: z.string().optional(),
      epoch: z.number(),
      given: z.number().optional(),
      mark: wordOf('assumed', 'free', 'left').optional(),
    })
    .optional(),
};
const zoneIssue = z.object({
  severity: wordOf('error', 'warning'),
  code: z.string(),
  zone: z.string(),
  line: z.number(),
  column: z.number(),
  message: z.string(),
});
/** Here, or at the member that is named. */
const listedZone = z
  .object({ domain: z.string(), zonefile: z.string(), member: z.string().optional() })
  .extend(z.object(keptZone).partial().shape);
/** What became of a zone, or why it was refused. */
const importedZone = changeAnswer
  .pick({ change: true, serial: true, lifted: true, local: true, warnings: true })
  .partial()
  .extend({
    zone: z.string(),
    error: z.object({ code: z.string(), reason: z.string(), issues: z.array(zoneIssue) }).optional(),
  });
/** To whom a zone was given, or why it was not. */
const givenZone = z.object({
  zone: z.string(),
  owner: z.string().optional(),
  error: z.object({ code: z.string(), reason: z.string() }).optional(),
});
const takenFile = z.object({ zone: z.string(), serial: z.number(), lifted: z.boolean(), local: localState });
const filesTaken = z.object({
  changed: z.array(takenFile),
  added: z.array(takenFile),
  broken: z.array(z.object({ zone: z.string(), why: z.string() })),
  missing: z.array(z.string()),
  removed: z.array(z.string()),
  strange: z.array(z.string()),
  unchanged: z.number(),
});

/** Says also where the zone's name was converted. */
async function changed(change: Promise<ChangeResult>, request: ApiRequest): Promise<ChangeResult> {
  const result = await change;
  return { ...result, warnings: [...conversion(request.text('zone') ?? '', result.zone), ...result.warnings] };
}

/**
 * The text that a save is to replace, where the caller says by its serial which one they saw. Throws zone_file_changed.
 */
async function replacedBy(
  { zone: name, serialnum }: { zone: ZoneName; serialnum?: number | undefined },
  { cluster, peer }: ApiRequest,
): Promise<ChangeOptions> {
  if (serialnum === undefined) return {};
  if (cluster.zones.get(name, peer)?.serial !== serialnum) throw new ClusterError('zone_file_changed');
  return { ifText: await cluster.zones.text(name, peer) };
}

/** Its owner is named as users are. */
function shownZone({ accounts }: ApiRequest['cluster'], row?: ZoneRow): (ZoneRow & ShownOwner) | undefined {
  return row === undefined ? undefined : { ...row, ...accounts.shown()(row.owner) };
}

function importedRow(outcome: BatchOutcome): z.input<typeof importedZone> {
  const { zone } = outcome;
  if ('error' in outcome) {
    const { code, message: reason, issues } = outcome.error;
    return { zone, error: { code, reason, issues: [...issues] } };
  }
  const { change, serial, lifted, local, warnings } = outcome.result;
  return { zone, change, serial, lifted, local, warnings };
}

/** Zones: every change answers how far this server and each member are. */
export const ZONE_FUNCTIONS = {
  listzones: apiFunction({
    summary: 'All zones of the caller, and zones that only members have',
    privilege,
    parameters: {},
    answer: z.object({ zone: z.array(listedZone) }),
    // As the original's: also what members have that are read from, with the member that has it.
    run: async (_, { cluster, peer }) => {
      const listed: z.input<typeof listedZone>[] = [];
      await inSlices(cluster.listZones(peer), ({ name, ...entry }) => {
        listed.push({ domain: name, zonefile: `${name}.db`, ...entry });
      });
      for (const { zone, member } of await cluster.synchronize.elsewhere(peer))
        listed.push({ domain: zone, zonefile: `${zone}.db`, member });
      return { zone: listed };
    },
  }),
  savezone: apiFunction({
    summary: 'Create or replace a zone by its text; with `serialnum`, only if that is still its serial',
    privilege,
    parameters: { zone, zonedata: octets, serialnum: whole.optional(), ...waiting },
    answer: changeAnswer,
    run: async (given, request) => {
      const { cluster, peer } = request;
      const options = { ...optionsOf(given), ...(await replacedBy(given, request)) };
      return changed(cluster.zones.save(given.zone, given.zonedata, peer, options), request);
    },
  }),
  addzone: apiFunction({
    summary: 'Create a zone from its text; refused if it exists',
    privilege,
    parameters: { zone, zonedata: octets, ...waiting },
    answer: changeAnswer,
    run: (given, request) =>
      changed(request.cluster.zones.add(given.zone, given.zonedata, request.peer, optionsOf(given)), request),
  }),
  importzones: apiFunction({
    summary: 'Create or replace many zones by their texts, in pairs such as zone-1 and zonedata-1; one outcome each',
    privilege,
    parameters: { zone: many(zone), zonedata: many(octets), owner: text.optional(), switched: flag.optional() },
    answer: z.object({ zone: z.array(importedZone) }),
    run: async ({ zone: names, zonedata, owner, switched = false }, request) => {
      const { cluster, peer } = request;
      const refuse = (why: string): never => {
        throw new ClusterError('parameter_invalid', { parameter: 'zone', why });
      };
      if (names.length > MOST_IMPORTED) refuse(`is there more than ${MOST_IMPORTED} times: send fewer at once`);
      if (names.length !== zonedata.length) refuse(`is there ${names.length} times, and zonedata ${zonedata.length}`);
      if (switched && peer.kind !== 'root') throw new ClusterError('privilege_missing', { privilege: 'root' });
      const zones = names.map((name, i) => ({ name, text: zonedata[i] ?? Buffer.alloc(0) }));
      const outcomes = await cluster.zones.saveMany(zones, ownerBy(request, 'owner', owner), {
        wait: 'local',
        switched,
      });
      return { zone: outcomes.map(importedRow) };
    },
  }),
  createzone: apiFunction({
    summary: 'Create a zone from a template with variables',
    privilege,
    parameters: {
      zone,
      template: text.optional(),
      ip: text,
      ns1: text.optional(),
      ns2: text.optional(),
      hostmaster: text.optional(),
      ttl: text.optional(),
      ...waiting,
    },
    answer: changeAnswer,
    run: ({ zone: name, template, wait, timeout, ...variables }, request) => {
      const { cluster, peer } = request;
      const given = Object.entries(variables).filter((pair): pair is [string, string] => pair[1] !== undefined);
      const options = optionsOf({ wait, timeout });
      const filled = { template: template ?? 'standard', variables: Object.fromEntries(given) };
      const made = cluster.zones.create(name, filled, peer, options);
      return changed(made, request);
    },
  }),
  listremovedzones: apiFunction({
    summary: 'Zones that were removed here, the newest first',
    privilege,
    parameters: {},
    answer: z.object({
      zone: z.array(z.object({ zone: z.string(), serial: z.number(), removedAt: z.number(), user: z.string() })),
    }),
    run: (_, { cluster, peer }) => ({ zone: cluster.removed.list(peer) }),
  }),
  restorezone: apiFunction({
    summary:
      'Restore a removed zone, to its owner, with a serial above any that was served; with `serial`, only if it was removed with that one',
    privilege,
    parameters: { zone, serial: whole.optional(), ...waiting },
    answer: changeAnswer,
    run: ({ zone: name, serial: ifRemovedAt, ...given }, { cluster, peer }) =>
      cluster.removed.restore(name, peer, { ...optionsOf(given), ifRemovedAt }),
  }),
  removezone: apiFunction({
    summary: 'Remove a zone, here and, but for keep_at_members=1, at the members',
    privilege,
    parameters: { zone, even_of_others: flag.optional(), keep_at_members: flag.optional(), ...waiting },
    answer: changeAnswer,
    run: (given, { cluster, peer }) => {
      const evenOfOthers = given.even_of_others === true;
      const keepAtMembers = given.keep_at_members === true;
      return cluster.zones.remove(given.zone, peer, { ...optionsOf(given), evenOfOthers, keepAtMembers });
    },
  }),
  setzoneowner: apiFunction({
    summary: 'Give zones to a user, with their histories; they are served throughout, and nothing else changes',
    privilege: 'all',
    parameters: { zone: many(zone), owner: text },
    answer: z.object({ zone: z.array(givenZone) }),
    run: async ({ zone: names, owner }, { cluster, peer }) => {
      if (names.length === 0) throw new ClusterError('parameter_invalid', { parameter: 'zone', why: 'is missing' });
      const outcomes = await cluster.zones.setOwner(names, owner, peer);
      return {
        zone: outcomes.map((outcome) => {
          if (!('error' in outcome)) return { zone: outcome.zone, owner };
          const { code, message: reason } = outcome.error;
          return { zone: outcome.zone, error: { code, reason } };
        }),
      };
    },
  }),
  rescanzones: apiFunction({
    summary: 'Take zone files that were edited by hand',
    privilege,
    parameters: {},
    answer: filesTaken,
    run: (_, { cluster, peer }) => cluster.files.rescan(peer),
  }),
  zonestate: apiFunction({
    summary: 'How far a zone is at each member',
    privilege,
    parameters: { zone },
    answer: z.object({ zone: z.object({ name: z.string(), ...keptZone }).optional(), members: z.array(memberZone) }),
    run: (given, { cluster, peer }) => ({
      zone: shownZone(cluster, cluster.zones.get(given.zone, peer)),
      members: cluster.zones.states(given.zone, peer),
    }),
  }),
} satisfies Readonly<Record<string, ApiFunction>>;
