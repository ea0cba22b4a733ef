import { Agent, request } from 'undici';
import { codeOf, sentenceOf } from '../../errors.js';
import { MemberError } from '../../members/member-backend.js';
import { OUR_HEADER } from '../../wire-format/outcome-lines.js';
import { pinnedConnector } from '../../members/cpanel/pinned-connection.js';
import type { KnownMember } from './known-member.js';

/** What a member shows to everybody, without a token. */
export interface MemberProbe {
  /** Why it did not answer. */
  fault?: string;
  /** It shows another certificate than the pinned one. */
  isOther?: boolean;
  /** Seconds by which its clock is ahead of this machine's; negative where it is behind. */
  ahead?: number;
  /** When its certificate ends, milliseconds since 1970. */
  ends?: number;
  /** Of this software, where it runs it. */
  version?: string;
}

const TIMEOUT = 8_000;

/** Asks a member for what needs no token, after its certificate was seen to be the pinned one. Never rejects. */
export async function probeMember({ hostname, host, port, ...trust }: KnownMember): Promise<MemberProbe> {
  const certificate: { ends?: number } = {};
  const agent = new Agent({
    connect: pinnedConnector(() => trust, { name: () => hostname, accepted: ({ ends }) => (certificate.ends = ends) }),
  });
  const address = host.includes(':') ? `[${host}]` : host;
  try {
    const sent = Date.now();
    const { headers, body } = await request(`https://${address}:${port}/healthz`, {
      dispatcher: agent,
      headersTimeout: TIMEOUT,
      bodyTimeout: TIMEOUT,
      signal: AbortSignal.timeout(TIMEOUT),
    });
    const answered = Date.now();
    await body.dump();
    const date = Date.parse(textOf(headers['date']));
    const version = textOf(headers[OUR_HEADER]);
    return {
      ...certificate,
      ...(Number.isNaN(date) ? {} : { ahead: Math.round((date - (sent + answered) / 2) / 1000) }),
      ...(version === '' ? {} : { version }),
    };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof MemberError ? error.cause : error;
    const isOther = cause instanceof MemberError && cause.failure === 'certificate_changed';
    return {
      fault: sentenceOf(cause) || codeOf(cause),
      ...(isOther ? { isOther } : {}),
    };
  } finally {
    await agent.destroy();
  }
}

function textOf(header: string | string[] | undefined): string {
  return typeof header === 'string' ? header : (header?.[0] ?? '');
}
