import { servedZoneName, type ZoneName } from '../../zones/zone-name.js';
import { CallRefused, type JsonConnection } from '../json-connection.js';
import type { CallOptions, MemberBackend, MemberChange, MemberInfo, Pushed } from '../member-backend.js';
import type { MemberField } from '../member-type.js';
import { someAtOnce } from '../some-at-once.js';
import { NS_CHOICES, type NsChoice } from './hosted-zone.js';

/**
 * A hosted DNS service, as far as a member needs it. Rejects with MemberError, or CallRefused if it is about one zone.
 */
export interface HostedService {
  /** Proves the credentials. */
  prove(): Promise<void>;
  zoneNames(): Promise<string[]>;
  /** Makes the zone there equal to this text, creating it where needed; answers the records that it can't hold. */
  save(name: ZoneName, text: Buffer): Promise<string[]>;
  /** Fine where it is gone already. */
  remove(name: ZoneName): Promise<void>;
  text(name: ZoneName): Promise<Buffer | undefined>;
}

const BATCH = 100;
/** These services answer slowly, and count calls. */
const AT_ONCE = 4;

/** A member that is a hosted DNS service: it has no version, and gives zones serials of its own. */
export class HostedMember implements MemberBackend {
  readonly ownSerials = true;
  readonly batch = BATCH;
  readonly #connection: JsonConnection;
  readonly #service: (options?: CallOptions) => HostedService;

  /** `serviceBy`: the service by this connection. */
  constructor(connection: JsonConnection, serviceBy: (connection: JsonConnection) => HostedService) {
    this.#connection = connection;
    this.#service = (options) => serviceBy(connection.heeding(options));
  }

  async probe(options?: CallOptions): Promise<MemberInfo> {
    await this.#service(options).prove();
    return { version: '', hostname: this.#connection.host };
  }

  async zoneList(options?: CallOptions): Promise<ZoneName[]> {
    return (await this.#service(options).zoneNames()).flatMap((name) => nameOf(name) ?? []);
  }

  async zones(names: readonly ZoneName[], options?: CallOptions): Promise<Map<ZoneName, Buffer>> {
    const service = this.#service(options);
    const texts = await someAtOnce(names, AT_ONCE, async (name) => [name, await service.text(name)] as const);
    return new Map(texts.flatMap(([name, text]) => (text === undefined ? [] : [[name, text] as const])));
  }

  async zoneExists(name: ZoneName, options?: CallOptions): Promise<boolean> {
    return (await this.#service(options).text(name)) !== undefined;
  }

  push(changes: readonly MemberChange[], options?: CallOptions): Promise<Pushed[]> {
    const service = this.#service(options);
    return someAtOnce(changes, AT_ONCE, (change) => apply(service, change));
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}

async function apply(service: HostedService, change: MemberChange): Promise<Pushed> {
  const { name } = change;
  try {
    if (change.kind === 'upsert') {
      const leftOut = await service.save(name, change.text);
      return { name, outcome: 'done', ...(leftOut.length === 0 ? {} : { leftOut }) };
    }
    await service.remove(name);
    return { name, outcome: 'done' };
  } catch (error) {
    if (!(error instanceof CallRefused)) throw error;
    return { name, outcome: 'refused', reason: error.message };
  }
}

/** The fields of a hosted service's form. */
export function hostedFields(service: string, baseurl: string, user: string, ns: string): MemberField[] {
  return [
    { name: 'username', label: user, type: 'text' },
    { name: 'apikey', label: 'API key', type: 'text', secret: true },
    {
      name: 'ns_config',
      label: 'NS records',
      type: 'radio',
      default: NS_CHOICES[0],
      help: ns,
      options: [
        { value: 'default', label: 'Leave the NS records of the zone as they are' },
        { value: 'ensure', label: `Add the nameservers of ${service}` },
        { value: 'force', label: `Replace the NS records by the nameservers of ${service}` },
      ],
    },
    {
      name: 'baseurl',
      label: 'Address of the API',
      type: 'text',
      default: baseurl,
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
    return servedZoneName(name);
  } catch {
    return undefined;
  }
}
