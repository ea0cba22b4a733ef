import { Option, type Command } from 'commander';
import { defined } from '../../operations/defined.js';
import { DATA_FOLDER } from '../../panel/node-configuration.js';
import { WrongUse } from '../terminal/failure.js';
import { readFile, secretIn } from './given-file.js';

/**
 * The service to ask: the one with its data in this folder, over its control socket; or one elsewhere, with a token.
 */
export type Target = { folder: string } | RemoteTarget;

export interface RemoteTarget {
  host: string;
  port: number;
  token: string;
  /** SHA-256 of its certificate, upper-case hex pairs with colons; absent: not known yet. */
  fingerprint?: string;
}

/** A token, and where it was found, in words. */
export interface GivenToken {
  token: string;
  where: string;
}

/** What is read of the options of a command that asks a service. */
export interface ServiceOptions {
  /** The answer is for programs. */
  json?: true;
  folder?: string;
  url?: string;
  tokenFile?: string;
  fingerprint?: string;
  token?: string;
}

const DEFAULT_PORT = 2087;
const HEADING = 'Which service to ask:';
const FINGERPRINT = /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/;

/** Adds the options that every command has which asks a service: which one, and for whom the answer is. */
export function asksService(command: Command): Command {
  const option = (flags: string, description: string): Option => new Option(flags, description).helpGroup(HEADING);
  return command
    .option('--json', 'print one line of JSON, for programs')
    .addOption(
      option('--folder <folder>', `the data folder of a service on this machine (DNSCLUSTER_FOLDER; ${DATA_FOLDER})`),
    )
    .addOption(option('--url <url>', 'a service elsewhere, such as https://ns1.example.com:2087 (DNSCLUSTER_URL)'))
    .addOption(
      option('--token-file <file>', 'a file with a token of that service (or the token itself in DNSCLUSTER_TOKEN)'),
    )
    .addOption(
      option(
        '--fingerprint <sha256>',
        'the fingerprint of its certificate, as the server prints it (DNSCLUSTER_FINGERPRINT)',
      ),
    )
    .addOption(new Option('--token <token>').hideHelp());
}

/** Is it one of the options that say which service is asked? */
export function saysWhichService(option: Option): boolean {
  return option.helpGroupHeading === HEADING;
}

/**
 * The service that a command asks. The command line goes before the environment. Throws WrongUse if it is not clear
 * which one is meant, and for a token on the command line.
 */
export function targetOf(options: ServiceOptions, env = process.env): Target {
  if (options.token !== undefined) {
    throw new WrongUse(
      'Everybody on this machine can read a token on the command line, so it was not used. Revoke it. ' +
        'Put a new one into a file that only you can read (--token-file FILE), or into DNSCLUSTER_TOKEN.',
    );
  }
  if (options.folder !== undefined && options.url !== undefined) {
    throw new WrongUse('--folder means a service on this machine and --url one elsewhere. Give only one of them.');
  }
  if (options.folder !== undefined) return { folder: options.folder };
  const url = options.url ?? env['DNSCLUSTER_URL'];
  if (url === undefined) return { folder: env['DNSCLUSTER_FOLDER'] ?? DATA_FOLDER };
  return remoteTarget(url, tokenOf(options.tokenFile, env['DNSCLUSTER_TOKEN']), options.fingerprint, env);
}

/** A service elsewhere, by its address and a token that is known already. Throws WrongUse if one of them is wrong. */
export function remoteTarget(
  url: string,
  { token: given, where }: GivenToken,
  fingerprint?: string,
  env = process.env,
): RemoteTarget {
  const token = given.trim();
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new WrongUse(`${where} holds no token. A token is one word of letters and digits.`);
  }
  const pinned = fingerprintOf(fingerprint ?? env['DNSCLUSTER_FINGERPRINT']);
  return { ...addressOf(url), token, ...defined({ fingerprint: pinned }) };
}

/** In words, for sentences. */
export function nameOf(target: Target): string {
  return 'folder' in target ? target.folder : `${target.host}, port ${target.port}`;
}

function addressOf(url: string): { host: string; port: number } {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== 'https:' || parsed.username !== '' || parsed.pathname !== '/') {
    throw new WrongUse(`"${url}" is not the address of a service. Enter one such as https://ns1.example.com:2087.`);
  }
  return {
    host: parsed.hostname.replace(/^\[(.*)\]$/, '$1'),
    // The usual port of https is left out by URL.
    port: parsed.port === '' ? (/:443\/?$/.test(url) ? 443 : DEFAULT_PORT) : Number(parsed.port),
  };
}

function tokenOf(file: string | undefined, given = ''): GivenToken {
  if (file !== undefined) return { token: secretIn(readFile(file), file), where: file };
  if (given.trim() !== '') return { token: given, where: 'DNSCLUSTER_TOKEN' };
  throw new WrongUse('A service elsewhere needs a token: use --token-file FILE, or DNSCLUSTER_TOKEN.');
}

function fingerprintOf(given: string | undefined): string | undefined {
  const fingerprint = given?.trim().toUpperCase();
  if (fingerprint === undefined || FINGERPRINT.test(fingerprint)) return fingerprint;
  throw new WrongUse(`"${given ?? ''}" is not a fingerprint. Enter 32 pairs of hex digits with colons (SHA-256).`);
}
