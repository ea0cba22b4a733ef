/**
 * Every error an operator or a peer can meet, in one place: its code, its HTTP status and its sentence. The sentence says
 * what happened, to which member or zone, and what to do. Throw `new ClusterError(code, facts)`; the facts fill the sentence.
 */
import { whmKinds } from './errors/whm-kinds.js';

/** One finding in a zone's text or records. Lines and columns count from 1; column 0 means the whole line. */
export interface ZoneIssue {
  severity: 'error' | 'warning';
  /** Short stable name, as `cname_and_other_data`. */
  code: string;
  zone: string;
  line: number;
  column: number;
  message: string;
}

type Facts = Record<string, string | number>;
interface ErrorKind {
  status: number;
  sentence: (facts: Facts) => string;
}

const kinds = {
  // Zone names and zone text
  zone_name_invalid: {
    status: 422,
    sentence: (f) =>
      `"${f['name'] ?? ''}" is not a zone name: ${f['why'] ?? ''}. Use a domain name such as example.com.`,
  },
  zone_invalid: {
    status: 422,
    sentence: (f) => `Zone ${f['zone'] ?? ''} was refused and nothing was changed: ${f['first'] ?? ''}`,
  },
  zone_unknown: {
    status: 404,
    sentence: (f) => `Zone ${f['zone'] ?? ''} is not on this server. Check the name in the list of zones.`,
  },
  zone_exists: {
    status: 409,
    sentence: (f) =>
      `Zone ${f['zone'] ?? ''} already exists on ${f['where'] ?? 'this server'}. Edit it, or remove it first.`,
  },
  zone_not_yours: {
    status: 403,
    sentence: (f) => `Zone ${f['zone'] ?? ''} belongs to another account. Ask the administrator to change it.`,
  },
  zone_refused: {
    status: 422,
    sentence: (f) =>
      `The nameserver refused zone ${f['zone'] ?? ''}, and the previous version was put back: ${f['why'] ?? ''}`,
  },
  zone_file_refused: {
    status: 422,
    sentence: (f) =>
      `The nameserver refused the file of zone ${f['zone'] ?? ''}, which was changed by hand. The text before is not on this server: the file stays as it is, and the nameserver keeps what it has (${f['why'] ?? ''}). Repair the file and rescan, or save the zone again.`,
  },
  zone_too_large: {
    status: 413,
    sentence: (f) => `Zone ${f['zone'] ?? ''} is larger than ${f['limit'] ?? ''} octets and was not read. Split it.`,
  },
  zones_not_written: {
    status: 507,
    sentence: (f) =>
      `The disk of this server refused the change (${f['why'] ?? ''}), and nothing was changed. Make room or repair it, then save again.`,
  },
  template_unknown: {
    status: 422,
    sentence: (f) => `There is no zone template "${f['template'] ?? ''}". There are: ${f['known'] ?? ''}.`,
  },
  template_variable: {
    status: 422,
    sentence: (f) =>
      `The zone template ${f['template'] ?? ''} needs the variable ${f['variable'] ?? ''}: ${f['why'] ?? ''}.`,
  },
  // Tokens
  token_invalid: {
    status: 422,
    sentence: (f) => `The token "${f['name'] ?? ''}" was not made: ${f['why'] ?? ''}. Choose another name.`,
  },
  token_unknown: {
    status: 404,
    sentence: (f) => `${f['user'] ?? ''} has no token "${f['name'] ?? ''}". Look in the list of tokens.`,
  },
  // Members
  member_address_invalid: {
    status: 422,
    sentence: (f) =>
      `"${f['host'] ?? ''}" is not a host name or address. Use one such as ns1.example.com or 192.0.2.1.`,
  },
  member_unresolvable: {
    status: 422,
    sentence: (f) => `The host name ${f['host'] ?? ''} has no address. Check its spelling, or use its IP address.`,
  },
  member_is_self: {
    status: 422,
    sentence: (f) => `${f['host'] ?? ''} is this server itself. Give the address of another server.`,
  },
  member_exists: {
    status: 409,
    sentence: (f) =>
      `${f['host'] ?? ''} is in the cluster already (as ${f['hostname'] ?? ''}). Edit that row, or delete it first.`,
  },
  member_unknown: {
    status: 404,
    sentence: (f) => `There is no member "${f['id'] ?? ''}" in the cluster. Look in the table of servers.`,
  },
  member_credentials_missing: {
    status: 422,
    sentence: (f) =>
      `A user name and an API token are needed to add ${f['host'] ?? ''}. Create a token on that server.`,
  },
  member_call_failed: {
    status: 502,
    sentence: (f) => `${f['why'] ?? ''}`,
  },
  nameserver_cannot_listen: {
    status: 500,
    sentence: (f) =>
      `The embedded nameserver cannot listen on ${f['address'] ?? ''} (${f['why'] ?? ''}). ` +
      'Stop what uses that port, or choose another address or port.',
  },
  // BIND
  rndc_key_unusable: {
    status: 500,
    sentence: (f) =>
      `The key file ${f['file'] ?? ''} of BIND's control channel cannot be used: ${f['why'] ?? ''}. Name the file with the key of its controls statement.`,
  },
  nameserver_unavailable: {
    status: 504,
    sentence: (f) =>
      `${f['software'] ?? 'The nameserver'} gave no reply at its control channel ${f['where'] ?? ''} (${f['why'] ?? ''}). Check that it runs and lets us in; what it missed is given to it when it is back.`,
  },
  nameserver_signs_zones: {
    status: 409,
    sentence: (f) =>
      `The ${f['software'] ?? 'nameserver'} on ${f['server'] ?? ''} signs zones by itself (${f['zones'] ?? ''}), so their records can't be kept the same on other servers. A server with such zones can't join a DNS cluster: turn DNSSEC off for them there (pdnsutil disable-dnssec ZONE, and take the DS record away at the registrar first), then try again.`,
  },
  nameserver_configuration_refused: {
    status: 503,
    sentence: (f) =>
      `${f['software'] ?? 'The nameserver'} refuses its own configuration (${f['why'] ?? ''}). Repair it with the help of ${f['checker'] ?? 'its checker'}; the change is then tried again.`,
  },
  nameserver_not_started: {
    status: 500,
    sentence: (f) =>
      `The private ${f['software'] ?? 'nameserver'} in ${f['folder'] ?? ''} did not start: ${f['why'] ?? ''}. Repair that, or choose another nameserver.`,
  },
  // DNS queries
  dns_no_answer: {
    status: 504,
    sentence: (f) =>
      `Nameserver ${f['server'] ?? ''} gave no answer for ${f['name'] ?? ''} (${f['why'] ?? ''}). ` +
      'Check that it runs and that no firewall stops UDP and TCP to it.',
  },
  folder_in_use: {
    status: 503,
    sentence: (f) =>
      `The folder ${f['folder'] ?? ''} is in use by process ${f['pid'] ?? ''}. Stop that process first: two would damage each other's data.`,
  },
  // Requests
  busy: {
    status: 503,
    sentence: () => 'This server has too many changes in hand and took no more. Try again in a minute.',
  },
  stopping: {
    status: 503,
    sentence: () => 'This server is stopping and took no more changes. Try again when it runs again.',
  },
  call_unknown: {
    status: 404,
    sentence: (f) => `This server has no call "${f['call'] ?? ''}". Check its name.`,
  },
  method_unknown: {
    status: 405,
    sentence: (f) => `A call is not made by ${f['method'] ?? ''}. Send it by GET or POST.`,
  },
  body_too_large: {
    status: 413,
    sentence: (f) => `The request is larger than ${f['limit'] ?? ''} bytes and was not read. Send it in smaller parts.`,
  },
  token_misplaced: {
    status: 400,
    sentence: () =>
      'A token does not belong in an address or a form, where logs keep it. Send it in the Authorization header, and make a new one.',
  },
  too_many_parameters: {
    status: 413,
    sentence: (f) => `The request has more than ${f['limit'] ?? ''} parameters. Send it in smaller parts.`,
  },
  encoding_unknown: {
    status: 415,
    sentence: (f) =>
      `A body packed as "${f['encoding'] ?? ''}" cannot be read here. Send it plain, or packed with gzip.`,
  },
  parameter_invalid: {
    status: 400,
    sentence: (f) =>
      `Parameter ${f['parameter'] ?? ''} ${f['why'] ?? 'is not valid'}. Correct it and send the request again.`,
  },
  access_denied: { status: 401, sentence: () => 'Access denied: give a valid user and API token.' },
  privilege_missing: {
    status: 403,
    sentence: (f) =>
      `You do not have the required privileges (${f['privilege'] ?? ''}). Ask the administrator for them.`,
  },
  // The panel and its pages
  page_unknown: {
    status: 404,
    sentence: (f) => `There is no page at ${f['path'] ?? ''}. Follow a link of the menu instead.`,
  },
  request_unreadable: {
    status: 400,
    sentence: () => 'The request could not be understood, so nothing was changed. Open the page again and repeat it.',
  },
  form_refused: {
    status: 403,
    sentence: () =>
      'This form was not sent from a page of your own login, so nothing was changed. Open the page again and repeat it.',
  },
  login_needed: {
    status: 401,
    sentence: () => 'You are not logged in, so nothing was changed. Log in and open the page again.',
  },
  login_refused: { status: 401, sentence: () => 'The user name or the password is wrong. Check both and try again.' },
  login_limited: {
    status: 429,
    sentence: (f) => `Too many logins from your address failed. Wait ${f['minutes'] ?? ''} minutes and try again.`,
  },
  user_invalid: {
    status: 422,
    sentence: (f) => `"${f['user'] ?? ''}" was not added as a user: ${f['why'] ?? ''}.`,
  },
  zone_changed: {
    status: 409,
    sentence: (f) =>
      `Zone ${f['zone'] ?? ''} was changed by somebody else after you opened it, so your text was not saved. ` +
      'It is still below: save it again to replace theirs.',
  },
  ...whmKinds,
  internal: {
    status: 500,
    sentence: () => 'An internal error stopped this request. Look in the log of this server for the cause.',
  },
} satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof kinds;

/** An error with a code, an HTTP status and a sentence for the operator (see the table above). */
export class ClusterError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  /** The findings behind `zone_invalid`, else empty. */
  readonly issues: readonly ZoneIssue[];

  constructor(code: ErrorCode, facts: Facts = {}, options: { cause?: unknown; issues?: readonly ZoneIssue[] } = {}) {
    const kind: ErrorKind = kinds[code];
    super(kind.sentence(facts), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ClusterError';
    this.code = code;
    this.status = kind.status;
    this.issues = options.issues ?? [];
  }
}

/** The sentence of any thrown thing: an operator's sentence for ours, else the plain message. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** `zone:line:column: message`, as compilers print it. */
export function formatIssue(issue: ZoneIssue): string {
  const place = issue.column > 0 ? `${issue.line}:${issue.column}` : `${issue.line}`;
  return `${issue.zone}:${place}: ${issue.message}`;
}

/** The refusal of a zone text, with its first finding in the sentence and all of them in `issues`. */
export function zoneInvalid(zone: string, issues: readonly ZoneIssue[]): ClusterError {
  const errors = issues.filter((issue) => issue.severity === 'error');
  const first = errors[0];
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return new ClusterError(
    'zone_invalid',
    {
      zone,
      first: first === undefined ? 'it is not valid' : `${placeOf(first)}: ${first.message}${more}`,
    },
    { issues },
  );
}

function placeOf({ line, column }: ZoneIssue): string {
  return column > 0 ? `line ${line}, column ${column}` : `line ${line}`;
}
