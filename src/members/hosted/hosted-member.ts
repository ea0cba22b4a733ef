import { zoneName, type ZoneName } from '../../zones/zone-name.js';
import { CallRefused } from '../json-connection.js';
import type { MemberBackend, MemberChange, MemberInfo, Pushed } from '../member-backend.js';
import type { MemberField } from '../member-type.js';
import { someAtOnce } from '../some-at-once.js';
import { NS_CHOICES, type NsChoice } from './hosted-zone.js';

/** A hosted DNS service, as far as a member needs it. Everything rejects with MemberError; with CallRefused where it is about one zone. */
export interface HostedService {
  readonly host: string;
  /** Proves the credentials. */
  prove(): Promise<void>;
  zoneNames(): Promise<string[]>;
  /** Makes the zone there equal to this text, creating it where needed; answers the records that it can't hold. */
  save(name: ZoneName, text: Buffer): Promise<string[]>;
  /** Fine where it is gone already. */
  remove(name: ZoneName): Promise<void>;
  text(name: ZoneName): Promise<Buffer | undefined>;
  close(): Promise<void>;
}

const BATCH = 100;
/** These services answer slowly, and count calls. */
const AT_ONCE = 4;

/** A member that is a hosted DNS service: it has no version, and gives zones serials of its own. */
export class HostedMember implements MemberBackend {
  readonly ownSerials = true;
  readonly batch = BATCH;
  readonly #service: HostedService;

  constructor(service: HostedService) {
    this.#service = service;
  }

  async probe(): Promise<MemberInfo> {
    await this.#service.prove();
    return { version: '', hostname: this.#service.host };
  }

  async zoneList(): Promise<ZoneName[]> {
    return (await this.#service.zoneNames()).flatMap((name) => nameOf(name) ?? []);
  }

  async zones(names: readonly ZoneName[]): Promise<Map<ZoneName, Buffer>> {
    const texts = await someAtOnce(names, AT_ONCE, async (name) => [name, await this.#service.text(name)] as const);
    return new Map(texts.flatMap(([name, text]) => (text === undefined ? [] : [[name, text] as const])));
  }

  async zoneExists(name: ZoneName): Promise<boolean> {
    return (await this.#service.text(name)) !== undefined;
  }

  push(changes: readonly MemberChange[]): Promise<Pushed[]> {
    return someAtOnce(changes, AT_ONCE, (change) => this.#apply(change));
  }

  close(): Promise<void> {
    return this.#service.close();
  }

  async #apply(change: MemberChange): Promise<Pushed> {
    const { name } = change;
    try {
      if (change.kind === 'upsert') {
        const leftOut = await this.#service.save(name, change.text);
        return { name, outcome: 'done', ...(leftOut.length === 0 ? {} : { leftOut }) };
      }
      await this.#service.remove(name);
      return { name, outcome: 'done' };
    } catch (error) {
      if (!(error instanceof CallRefused)) throw error;
      return { name, outcome: 'refused', reason: error.message };
    }
  }
}

/** The fields of a hosted service's form. */
export function hostedFields(service: string, baseurl: string, user: string, ns: string): MemberField[] {
  return [
    { name: 'username', label: user, type: 'text' },
    { name: 'apikey', label: 'API key', type: 'text', secret: true },
    {
      ...{ name: 'ns_config', label: 'NS records', type: 'radio', default: NS_CHOICES[0], help: ns },
      options: [
        { value: 'default', label: 'Leave the NS records of the zone as they are' },
        { value: 'ensure', label: `Add the nameservers of ${service}` },
        { value: 'force', label: `Replace the NS records by the nameservers of ${service}` },
      ],
    },
    {
      ...{ name: 'baseurl', label: 'Address of the API', type: 'text', default: baseurl },
      help: 'Only for another endpoint of the service.',
    },
  ];
}

/** The choice that a form has made. */
export function nsChoice(value: string | undefined): NsChoice {
  return NS_CHOICES.find((choice) => choice === value) ?? NS_CHOICES[0];
}

function nameOf(name: string): ZoneName | undefined {
  try {
    return zoneName(name);
  } catch {
    return undefined;
  }
}
