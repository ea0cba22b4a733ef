import { networkInterfaces } from 'node:os';
import { probeNameserver } from '../../cluster/health/nameserver-probe.js';
import { packageVersion } from '../../operations/version.js';
import { acceptedCertificate } from '../service/accepted-certificate.js';
import { notice, ok, wrong, type Finding } from '../doctor/check.js';
import type { Row } from '../doctor/finding-lines.js';
import { isSkewed, judged, majorOf, skewed } from '../doctor/member-checks.js';
import { isBelow } from '../doctor/version-order.js';
import { askService } from '../service/running-service.js';
import type { RemoteTarget } from '../service/target.js';

/** How this server is to stand in the other one's cluster. */
interface Joining {
  /** Its host name there. */
  name: string;
  /** Where the other is to reach it; what it sees where absent. */
  address: string | undefined;
  /** Of its certificate; absent before the first start. */
  fingerprint: string | undefined;
  /** Of its key. */
  keyPin: string | undefined;
}

/** The other server, as it was found before anything was changed. */
export interface OtherServer {
  /** With the certificate that was accepted. */
  target: RemoteTarget;
  hostname: string;
  /** Where it is to reach this server. */
  address: string;
  /** The id of the member that this server is there already. */
  memberId?: string;
  findings: readonly Row[];
}

/** Checks the server that is to add this one: all that can be known before. Rejects if it can't be asked. */
export async function checkOther(given: RemoteTarget, joining: Joining): Promise<OtherServer> {
  const fingerprint = await acceptedCertificate(given);
  const target = { ...given, fingerprint };
  const { hostname } = await askService(target, 'gethostname');
  const software = await softwareOf(hostname, target);
  const findings: Row[] = [await tokenFinding(hostname, target), ...software];
  // An older one may not know what is asked then; a token without the privilege may not ask it.
  if (findings.some(({ state }) => state === 'wrong')) return { target, hostname, address: '', findings };
  const { address: seen } = await askService(target, 'myaddress');
  const { dns, members } = await askService(target, 'clusterstatus');
  const same = members.filter((row) => row.hostname.toLowerCase() === joining.name);
  const ours = same.find(({ fingerprint, keyPin }) =>
    joining.keyPin !== undefined && keyPin === joining.keyPin ? true : fingerprint === joining.fingerprint,
  );
  const name =
    ours === undefined
      ? nameFinding(joining.name, hostname, same[0]?.host)
      : ok(`${hostname} already has this server as a member.`);
  return {
    target,
    hostname,
    address: joining.address ?? (isOwn(seen) ? seen : (ours?.host ?? seen)),
    ...(ours === undefined ? {} : { memberId: ours.id }),
    findings: [
      ...findings,
      { check: 'name', ...name },
      { check: 'address', ...addressFinding(hostname, seen, joining.address) },
      { check: 'dns', ...(await dnsFinding(hostname, { host: target.host, port: dns.port })) },
    ],
  };
}

async function tokenFinding(hostname: string, target: RemoteTarget): Promise<Row> {
  const granted = (await askService(target, 'myprivs')).privileges[0] ?? {};
  const check = 'token';
  if (granted['clustering'] === 1 || granted['all'] === 1) return { check, ...ok(`${hostname} accepts the token.`) };
  const what = `The token lacks the privilege clustering on ${hostname}.`;
  return { check, ...wrong(what, 'Create one there that has it: dnscluster tokens create, or Manage API Tokens.') };
}

async function softwareOf(hostname: string, { host, port, fingerprint }: Required<RemoteTarget>): Promise<Row[]> {
  // Loaded only now: most commands need no client of HTTP, and answer sooner.
  const { probeMember } = await import('../doctor/member-probe.js');
  const member = { hostname, host, port, fingerprint };
  const probe = await probeMember(member);
  const own = await packageVersion();
  const against = [...judged(member, probe, own), ...versionFindings(hostname, probe.version, own)];
  const versions = against.length > 0 ? against : [ok(`${hostname} has version ${probe.version ?? ''}.`)];
  const clock = isSkewed(probe.ahead)
    ? skewed(hostname, probe.ahead ?? 0)
    : ok(`The clock is in step with ${hostname}.`);
  return [...versions.map((finding) => ({ check: 'version', ...finding })), { check: 'clock', ...clock }];
}

/** What else speaks against its version than that it is older. */
function versionFindings(hostname: string, version: string | undefined, own: string): Finding[] {
  if (version === undefined) {
    return [
      wrong(
        `${hostname} does not run this software, so you can't join it from here.`,
        'Add this server on its own page: Configure Cluster » Add a server to the cluster.',
      ),
    ];
  }
  if (!isBelow(majorOf(own), majorOf(version))) return [];
  return [
    wrong(
      `This server runs version ${own}, which is older than version ${version} of ${hostname}.`,
      'Upgrade this server.',
    ),
  ];
}

function nameFinding(own: string, other: string, taken: string | undefined): Finding {
  const fix = 'Give this server its own full host name (name in its configuration), and join again.';
  if (own === other.toLowerCase()) return wrong(`Both servers are called ${own}.`, fix);
  if (taken === undefined) return ok(`The name ${own} is free on ${other}.`);
  return wrong(
    `${other} already has a member called ${own}, at ${taken}, with another certificate.`,
    `If that was this server, remove it there (dnscluster members remove ${own}), and join again. Otherwise: ${fix}`,
  );
}

function addressFinding(other: string, seen: string, given: string | undefined): Finding {
  const used = given ?? seen;
  const told = given === undefined || given === seen ? '' : ` It is to use ${given}.`;
  if (isOwn(seen)) return ok(`${other} sees this server at ${seen}.${told}`);
  return notice(
    `${other} sees this server at ${seen}, which is not one of its own addresses: there is a router in between.${told}`,
    `The router must pass ports 53 (UDP and TCP) and 2087 (TCP) of ${used} on to this server. Otherwise, name the right address with --address.`,
  );
}

/** Without a router between, the other sees an address that this machine itself has. */
function isOwn(address: string): boolean {
  return Object.values(networkInterfaces()).some((list) => (list ?? []).some((one) => one.address === address));
}

/** Zones come here without it, but it helps to find a fault. */
async function dnsFinding(hostname: string, dns: { host: string; port: number }): Promise<Finding> {
  const silent = await probeNameserver(dns, undefined, undefined);
  if (silent === undefined) return ok(`The nameserver of ${hostname} answers here over UDP and TCP.`);
  return notice(
    `The nameserver of ${hostname} does not answer here over ${silent.over.join(' and ')}: ${silent.why}`,
    `Zones come here anyway. If ${hostname} is to answer queries, open its port ${dns.port}.`,
  );
}
