import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RequestListener } from 'node:http';
import { mkdir } from 'node:fs/promises';
import { ShownCertificate } from '../../src/access/shown-certificate.js';
import { TokenStore } from '../../src/access/tokens.js';
import { trustTokens } from '../../src/access/trust-tokens.js';
import type { Role } from '../../src/cluster/model/member.js';
import { Cluster } from '../../src/cluster/cluster.js';
import type { AuditTrail } from '../../src/cluster/model/audit.js';
import type { TrustTokens } from '../../src/cluster/members/reverse-trust.js';
import type { Principal } from '../../src/access/principal.js';
import { parseName } from '../../src/dns/name.js';
import { DnsClient } from '../../src/dns/messages/query.js';
import { cpanel } from '../../src/members/cpanel/cpanel-type.js';
import { EmbeddedNameserver } from '../../src/nameservers/embedded/embedded.js';
import type { MemberType } from '../../src/members/member-type.js';
import { AuditLog } from '../../src/operations/audit-log.js';
import { createLog } from '../../src/operations/log.js';
import { createApi } from '../../src/web/api.js';
import { openAnnouncing } from '../../src/web/listening/announcing-listener.js';
import type { TlsListener } from '../../src/web/listening/tls-listener.js';
import type { ZoneName } from '../../src/zones/zone-name.js';
import type { Pair } from '../certificates.js';
import { FaultyNameserver } from './faulty-nameserver.js';
import { ROOT } from './zone-texts.js';
import type { MemberStatus, NewCpanelMember } from '../../src/cluster/model/member-status.js';

const log = createLog({ level: 'silent' });

interface Running {
  cluster: Cluster;
  nameserver: FaultyNameserver;
  listener: TlsListener;
  tokens: TokenStore;
}

/**
 * A whole server in this process: cluster, embedded nameserver and the API behind TLS, each on a port of its own that
 * it keeps.
 */
export class ClusterNode {
  name: string;
  readonly folder: string;
  /** Calls of peers that came, as `synczones_local`. */
  readonly calls: string[] = [];
  memberTypes: MemberType[] = [];
  /** Answers a call instead of the API, where it returns true. */
  intercept: (call: string, ...exchange: Parameters<RequestListener>) => boolean = () => false;
  #certificate: ShownCertificate;
  #apiPort = 0;
  #dnsPort = 0;
  #running: Running | undefined;

  readonly #options: { schedules?: { health: string } };

  private constructor(
    name: string,
    folder: string,
    certificate: ShownCertificate,
    options: { schedules?: { health: string } },
  ) {
    this.#options = options;
    this.name = name;
    this.folder = folder;
    this.#certificate = certificate;
  }

  static async start(name: string, options: { schedules?: { health: string } } = {}): Promise<ClusterNode> {
    const folder = mkdtempSync(join(tmpdir(), `cluster-${name}-`));
    const node = new ClusterNode(name, folder, await certificateIn(join(folder, 'tls'), name), options);
    await node.start();
    return node;
  }

  get cluster(): Cluster {
    return this.#now().cluster;
  }

  get fingerprint(): string {
    return this.#certificate.current.fingerprint;
  }

  get nameserver(): FaultyNameserver {
    return this.#now().nameserver;
  }

  async start(): Promise<void> {
    const folder = join(this.folder, 'data');
    const address = { host: '127.0.0.1', port: this.#dnsPort };
    const nameserver = new FaultyNameserver(new EmbeddedNameserver({ listen: [address], version: '0', log }));
    const api: { app?: RequestListener } = {};
    const answer: RequestListener = (request, response) => {
      const call = /^\/scripts2\/(\w+)/.exec(request.url ?? '')?.[1] ?? request.url ?? '';
      this.calls.push(call);
      if (this.intercept(call, request, response)) return;
      // As a node does that is only starting.
      if (api.app === undefined) response.writeHead(503).end();
      else api.app(request, response);
    };
    const listener = await openAnnouncing({ host: '127.0.0.1', port: this.#apiPort }, this.#certificate, answer);
    this.#apiPort = listener.port;
    const own = { hostname: this.name, apiPort: this.#apiPort, fingerprint: this.fingerprint };
    await mkdir(folder, { recursive: true });
    const tokens = await TokenStore.open(join(folder, 'tokens.json'), { log });
    const audit = new AuditLog(join(folder, 'audit.log'), log);
    const parts = { memberTypes: [cpanel, ...this.memberTypes], tokens: trustTokens(tokens), audit };
    const cluster = await Cluster.start({ folder, log, own, nameserver, ...parts, ...this.#options });
    api.app = createApi({ cluster, tokens, version: '0', log }) as RequestListener;
    this.#dnsPort = nameserver.dns.port;
    this.#running = { cluster, nameserver, listener, tokens };
  }

  async stop(): Promise<void> {
    const ending = this.#running;
    this.#running = undefined;
    if (ending === undefined) return;
    await ending.listener.close();
    await ending.cluster.stop();
    await ending.tokens.close();
  }

  /** Shows another certificate from now on, of a key that the one before knows nothing of. */
  async renewCertificate(): Promise<void> {
    await this.stop();
    await this.#certificate.close();
    this.#certificate = await certificateIn(join(this.folder, 'renewed-tls'), this.name);
    await this.start();
  }

  /** Puts a certificate in the place of the present one, without a restart. */
  async putCertificate({ key, cert }: Pair): Promise<void> {
    writeFileSync(join(this.folder, 'tls', 'tls.key'), key);
    writeFileSync(join(this.folder, 'tls', 'tls.crt'), cert);
    await this.#certificate.look();
  }

  /** What it shows, with its key. */
  get certificate(): Pair & { keyPin: string } {
    return this.#certificate.current;
  }

  /** Its host name is another one from now on. */
  async rename(name: string): Promise<void> {
    await this.stop();
    this.name = name;
    await this.start();
  }

  async end(): Promise<void> {
    await this.stop();
    await this.#certificate.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Makes `other` a member of this node. `as`: who that other server takes us for. */
  async add(other: ClusterNode, role: Role = 'write-only', by = ROOT, as = ROOT): Promise<MemberStatus> {
    return this.cluster.members.add(await other.invitation(role, as), by);
  }

  /** The names of the tokens that it gave away. */
  tokenNames(): string[] {
    return this.#now()
      .tokens.list()
      .map(({ name }) => name);
  }

  get tokens(): TokenStore {
    return this.#now().tokens;
  }

  /** Where its API listens. */
  get address(): string {
    return `127.0.0.1:${this.#apiPort}`;
  }

  /** What an operator needs to add this node to another one. */
  async invitation(role: Role, as: Principal): Promise<NewCpanelMember> {
    const { user, kind, privileges } = as;
    const name = `t${Math.random().toString(36).slice(2)}`;
    const { secret } = await this.#now().tokens.create({ user, kind, name, privileges });
    return { host: '127.0.0.1', port: this.#apiPort, dnsPort: this.#dnsPort, user, token: secret, role };
  }

  /** The serial that its nameserver answers with. */
  async served(zone: ZoneName): Promise<number | undefined> {
    const client = new DnsClient({ host: '127.0.0.1', port: this.#dnsPort }, { timeout: 2_000 });
    try {
      return await client.soaSerial(parseName(`${zone}.`));
    } finally {
      client.close();
    }
  }

  /** Its zones with their digests: equal on two nodes where they hold the same. */
  holdings(): Record<string, string> {
    return Object.fromEntries(this.cluster.listZones(ROOT).map(({ name, digest }) => [name, digest]));
  }

  /** The row of the member with this name. */
  row(member: ClusterNode, by = ROOT): MemberStatus {
    const found = this.cluster.members.list(by).find(({ hostname }) => hostname === member.name);
    if (found === undefined) throw new Error(`${member.name} is no member of ${this.name}`);
    return found;
  }

  #now(): Running {
    if (this.#running === undefined) throw new Error(`${this.name} is stopped`);
    return this.#running;
  }
}

/** Files are looked at where a test says so. */
function certificateIn(folder: string, hostname: string): Promise<ShownCertificate> {
  return ShownCertificate.open({ folder, hostname, addresses: ['127.0.0.1'], log, every: 3_600_000 });
}

/** For a cluster whose commands nobody reads of. */
export const NO_AUDIT: AuditTrail = { record: () => Promise.resolve() };

/** For a cluster that asks nobody for trust. */
export const NO_TOKENS: TrustTokens = { issue: () => Promise.resolve(''), revoke: () => Promise.resolve() };
