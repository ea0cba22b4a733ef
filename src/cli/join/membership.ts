import { createHash, randomBytes } from 'node:crypto';
import { sentenceOf } from '../../errors.js';
import type { MemberRow } from '../../web/whm-api/answers/member-answer.js';
import type { NodeSettings } from '../../panel/node.js';
import { ok, wrong, type Finding } from '../doctor/check.js';
import type { Row } from '../doctor/finding-lines.js';
import { ServiceRefusal } from '../terminal/failure.js';
import { testMember } from '../members/members-test.js';
import { askService } from '../service/running-service.js';
import type { Target } from '../service/target.js';
import type { OtherServer } from './other-server.js';

const LONGEST_SLUG = 24;

/** This server, as the other one is to know it. */
interface NewMember {
  settings: NodeSettings;
  /** Of its certificate. */
  fingerprint: string;
  role: string;
}

/**
 * Has the other server add this one, or, if it has it already and does not reach it, gives it a new token and address.
 * If that fails, what was made for it is taken back. Rejects with ServiceUnreachable, or ServiceRefusal of the service
 * here.
 */
export async function becomeMember(other: OtherServer, own: NewMember): Promise<Row[]> {
  const { hostname, memberId: known } = other;
  const before = known === undefined ? undefined : await asSeenBy(other, known, own.settings);
  if (before?.state === 'ok') return [{ check: 'seen', ...before }];
  const change = known === undefined ? 'addmember' : 'editmember';
  try {
    const row = await withNewToken(own.settings.folder, hostname, (token) => askOther(change, other, own, token));
    const done =
      known === undefined
        ? `${hostname} added this server; ${row.zones} zones come from there.`
        : `${hostname} has the new token and address of this server; ${row.zones} zones come from there.`;
    const seen = await asSeenBy(other, row.id, own.settings);
    return [
      { check: 'member', ...ok(done) },
      { check: 'seen', ...seen },
    ];
  } catch (error) {
    if (!(error instanceof RefusedThere)) throw error;
    if (before !== undefined) return [{ check: 'seen', ...before }];
    const fix = `Make sure that ${hostname} reaches port ${own.settings.port} (TCP) at ${other.address}: firewall, router, --address. Then join again.`;
    return [{ check: 'member', ...wrong(`${hostname} did not add this server: ${error.message}`, fix) }];
  }
}

/** The other server refused, and nothing of it is left here. */
class RefusedThere extends Error {}

function askOther(
  change: 'addmember' | 'editmember',
  { target, address, memberId }: OtherServer,
  { settings, fingerprint, role }: NewMember,
  token: string,
): Promise<MemberRow> {
  const given = {
    host: address,
    port: settings.port,
    dnsport: settings.nameserver.port,
    user: 'root',
    token,
    fingerprint,
    // Role and trust of one that is a member already may have been changed there since. A new one is known by its key:
    // renewals pass then, for this server signs each new key by the one before.
    ...(memberId === undefined ? { role, trust: 'key' } : { member: memberId }),
  };
  return askService(target, change, given);
}

/**
 * Creates a token here for the other server and hands it to `use`. If that succeeds, earlier tokens are revoked; else
 * this one is, for the other server may still use an earlier one. Rejects with RefusedThere.
 */
async function withNewToken<T>(folder: string, hostname: string, use: (token: string) => Promise<T>): Promise<T> {
  const local: Target = { folder };
  const prefix = tokenPrefix(hostname);
  const name = `${prefix}${randomBytes(2).toString('hex')}`;
  const { tokens: known } = await askService(local, 'api_token_list');
  const earlier = Object.keys(known).filter((one) => one.startsWith(prefix));
  const given = { token_name: name, acl: ['clustering'] };
  const { token } = await askService(local, 'api_token_create', given);
  const revoke = (names: readonly string[]): Promise<unknown> =>
    askService(local, 'api_token_revoke', { token_name: names });
  try {
    const done = await use(token);
    if (earlier.length > 0) await revoke(earlier);
    return done;
  } catch (error) {
    await revoke([name]);
    throw error instanceof ServiceRefusal ? new RefusedThere(sentenceOf(error)) : error;
  }
}

/** Of every token that is made here for that server; of no other one's, however long the names are. */
function tokenPrefix(hostname: string): string {
  const slug = hostname.replaceAll(/[^A-Za-z0-9-]/g, '_').slice(0, LONGEST_SLUG);
  return `joined-${slug}-${createHash('sha256').update(hostname).digest('hex').slice(0, 8)}-`;
}

/** The last word has the other side: it alone knows what comes through. */
async function asSeenBy({ target, hostname }: OtherServer, id: string, settings: NodeSettings): Promise<Finding> {
  try {
    const { silentNameserver: silent } = await testMember(target, id);
    if (silent === undefined) return ok(`${hostname} reaches the API here, and the nameserver over UDP and TCP.`);
    return wrong(
      `${hostname} reaches the API here, but not the nameserver over ${silent.over.join(' and ')}: ${silent.why}`,
      `Let port ${settings.nameserver.port} in, over UDP and TCP, in every firewall on the way.`,
    );
  } catch (error) {
    if (!(error instanceof ServiceRefusal)) throw error;
    return wrong(
      `${hostname} does not reach this server: ${error.message}`,
      `Let port ${settings.port} (TCP) in, and join again.`,
    );
  }
}
