import { ClusterError } from '../../errors.js';
import type { JsonState } from '../../state/json-state.js';
import { refuseChanged, revisionOf } from '../../state/revision.js';
import { settingsSchema, type ClusterSettings, type ClusterState } from './cluster-state.js';

/** What root decided for the cluster. */
export function settingsOf({ data }: JsonState<ClusterState>): ClusterSettings {
  return settingsSchema.parse(data);
}

/**
 * Changes what is named, and keeps the rest. `seen`: the revision of what is named from which the change was made. Rejects with
 * parameter_invalid, changed_meanwhile; then nothing is changed.
 */
export async function changeSettings(
  state: JsonState<ClusterState>,
  change: Partial<ClusterSettings>,
  seen?: string,
): Promise<void> {
  const named = Object.keys(change) as (keyof ClusterSettings)[];
  await state.update((draft) => {
    refuseChanged('The settings of the cluster', seen, revisionOf(draft, named));
    const read = settingsSchema.safeParse({ ...draft, ...change });
    if (!read.success) {
      const [issue] = read.error.issues;
      throw new ClusterError('parameter_invalid', {
        parameter: issue?.path.join('.') ?? '',
        why: `is wrong (${issue?.message ?? ''})`,
      });
    }
    Object.assign(draft, read.data);
  });
}
