import { ENDS_SOON } from '../../cluster/problems.js';
import { packageVersion } from '../../operations/version.js';
import { ok, wrong, type Check, type Finding } from './check.js';
import type { Facts, ServiceFacts } from './facts.js';
import type { KnownMember } from './known-member.js';
import type { MemberProbe } from './member-probe.js';
import { isBelow } from './version-order.js';

/** Seconds by which clocks may differ: people read serials by date and the order of changes, and TSIG allows 300. */
const MOST_SKEW = 60;
const NO_NAMES = /^(localhost(\.localdomain)?|[^.]*)$/;

/** This server's place among the others. */
export const MEMBER_CHECKS: readonly Check[] = [
  { name: 'members', well: 'There are no members.', run: members },
  { name: 'clock', well: 'There is no member to compare the clock with.', run: clock },
  { name: 'name', run: name },
];

async function members(facts: Facts): Promise<Finding[]> {
  const own = await packageVersion();
  const told = facts.service?.status.members.flatMap(findingsOf) ?? [];
  const failing = new Set(
    facts.service?.status.members.flatMap(({ state, host }) => (state === 'online' ? [] : [host])),
  );
  const probed = await Promise.all(
    facts.members.map(async (member) => {
      const seen = await facts.probe(member);
      // That it can't be reached is said already, with the reason that the service knows.
      const isSaid = seen.fault !== undefined && seen.isOther !== true && failing.has(member.host);
      return isSaid ? [] : judged(member, seen, own);
    }),
  );
  const findings = [...told, ...probed.flat()];
  const { length } = facts.members;
  return findings.length > 0 || length === 0
    ? findings
    : [ok(`${length === 1 ? 'The only member answers' : `All ${length} members answer`}.`)];
}

/** Problems that a probe of a server of the cluster shows. */
export function judged({ hostname, host, port }: KnownMember, seen: MemberProbe, own: string): Finding[] {
  const { fault, isOther, version, ends = Infinity } = seen;
  if (isOther === true) {
    const fix = `Compare it with what ${hostname} itself prints, then accept it with: dnscluster members accept ${hostname}`;
    return [wrong(fault ?? '', fix)];
  }
  if (fault !== undefined) {
    const what = `${hostname} can't be reached at ${host}, port ${port}: ${fault}`;
    return [wrong(what, 'Check that it runs, and that its address is right and its firewall lets this server in.')];
  }
  const findings: Finding[] = [];
  if (version !== undefined && isBelow(majorOf(version), majorOf(own))) {
    const what = `${hostname} runs version ${version}, which is older than this server's ${own}.`;
    findings.push(wrong(what, `Upgrade ${hostname}.`));
  }
  if (ends - Date.now() < ENDS_SOON) {
    const fix = `Renew it there. If it is not trusted automatically then, accept it with: dnscluster members accept ${hostname}`;
    findings.push(wrong(`The certificate of ${hostname} expires at ${new Date(ends).toISOString()}.`, fix));
  }
  return findings;
}

/** What the service knows of a member. A probe sees a failure, too; here it is said with the reason. */
function findingsOf(member: ServiceFacts['status']['members'][number]): Finding[] {
  const { hostname, state, disabledReason = '', lastFailure = '', silentNameserver } = member;
  const findings: Finding[] = [];
  if (state === 'disabled') {
    findings.push(
      wrong(
        `${hostname} is disabled and gets no changes: ${disabledReason}`,
        `Repair that, then run: dnscluster members enable ${hostname}`,
      ),
    );
  }
  if (state === 'failing')
    findings.push(wrong(`${hostname} fails: ${lastFailure}`, `Repair that. The member is tried again automatically.`));
  if (silentNameserver !== undefined) {
    findings.push(
      wrong(
        `The nameserver of ${hostname} does not answer over ${silentNameserver.over.join(' and ')}: ${silentNameserver.why}`,
        `Start it there, and check that no firewall blocks its port 53 over UDP and TCP.`,
      ),
    );
  }
  return findings;
}

async function clock(facts: Facts): Promise<Finding[]> {
  const probes = await Promise.all(
    facts.members.map(async (member) => ({ ...member, ...(await facts.probe(member)) })),
  );
  const known = probes.filter(({ ahead }) => ahead !== undefined);
  const off = known.filter(({ ahead }) => isSkewed(ahead));
  if (off.length === 0)
    return known.length === 0
      ? []
      : [ok(`The clock is in step with ${known.length} ${known.length === 1 ? 'member' : 'members'}.`)];
  const whose =
    off.length === known.length && known.length > 1
      ? 'All members disagree with this server, so this clock is wrong. '
      : '';
  return off.map(({ hostname, ahead = 0 }) => skewed(hostname, ahead, whose));
}

/** Is it too much, seconds? */
export function isSkewed(ahead = 0): boolean {
  return Math.abs(ahead) > MOST_SKEW;
}

/** `ahead`: seconds by which the other's clock is; `whose`: what is known of which of them is wrong. */
export function skewed(hostname: string, ahead: number, whose = ''): Finding {
  return wrong(
    `The clock of this server is ${Math.abs(ahead)} s ${ahead > 0 ? 'behind' : 'ahead of'} that of ${hostname}.`,
    `${whose}Set the wrong one by NTP: timedatectl set-ntp true, with systemd-timesyncd or chrony installed.`,
  );
}

function name({ settings, service, members: known }: Facts): Finding[] {
  const own = service?.status.hostname ?? settings?.name;
  if (own === undefined) return [ok('The name of this server is not known.')];
  const fix = 'Give it its own full host name (name in its configuration), and restart the service.';
  if (NO_NAMES.test(own)) return [wrong(`"${own}" is not a full host name, and members know this server by it.`, fix)];
  const same = known.filter(({ hostname }) => hostname.toLowerCase() === own.toLowerCase());
  if (same.length > 0)
    return [wrong(`This server and its member at ${same[0]?.host ?? ''} have the same name, ${own}.`, fix)];
  const [before] = service?.status.formerNames ?? [];
  const renamed = `This server was ${before} before: its zones are its own under the name ${own}, too.`;
  return [ok(`No other server has the name ${own}.${before === undefined ? '' : ` ${renamed}`}`)];
}

/** Versions that differ in the last number only go together. */
export function majorOf(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}
