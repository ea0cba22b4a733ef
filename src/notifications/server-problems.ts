import { statfs } from 'node:fs/promises';
import { basename } from 'node:path';
import type { StateLoss } from '../state/json-state.js';
import type { Problem, ProblemGroup } from './problem-watch.js';

/** A token that ends within this time is said, milliseconds. */
const SOON = 7 * 24 * 3600 * 1000;
/** A disk with less left than both of these is nearly full: a part of it, and octets. */
const LEAST_PART = 0.1;
const LEAST = 1024 ** 3;
const MOST_NAMED = 5;

interface ServerFacts {
  tokens: { endGone(): Promise<Parameters<typeof endedTokens>[0]>; list(): Parameters<typeof expiring>[0] };
  /** Where this server keeps everything. */
  folder: string;
  /** Where the audit log is another one than was written. */
  audit: { file: string; line: number; why: string } | undefined;
  /** Why its own certificate can't be used. */
  certificate: string | undefined;
  losses: readonly (StateLoss | undefined)[];
}

/** What is wrong with this server itself. */
export async function serverProblems(facts: ServerFacts): Promise<Problem[]> {
  const { tokens, folder, audit, certificate, losses } = facts;
  return [
    ...endedTokens(await tokens.endGone()),
    ...expiring(tokens.list()),
    ...lostState(losses),
    ...changedAudit(audit),
    ...unusableCertificate(certificate),
    ...(await fillingDisk(folder)),
  ];
}

/** Tokens that end soon, or ended within the last days: whoever uses them is refused then. */
export function expiring(
  tokens: readonly {
    name: string;
    user: string;
    kind?: 'root' | 'reseller';
    expiresAt?: number | undefined;
    ended?: string | undefined;
  }[],
  now = Date.now(),
): Problem[] {
  return tokens.flatMap(({ name, user, kind, expiresAt, ended }) => {
    const left = expiresAt === undefined || ended !== undefined ? Infinity : expiresAt * 1000 - now;
    if (left > SOON || left < -SOON) return [];
    const when = new Date(now + left).toISOString();
    return [
      {
        key: `token ${user} ${name}`,
        subject: left > 0 ? `The API token ${name} ends soon` : `The API token ${name} has ended`,
        text: `The token ${name} of ${user} ends at ${when}. Servers that use it are refused from then on. Make a new one, give it to them, and revoke this one.`,
        over: `The API token ${name} is replaced or extended`,
        ...(kind === 'reseller' && { group: tokensOf(user) }),
      },
    ];
  });
}

function tokensOf(user: string): ProblemGroup {
  return {
    ...{ key: `token ${user}`, account: user, many: `API tokens of ${user} end soon or have ended` },
    over: `The API tokens of ${user} are replaced or extended`,
  };
}

/** Tokens that are refused because their user was removed from the host. */
export function endedTokens(tokens: readonly { name: string; user: string }[]): Problem[] {
  return [...new Set(tokens.map(({ user }) => user))].map((user) => {
    const names = tokens.filter((token) => token.user === user).map(({ name }) => name);
    const shown = names.slice(0, MOST_NAMED).join(', ');
    return {
      key: `ended ${user}`,
      subject: `API tokens of ${user} are refused`,
      text: `${user} was removed from the users of this server, so the API tokens of that user are refused from now on, also when somebody else gets the name: ${names.length} (${shown}${names.length > MOST_NAMED ? ', …' : ''}). Servers and programs that use them need others. Revoke these on the page of tokens.`,
      over: `No refused API tokens of ${user} are left`,
    };
  });
}

/** State files that the last start found lost or damaged. */
function lostState(losses: readonly (StateLoss | undefined)[]): Problem[] {
  return losses.flatMap((loss) => {
    if (loss === undefined) return [];
    const { file, lost } = loss;
    return {
      key: `state ${file}`,
      subject: lost ? `${file} is lost: this server refuses changes` : `${file} was lost or damaged`,
      text: lost
        ? `Neither it nor its copy is left. DNS is answered as before, but what was in it is not known. Stop this server and restore a backup, or begin without what was in it: dnscluster state forget ${basename(file)}.`
        : 'Its copy, which is of the same version, took its place: nothing is missing. Find out what happened to the disk or who could write there.',
      over: `${file} is as it should be`,
    };
  });
}

/** Was the audit log found to be another one than was written? */
function changedAudit(broken: { file: string; line: number; why: string } | undefined): Problem[] {
  if (broken === undefined) return [];
  const { file, line, why } = broken;
  return [
    {
      key: 'audit',
      subject: 'The audit log was changed or is damaged',
      text: `${file} is not as it was written: line ${line}, ${why}. Find out who could write it. \`dnscluster audit verify\` looks again; to begin a new log, move the old files away and restart.`,
      over: 'The audit log is as it was written',
    },
  ];
}

/** Was a certificate put where this server reads its own, and can't be taken? */
function unusableCertificate(fault: string | undefined): Problem[] {
  if (fault === undefined) return [];
  return [
    {
      key: 'own certificate',
      subject: 'The certificate on disk can not be used',
      text: `${fault} Until then this server goes on with the certificate that it showed before.`,
      over: 'The certificate on disk is used',
    },
  ];
}

/** Is the disk of this folder nearly full? Changes are refused when it is. */
export async function fillingDisk(folder: string): Promise<Problem[]> {
  const { bavail, blocks, bsize } = await statfs(folder);
  const left = bavail * bsize;
  if (left >= LEAST || bavail >= blocks * LEAST_PART) return [];
  return [
    {
      key: 'disk',
      subject: 'The disk is nearly full',
      text: `${Math.round(left / 1024 ** 2)} MiB are left where ${folder} is. When it is full, changes of zones are refused. Make room.`,
      over: 'The disk has room again',
    },
  ];
}
