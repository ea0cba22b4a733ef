import { z } from 'zod';
import { codeOf, sentenceOf, type ZoneIssue } from '../../errors.js';
import type { Functions } from '../../web/whm-api/functions.js';
import { percentEncode } from '../../wire-format/percent.js';
import { acceptedCertificate } from './accepted-certificate.js';
import { CommandFailure, EXIT, ServiceRefusal, ServiceUnreachable } from '../terminal/failure.js';
import { OtherCertificate, postByTls, postLocally, type ServiceAnswer } from './service-connection.js';
import { nameOf, type Target } from './target.js';

type Parameter = string | number | boolean | Buffer;
type Given = Parameter | readonly string[] | undefined;
/** What functions of the API take. Absent ones are not sent; of a list, each value is. */
export type Parameters = Readonly<Record<string, Given>>;
/** What this function takes. */
type ParametersOf<Name extends keyof Functions> = {
  readonly [Key in keyof Functions[Name]['parameters']['shape']]?: Given;
};
/** What this function answers. */
export type AnswerOf<Name extends keyof Functions> = z.infer<Functions[Name]['answer']>;

const envelope = z.object({ metadata: z.object({ result: z.number(), reason: z.string() }), data: z.unknown() });
const refusal = z.object({ code: z.string(), issues: z.array(z.custom<ZoneIssue>()).default([]) });

const WHY: Readonly<Record<string, (folder: string) => string>> = {
  ENOENT: (folder) =>
    `No DNS cluster service runs on ${folder}. Start it, or name the folder of the running one with --folder.`,
  ECONNREFUSED: (folder) => `The DNS cluster service on ${folder} is not running. Start it and try again.`,
  ECONNRESET: (folder) =>
    `The DNS cluster service on ${folder} ended before it answered. Check its log, start it and try again.`,
  EACCES: (folder) =>
    `You may not use the control socket of the DNS cluster service on ${folder}. Run this as root or as the service's user.`,
};
/** Lacking rights, by the codes of refusals. */
const DENIED = new Set(['privilege_missing', 'access_denied']);

/**
 * Calls a function of the API (docs/openapi.json) of a service: over its control socket with root's rights, or with a
 * token. Resolves with its `data`, with whatever a newer service adds. Takes as long as the service takes. Rejects with
 * ServiceUnreachable, or with ServiceRefusal, also where the answer is another one than this version knows.
 */
export async function askService<Name extends keyof Functions>(
  target: Target,
  name: Name,
  parameters: ParametersOf<Name> = {},
): Promise<AnswerOf<Name>> {
  // The table is loaded while the service is at work: commands that ask nothing need none of it.
  const [data, { FUNCTIONS }] = await Promise.all([
    callService(target, name, parameters),
    import('../../web/whm-api/functions.js'),
  ]);
  const read = FUNCTIONS.get(name)?.answer.safeParse(data);
  if (read?.success === true) return data as AnswerOf<Name>;
  const sentence = `This version of dnscluster cannot read the answer of ${nameOf(target)}. Use the one that is installed with the service.`;
  throw new ServiceRefusal(sentence, EXIT.problems, { code: 'answer_unreadable', cause: read?.error });
}

async function callService(target: Target, name: string, parameters: Parameters): Promise<unknown> {
  const path = `/json-api/${name}?api.version=1`;
  const form = formOf(parameters);
  const answer =
    'folder' in target
      ? await postLocally(target.folder, path, form).catch((error: unknown) => unreachable(error, target))
      : await acceptedCertificate(target)
          .then((fingerprint) => postByTls(target, fingerprint, path, form))
          .catch((error: unknown) => unreachable(error, target));
  return dataOf(answer, target);
}

function formOf(parameters: Parameters): Buffer {
  const pairs = Object.entries(parameters).flatMap(([key, given]) =>
    listOf(given).flatMap((value) => [Buffer.from(`${key}=`), percentEncode(octetsOf(value)), Buffer.from('&')]),
  );
  return Buffer.concat(pairs);
}

function listOf(given: Given): readonly Parameter[] {
  if (given === undefined) return [];
  return typeof given === 'object' && !Buffer.isBuffer(given) ? given : [given];
}

function octetsOf(value: Parameter): Buffer {
  if (Buffer.isBuffer(value)) return value;
  return Buffer.from(typeof value === 'boolean' ? (value ? '1' : '0') : String(value));
}

function dataOf({ status, body }: ServiceAnswer, target: Target): unknown {
  const read = envelope.safeParse(parsed(body));
  if (read.success) {
    const { metadata, data } = read.data;
    if (metadata.result === 1) return data;
    const { code, issues } = refusal.catch({ code: 'refused', issues: [] }).parse(data);
    throw new ServiceRefusal(metadata.reason, DENIED.has(code) ? EXIT.denied : EXIT.problems, { code, issues });
  }
  if (status === 401 || status === 403) {
    const sentence = `The service at ${nameOf(target)} refused the token. Create one there with the privileges that it needs.`;
    throw new ServiceRefusal(sentence, EXIT.denied, { code: 'access_denied' });
  }
  if (status === 503) throw new ServiceUnreachable(body.trim());
  if (status === 404) {
    throw new ServiceUnreachable(
      `There is no DNS cluster service at ${nameOf(target)}. Check the address and the port.`,
    );
  }
  throw new ServiceRefusal(firstLine(body) ?? `The answer of ${nameOf(target)} cannot be read.`, EXIT.problems, {
    code: 'answer_unreadable',
  });
}

/** If it is text for persons: other programs may answer anything. */
function firstLine(body: string): string | undefined {
  const [line = ''] = body.trim().split('\n');
  return line === '' || line.startsWith('<') ? undefined : line.slice(0, 300);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unreachable(error: unknown, target: Target): never {
  if (error instanceof CommandFailure) throw error;
  if (error instanceof OtherCertificate) {
    throw new ServiceUnreachable(
      `${nameOf(target)} shows another certificate than the one that was accepted. Nothing was sent to it. ` +
        `Now: ${error.shown}. If the server itself prints this one, pass it with --fingerprint, or remove the server's ` +
        `line from ~/.config/dnscluster/known-servers.`,
      error,
    );
  }
  const code = codeOf(error);
  const why = 'folder' in target ? WHY[code]?.(target.folder) : undefined;
  // Where a name has several addresses, the system's error has no text of its own.
  const said = sentenceOf(error) || code;
  const sentence = `${nameOf(target)} cannot be reached: ${said}. Check the address, the port and the firewall.`;
  throw new ServiceUnreachable(why ?? ('folder' in target ? said : sentence), error);
}
