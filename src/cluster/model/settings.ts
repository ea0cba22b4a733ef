import { ClusterError } from '../../errors.js';
import type { JsonState } from '../../state/json-state.js';
import { settingsSchema, type ClusterSettings, type ClusterState } from './cluster-state.js';

/** What root decided for the cluster. */
export function settingsOf({ data }: JsonState<ClusterState>): ClusterSettings {
  return settingsSchema.parse(data);
}

/** Changes what is named, and keeps the rest. Rejects with parameter_invalid; then nothing is changed. */
export async function changeSettings(state: JsonState<ClusterState>, change: Partial<ClusterSettings>): Promise<void> {
  const read = settingsSchema.safeParse({ ...settingsOf(state), ...change });
  if (!read.success) {
    const [issue] = read.error.issues;
    throw new ClusterError('parameter_invalid', {
      parameter: issue?.path.join('.') ?? '',
      why: `is wrong (${issue?.message ?? ''})`,
    });
  }
  await state.update((draft) => void Object.assign(draft, read.data));
}
