import { TYPE } from '../../dns/types.js';
import type { ZoneName } from '../../zones/zone-name.js';
import { CallRefused } from '../json-connection.js';
import type { MemberType } from '../member-type.js';
import { HostedMember, hostedFields, nsChoice, type HostedService } from './hosted-member.js';
import { hostedZone, originOf, textOf, type HostedRules, type NsChoice } from './hosted-zone.js';
import { SoftLayerApi, softLayerConnection, type SoftLayerDomain } from './softlayer-api.js';
import { isNothing, recordOf, SOFTLAYER_SERVERS, stepsTo } from './softlayer-records.js';

const SERVICE = 'SoftLayer';
const BASE = 'https://api.softlayer.com/rest/v3';
const { A, AAAA, CNAME, MX, NS, PTR, SPF, SRV, TXT } = TYPE;
const RULES: HostedRules = {
  service: SERVICE,
  types: new Set([A, AAAA, CNAME, MX, NS, PTR, SPF, SRV, TXT]),
  longestHost: 50,
  longestData: 255,
  longestZone: 150,
  oneTtl: true,
  // It keeps both apart from the name.
  refuses: ({ type, host }) =>
    type === 'srv' && !/^_[^.]+\._[^.]+(\.|$)/.test(host)
      ? 'its name does not begin with _SERVICE._PROTOCOL'
      : undefined,
};

/** Zones in SoftLayer's DNS (IBM Cloud Classic). */
class SoftLayer implements HostedService {
  readonly #api: SoftLayerApi;
  readonly #choice: NsChoice;

  constructor(api: SoftLayerApi, choice: NsChoice) {
    this.#api = api;
    this.#choice = choice;
  }

  prove(): Promise<void> {
    return this.#api.account();
  }

  async zoneNames(): Promise<string[]> {
    return (await this.#api.domains()).map(({ name }) => name);
  }

  async save(name: ZoneName, text: Buffer): Promise<string[]> {
    if (name.length > RULES.longestZone) {
      const said = `${SERVICE} takes zones with names of at most ${RULES.longestZone} characters, and this one has ${name.length}`;
      throw new CallRefused(0, said, `${said}. Remove it from this member's zones, or serve it elsewhere.`);
    }
    const wanted = hostedZone(name, text, RULES, { choice: this.#choice, servers: SOFTLAYER_SERVERS });
    const { id } = (await this.#api.domain(name)) ?? (await this.#create(name));
    const steps = stepsTo(wanted, await this.#api.records(id), id);
    if (isNothing(steps)) return wanted.leftOut;
    for (const record of steps.deleteFirst) await this.#api.deleteRecord(record);
    for (const { id: record, fields } of steps.edit) await this.#api.editRecord(record, fields);
    for (const fields of steps.create) await this.#api.createRecord(fields);
    for (const record of steps.deleteLast) await this.#api.deleteRecord(record);
    // What was asked for and what is there are two things.
    if (!isNothing(stepsTo(wanted, await this.#api.records(id), id))) {
      const said = `${SERVICE} said that it took ${name}, and holds other records than it was sent`;
      throw new CallRefused(0, said, `${said}. They are sent again with the next change; check the zone there.`);
    }
    return wanted.leftOut;
  }

  async remove(name: ZoneName): Promise<void> {
    const found = await this.#api.domain(name);
    if (found !== undefined) await this.#api.deleteDomain(found.id);
  }

  async text(name: ZoneName): Promise<Buffer | undefined> {
    const found = await this.#api.domain(name);
    if (found === undefined) return undefined;
    const origin = originOf(name);
    const records = await this.#api.records(found.id);
    return textOf(records.flatMap((record) => recordOf(record, origin, found.serial) ?? []));
  }

  /** Somebody may have made it since we asked. */
  async #create(name: ZoneName): Promise<SoftLayerDomain> {
    try {
      return await this.#api.createDomain(name);
    } catch (error) {
      const made = error instanceof CallRefused ? await this.#api.domain(name) : undefined;
      if (made === undefined) throw error;
      return made;
    }
  }
}

export const softLayer: MemberType = {
  type: 'softlayer',
  resellers: true,
  label: SERVICE,
  fields: hostedFields(
    SERVICE,
    BASE,
    'User name',
    `${SERVICE} keeps its own two nameservers in every zone, whatever is chosen.`,
  ),
  create: ({ username = '', apikey = '', ns_config, baseurl = BASE }, { reach }) =>
    new HostedMember(
      softLayerConnection({ base: baseurl, user: username, key: apikey, reach }),
      (connection) => new SoftLayer(new SoftLayerApi(connection), nsChoice(ns_config)),
    ),
};
