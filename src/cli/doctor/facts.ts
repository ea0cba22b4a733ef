import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { isServerType } from '../../cluster/model/member.js';
import { sentenceOf } from '../../errors.js';
import { within } from '../../members/within.js';
import { DATA_FOLDER, readNodeConfiguration } from '../../panel/node-configuration.js';
import type { NodeSettings } from '../../panel/node.js';
import { askService, type AnswerOf } from '../service/running-service.js';
import type { KnownMember } from './known-member.js';
import type { MemberProbe } from './member-probe.js';

/** What the service says of itself. */
export interface ServiceFacts {
  status: AnswerOf<'clusterstatus'>;
  conflicts: AnswerOf<'listconflicts'>['conflict'];
  drift: AnswerOf<'listdrift'>['report'];
}

/** Milliseconds: the service itself may wait for a nameserver that is silent. */
const ANSWERS_WITHIN = 25_000;
const kept = z.looseObject({ members: z.array(z.looseObject({ type: z.string() })) });
const keptServer = z.looseObject({
  type: z.string(),
  hostname: z.string(),
  host: z.string(),
  port: z.number(),
  fingerprint: z.string(),
  trust: z.string().optional(),
  keyPin: z.string().optional(),
  ca: z.string().optional(),
});

/** What checks are made of: the configuration, the folder, and what the service says, where it runs. */
export class Facts {
  /** The node's folder. */
  readonly folder: string;
  /** The plugin's, in it. */
  readonly data: string;
  readonly settings: NodeSettings | undefined;
  /** Why there are no settings. */
  readonly configurationFault: { why: string; isMissing: boolean } | undefined;
  readonly service: ServiceFacts | undefined;
  /** Why the service could not be asked. */
  readonly silence: string;
  readonly members: readonly KnownMember[];
  readonly #probes = new Map<KnownMember, Promise<MemberProbe>>();

  private constructor(
    of: Pick<Facts, 'folder' | 'data' | 'settings' | 'configurationFault' | 'service' | 'silence' | 'members'>,
  ) {
    this.folder = of.folder;
    this.data = of.data;
    this.settings = of.settings;
    this.configurationFault = of.configurationFault;
    this.service = of.service;
    this.silence = of.silence;
    this.members = of.members;
  }

  /** Never rejects: what can't be had is absent. */
  static async gather(given: { config: string; folder?: string | undefined }): Promise<Facts> {
    let settings: NodeSettings | undefined;
    let configurationFault: Facts['configurationFault'];
    try {
      settings = await readNodeConfiguration(given.config);
    } catch (error) {
      configurationFault = { why: sentenceOf(error), isMissing: !existsSync(given.config) };
    }
    const folder = given.folder ?? settings?.folder ?? DATA_FOLDER;
    const inside = join(folder, 'dns-cluster');
    const data = existsSync(inside) ? inside : folder;
    const asked = await askAll(folder);
    const service = typeof asked === 'string' ? undefined : asked;
    const silence = typeof asked === 'string' ? asked : '';
    const members = service === undefined ? await keptMembers(data) : membersOf(service);
    return new Facts({ folder, data, settings, configurationFault, service, silence, members });
  }

  /** What a member shows to everybody: asked once for all checks. */
  probe(member: KnownMember): Promise<MemberProbe> {
    // Loaded only now: most commands need no client of HTTP, and answer sooner.
    const probe =
      this.#probes.get(member) ?? import('./member-probe.js').then(({ probeMember }) => probeMember(member));
    this.#probes.set(member, probe);
    return probe;
  }
}

/** What the service says, or why it says nothing. */
async function askAll(folder: string): Promise<ServiceFacts | string> {
  const target = { folder };
  try {
    const [said, met, differing] = await within(ANSWERS_WITHIN, 'The service', () =>
      Promise.all([
        askService(target, 'clusterstatus'),
        askService(target, 'listconflicts'),
        askService(target, 'listdrift'),
      ]),
    );
    return { status: said, conflicts: met.conflict, drift: differing.report };
  } catch (error) {
    return sentenceOf(error);
  }
}

/** Members that are not servers can't be probed. */
function membersOf({ status: { members } }: ServiceFacts): KnownMember[] {
  return members.filter(({ type }) => isServerType(type));
}

/** From the file, where no service can be asked. */
async function keptMembers(data: string): Promise<KnownMember[]> {
  try {
    const { members } = kept.parse(JSON.parse(await readFile(join(data, 'cluster.json'), 'utf8')));
    return members.filter(({ type }) => isServerType(type)).map((member) => keptServer.parse(member));
  } catch {
    // That it can't be read is another check's finding.
    return [];
  }
}
