import { createHash } from 'node:crypto';
import { ClusterError } from '../errors.js';

const LENGTH = 22;

/** Names the values of these fields as they are now. A form that shows them says by it what a change was made from. */
export function revisionOf<T extends object>(of: T, fields: readonly (keyof T & string)[]): string {
  const values = fields.toSorted().map((field) => [field, of[field]]);
  return createHash('sha256').update(JSON.stringify(values)).digest('base64url').slice(0, LENGTH);
}

/**
 * Throws changed_meanwhile where a change was made from another revision; `seen` is absent if nobody read it before.
 */
export function refuseChanged(what: string, seen: string | undefined, present: string): void {
  if (seen !== undefined && seen !== present) throw new ClusterError('changed_meanwhile', { what });
}
