import { createHash } from 'node:crypto';
import type { Principal } from '../../../access/principal.js';
import type { Cluster } from '../../../cluster/cluster.js';
import type { ChangeResult } from '../../../cluster/model/results.js';
import { isClusterError, type ClusterError, type ZoneIssue } from '../../../errors.js';
import type { ValidZone } from '../../../zones/validation.js';
import type { ZoneName } from '../../../zones/zone-name.js';

/** A stored zone text as a text area can hold it, or why it can't without damage. */
type EditableText = { text: string } | { reason: string; escaped: string };

/**
 * Decodes a stored text for a text area. Refused is what HTML can't carry unchanged: bytes that are not UTF-8, NUL
 * (becomes U+FFFD), and a CR that is no end of a line (becomes LF).
 */
export function editableText(stored: Buffer): EditableText {
  const refuse = (reason: string): EditableText => ({ reason, escaped: escapeBytes(stored) });
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(stored);
  } catch {
    return refuse('it holds bytes that are not UTF-8');
  }
  if (text.includes('\0')) return refuse('it holds a NUL byte');
  if (/\r(?!\n)/.test(text)) return refuse('it holds a carriage return inside a line');
  return { text };
}

/**
 * The bytes to save for what a form sent. Browsers end each line by CRLF, whatever the text area was given, so the ends
 * of lines follow the stored text; a text that was not edited is the stored one, byte for byte.
 */
export function submittedText(sent: string, stored: Buffer | undefined): Buffer {
  const lines = sent.replaceAll('\r\n', '\n');
  const before = stored?.toString('utf8');
  if (stored !== undefined && before?.replaceAll('\r\n', '\n') === lines) return stored;
  return Buffer.from(before?.includes('\r\n') === true ? lines.replaceAll('\n', '\r\n') : lines);
}

/** Names a stored text, so that a form can say which one it was made from. */
export function textVersion(stored: Buffer): string {
  return createHash('sha256').update(stored).digest('base64url').slice(0, 22);
}

/**
 * Saves a text in the place of the one that a form was made from, which its `version` names. Rejects with `changed`
 * where another is there, be it since `stored` was read.
 */
export async function replaceText(
  cluster: Cluster,
  zone: ZoneName,
  {
    version,
    stored,
    next,
    changed,
  }: { version: string; stored: Buffer; next: () => Buffer | ValidZone; changed: ClusterError },
  by: Principal,
): Promise<ChangeResult> {
  if (version !== textVersion(stored)) throw changed;
  try {
    return await cluster.zones.save(zone, next(), by, { ifText: stored });
  } catch (error) {
    throw isClusterError(error, 'zone_file_changed') ? changed : error;
  }
}

/** One line of a text around a finding. */
interface ExcerptLine {
  number: number;
  text: string;
  isMarked: boolean;
}

/** A finding with the lines around its place. */
interface Finding {
  issue: ZoneIssue;
  lines: ExcerptLine[];
}

const MOST_FINDINGS = 20;
const LINES_AROUND = 2;
const LONGEST_LINE = 200;

/** The first 20 findings of a refusal, each with two lines of the refused text on both sides. */
export function findingsIn(text: string, issues: readonly ZoneIssue[]): Finding[] {
  if (issues.length === 0) return [];
  const lines = text.split(/\r?\n/);
  return issues.slice(0, MOST_FINDINGS).map((issue) => {
    const first = Math.max(1, issue.line - LINES_AROUND);
    const around = lines.slice(first - 1, issue.line + LINES_AROUND);
    return {
      issue,
      lines: around.map((content, index) => ({
        number: first + index,
        text: content.slice(0, LONGEST_LINE),
        isMarked: first + index === issue.line,
      })),
    };
  });
}

/** Escapes all but printable ASCII and ends of lines as decimal `\DDD`, as master files do (RFC 1035 §5.1). */
function escapeBytes(stored: Buffer): string {
  return stored
    .toString('latin1')
    .replace(/[^\x20-\x7e\t\n]/g, (byte) => `\\${String(byte.charCodeAt(0)).padStart(3, '0')}`);
}
