import type { MemberRow } from '../../web/whm-api/answers/member-answer.js';
import { presentRenewal } from '../../cluster/model/member.js';
import { timeAgo } from '../../presentation/words.js';
import { WrongUse } from '../terminal/failure.js';
import { table } from '../terminal/output.js';
import { askService } from '../service/running-service.js';
import type { Target } from '../service/target.js';

/** A key that was accepted automatically is told of for so long, milliseconds. */
const TOLD_FOR = 7 * 24 * 3_600_000;
export const ROLES = ['standalone', 'sync', 'write-only'] as const;
/** The argument, in a word. */
export const MEMBER = 'host name, address or id of a member';

export async function membersOf(target: Target): Promise<MemberRow[]> {
  return (await askService(target, 'listmembers')).member;
}

/** The member that a person means by its host name, address or id. Throws WrongUse if none or several match. */
export async function memberNamed(target: Target, name: string): Promise<MemberRow> {
  const rows = await membersOf(target);
  const wanted = name.toLowerCase();
  const found = rows.filter((row) =>
    [row.id, row.hostname.toLowerCase(), row.host.toLowerCase(), `${row.host.toLowerCase()}:${row.port}`].includes(
      wanted,
    ),
  );
  const [member, other] = found;
  if (member === undefined) {
    const known = rows.map(({ hostname }) => hostname).join(', ');
    throw new WrongUse(
      `There is no member "${name}". ${known === '' ? 'The cluster has no members yet.' : `Members: ${known}.`}`,
    );
  }
  if (other === undefined) return member;
  const ids = found.map(({ id, hostname }) => `${id} (${hostname})`).join(', ');
  throw new WrongUse(`"${name}" matches several members. Use one of these ids: ${ids}.`);
}

/** Members with how they do, and below what does not work. */
export function memberTable(rows: readonly MemberRow[]): string {
  const lines = rows.map(({ hostname, role, state, zones, zonesInSync, pending, lastContact, version }) => [
    ...[hostname, role, state],
    zones === 0 ? '-' : `${zonesInSync}/${zones}`,
    ...[pending, lastContact === undefined ? 'never' : timeAgo(lastContact), version],
  ]);
  const troubles = rows.flatMap(troublesOf);
  const list = table(['MEMBER', 'ROLE', 'STATE', 'IN SYNC', 'WAITING', 'LAST CONTACT', 'VERSION'], lines);
  return `${list}${troubles.map((line) => `${line}\n`).join('')}`;
}

/** What needs somebody, a sentence each. */
function troublesOf({
  hostname,
  state,
  lastFailure,
  silentNameserver,
  removalsHeld,
  pending,
  pendingSince,
  keyPin = '',
  renewals = [],
}: MemberRow): string[] {
  const renewal = presentRenewal({ renewals, keyPin });
  return [
    state === 'online' ? '' : `${hostname} is ${state}: ${lastFailure ?? 'no reason is known.'}`,
    silentNameserver === undefined
      ? ''
      : `${hostname}: its nameserver does not answer over ${silentNameserver.over.join(' and ')}: ${silentNameserver.why}`,
    removalsHeld === undefined
      ? ''
      : `${hostname}: ${removalsHeld.count} removals are held. Allow them with "members allow-removals ${hostname}", or restore the zones.`,
    pendingSince === undefined
      ? ''
      : `${hostname}: ${pending} ${pending === 1 ? 'zone waits' : 'zones wait'} to be sent, the oldest since ${timeAgo(pendingSince)}.`,
    renewal === undefined || Date.now() - Date.parse(renewal.at) > TOLD_FOR
      ? ''
      : `${hostname}: a new key, signed by the one before, was accepted automatically ${timeAgo(renewal.at)}. If nobody renewed it: members take-back ${hostname}`,
  ].filter((line) => line !== '');
}
