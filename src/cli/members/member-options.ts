import { InvalidArgumentError, Option, type Command } from 'commander';
import { WrongUse } from '../terminal/failure.js';
import { readFile, readGiven, secretIn } from '../service/given-file.js';
import { printMessage } from '../terminal/output.js';
import { isTrusted, TRUST_KINDS } from '../../members/cpanel/trust.js';
import type { MemberRow } from '../../web/whm-api/answers/member-answer.js';
import { askService, type Parameters } from '../service/running-service.js';
import type { Target } from '../service/target.js';
import { askSecret, askYesOrNo, isPerson } from '../terminal/terminal.js';

/** Which certificate of a member is accepted, and how far. */
export interface TrustOptions {
  memberFingerprint?: string;
  trust?: string;
  ca?: string;
}

/** What `members add` and `members edit` have in common. */
export interface MemberOptions extends TrustOptions {
  type?: string;
  port?: number;
  dnsPort?: number;
  user?: string;
  memberTokenFile?: string;
  set?: readonly string[];
  setFile?: readonly string[];
}

/** Adds them to a command. */
export function memberOptions(command: Command): Command {
  return trustOptions(command)
    .option('--port <port>', 'the port of its API', portOf)
    .option('--dns-port <port>', 'the port of its nameserver', portOf)
    .option('--user <user>', 'the user that its token belongs to')
    .option('--member-token-file <file>', 'a file with its token; - is standard input (or DNSCLUSTER_MEMBER_TOKEN)')
    .addOption(new Option('--set <name=value...>', 'a field of a member type other than cpanel'))
    .addOption(new Option('--set-file <name=file...>', 'the same, with the value in a file, for secrets'));
}

/** Adds what says which certificate is accepted, and how far. */
export function trustOptions(command: Command): Command {
  return command
    .option('--member-fingerprint <sha256>', 'the fingerprint of its certificate, as the member prints it')
    .addOption(new Option('--trust <what>', 'what it is known by from then on').choices(TRUST_KINDS))
    .option('--ca <file>', 'a file with the authority (PEM) that signs its certificates, with --trust ca');
}

/** The token of a member: from a file, the environment, or a person. Throws WrongUse where there is none. */
export async function memberToken({ memberTokenFile: file }: MemberOptions, host: string): Promise<string> {
  if (file !== undefined) return secretIn(await readGiven(file), file === '-' ? 'Standard input' : file).trim();
  const given = process.env['DNSCLUSTER_MEMBER_TOKEN']?.trim() ?? '';
  if (given !== '') return given;
  if (isPerson()) return (await askSecret(`Token created on ${host}: `)).trim();
  throw new WrongUse(
    `A token of ${host} is needed: use --member-token-file FILE, or DNSCLUSTER_MEMBER_TOKEN. Create one there with "dnscluster tokens create".`,
  );
}

/**
 * What a member is to be known by: the given certificate, or the present one if a person accepts it. Nobody is asked
 * where an authority vouches for it and that is what was chosen, nor where it is what `accepted` is known by already.
 * Sends no token.
 */
export async function memberTrust(
  target: Target,
  { host, port }: { host: string; port?: number | undefined },
  options: TrustOptions,
  accepted?: MemberRow,
): Promise<Parameters> {
  const ca = options.ca === undefined ? undefined : readFile(options.ca).toString('utf8');
  const { memberFingerprint: given, trust } = options;
  if (given !== undefined) return { fingerprint: given, trust, ca };
  const shown = await askService(target, 'lookatserver', { host, port, ca: ca ?? accepted?.ca });
  const { fingerprint } = shown;
  if (trust === 'ca') {
    if (shown.unvouched === undefined) return { fingerprint, trust, ca };
    const who =
      ca === undefined ? 'No public authority vouches' : `The authority in ${options.ca ?? ''} does not vouch`;
    throw new WrongUse(`${who} for ${host} (${shown.unvouched}), so nothing was sent to it. Choose --trust key.`);
  }
  if (accepted !== undefined && isTrusted(accepted, shown)) return { fingerprint, trust, ca };
  printMessage(`${shown.host}, port ${shown.port}, shows this certificate:\n${fingerprint}`);
  if (isPerson() && (await askYesOrNo('Is this the fingerprint that the server itself prints?')))
    return { fingerprint, trust, ca };
  throw new WrongUse(
    `The certificate of ${shown.host} was not accepted, so nothing was sent to it. Compare the fingerprint with the one that it prints, and pass it with --member-fingerprint.`,
  );
}

/** The fields of another member type, by their names. Throws WrongUse. */
export function fieldsOf({ set = [], setFile = [] }: MemberOptions): Record<string, string> {
  const pairs = [
    ...set.map(pairOf),
    ...setFile.map((text) => {
      const [name, file] = pairOf(text);
      return [name, secretIn(readFile(file), file)] as const;
    }),
  ];
  return Object.fromEntries(pairs);
}

function pairOf(text: string): readonly [name: string, value: string] {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new WrongUse(`"${text}" is not a field. Enter it as name=value.`);
  return [name, value];
}

/** A port of the command line. */
function portOf(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new InvalidArgumentError('Enter a port from 1 to 65535.');
  return port;
}
