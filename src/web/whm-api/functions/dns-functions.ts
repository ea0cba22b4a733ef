import { Resolver } from 'node:dns/promises';
import { z } from 'zod';
import { formatName, lowerName, parseName } from '../../../dns/name.js';
import { itemsOf } from '../../../dns/rdata-items.js';
import { serialOfEdit } from '../../../dns/serial.js';
import { TYPE } from '../../../dns/types.js';
import { ClusterError } from '../../../errors.js';
import { defined } from '../../../operations/defined.js';
import { zoneFromTemplate } from '../../../zones/templates.js';
import { zoneName, type ZoneName } from '../../../zones/zone-name.js';
import type { ApiRequest } from '../../requests/api-request.js';
import { changeAnswer } from '../answers/change-answer.js';
import { apiFunction, many, text, type ApiFunction } from '../api-function.js';
import { inWhmWords, OpenZone, whmChange, whmChangeAnswer } from '../open-zone.js';
import { optionsOf, ownerBy, waiting, zone, zoneOf, zoneOrDomain } from '../zone-parameters.js';

const privilege = 'clustering';
const TEMPLATE = 'standard';
/** Zones, and octets of them, in one answer. */
const MOST_ZONES = 512;
const MOST_OCTETS = 32 * 1024 * 1024;
const LOOKUP = { timeout: 2_000, tries: 2 };
const ALREADY_THERE = { zone_exists: 'dns_entry_exists', zone_not_yours: 'dns_entry_exists' } as const;

/** Zones as a whole, in the functions that scripts for WHM call. */
export const DNS_FUNCTIONS = {
  adddns: apiFunction({
    summary: 'Create a zone from a template',
    privilege,
    parameters: { domain: zone, ip: text, trueowner: text.optional(), template: text.optional(), ...waiting },
    answer: whmChangeAnswer,
    run: async ({ domain, ip, trueowner, template = TEMPLATE, ...given }, request) => {
      const { cluster, peer } = request;
      const owner = ownerBy(request, 'trueowner', trueowner);
      const made = cluster.zones.create(domain, { template, variables: { ip } }, owner, optionsOf(given));
      const result = await inWhmWords(made, domain, ALREADY_THERE);
      return whmChange(cluster.hostname, { ...result, members: cluster.zones.states(domain, peer) });
    },
  }),
  killdns: apiFunction({
    summary: 'Remove a zone, here and at the members',
    privilege,
    parameters: { ...zoneOrDomain, ...waiting },
    answer: z.object({ result: changeAnswer }),
    run: async (given, { cluster, peer }) => {
      const name = zoneOf(given);
      const removed = await inWhmWords(cluster.zones.remove(name, peer, optionsOf(given)), name);
      return { result: removed };
    },
  }),
  resetzone: apiFunction({
    summary: 'Reset a zone to its template',
    privilege,
    parameters: { ...zoneOrDomain, ip: text.optional(), template: text.optional(), ...waiting },
    answer: whmChangeAnswer,
    run: async ({ ip, template = TEMPLATE, ...given }, request) => {
      const { cluster, peer } = request;
      const opened = await OpenZone.read(zoneOf(given), request);
      const variables = { ...variablesOf(opened), ...defined({ ip }) };
      const content = zoneFromTemplate(template, variables, opened.name);
      const options = { ...optionsOf(given), ifText: opened.text };
      const saved = cluster.zones.save(opened.name, content, peer, options);
      return whmChange(cluster.hostname, await inWhmWords(saved, opened.name));
    },
  }),
  export_zone_files: apiFunction({
    summary: 'The texts of zones, in base64',
    privilege,
    parameters: { zone: many(zone) },
    answer: z.object({ payload: z.array(z.object({ zone: z.string(), text_b64: z.base64() })) }),
    run: async (given, { cluster, peer }) => {
      const refuse = (why: string): never => {
        throw new ClusterError('parameter_invalid', { parameter: 'zone', why });
      };
      if (given.zone.length === 0) refuse('is missing');
      if (given.zone.length > MOST_ZONES) refuse(`names more than ${MOST_ZONES} zones: ask for fewer at once`);
      const payload: { zone: ZoneName; text_b64: string }[] = [];
      let octets = 0;
      for (const name of given.zone) {
        const content = await inWhmWords(cluster.zones.text(name, peer), name);
        octets += content.length;
        if (octets > MOST_OCTETS) refuse(`names more than ${MOST_OCTETS} octets of zones: ask for fewer at once`);
        payload.push({ zone: name, text_b64: content.toString('base64') });
      }
      return { payload };
    },
  }),
  lookupnsip: apiFunction({
    summary: 'The address of a nameserver',
    privilege,
    parameters: { host: text },
    answer: z.object({ ip: z.string().optional() }),
    run: async ({ host }, request) => ({ ip: (await ownAddress(host, request)) ?? (await publicAddress(host)) }),
  }),
} satisfies Readonly<Record<string, ApiFunction>>;

/** What a template asks for, as the zone has it now. */
function variablesOf(opened: OpenZone): Record<string, string> {
  const { soa, serial, origin } = opened;
  const atTop = (type: number): string[] =>
    opened
      .records()
      .filter((line) => line.type === type && lowerName(line.owner) === origin)
      .map((line) => itemsOf(type, line.rdata)[0] ?? '');
  const [ip] = atTop(TYPE.A);
  const [ns1, ns2 = ns1] = atTop(TYPE.NS);
  const [, hostmaster = ''] = itemsOf(TYPE.SOA, soa.rdata);
  const found = {
    ip,
    ns1,
    ns2,
    // A mailbox with an escaped dot is none that a template takes.
    hostmaster: hostmaster.includes('\\') ? undefined : hostmaster,
    ttl: String(soa.head.ttl),
    serial: String(serialOfEdit(serial, new Date())),
  };
  return Object.fromEntries(Object.entries(found).filter((pair): pair is [string, string] => pair[1] !== undefined));
}

/** The host's address in a zone of this server, the one nearest to it. */
async function ownAddress(host: string, request: ApiRequest): Promise<string | undefined> {
  const owner = formatName(parseName(`${zoneName(host)}.`));
  for (let name = owner.slice(0, -1); name !== ''; name = name.split('.').slice(1).join('.')) {
    if (request.cluster.zones.get(name as ZoneName, request.peer) === undefined) continue;
    const opened = await OpenZone.read(name as ZoneName, request);
    const found = opened.records().find((line) => line.type === TYPE.A && formatName(lowerName(line.owner)) === owner);
    return found === undefined ? undefined : itemsOf(TYPE.A, found.rdata)[0];
  }
  return undefined;
}

/** The host's address as the resolver of this server has it. Throws member_unresolvable. */
async function publicAddress(host: string): Promise<string> {
  try {
    const [address] = await new Resolver(LOOKUP).resolve4(zoneName(host));
    if (address !== undefined) return address;
  } catch {
    // What the resolver says of it is no help to the caller.
  }
  throw new ClusterError('member_unresolvable', { host });
}
