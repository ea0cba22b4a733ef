import { hasPrivilege, type Principal } from '../../access/principal.js';
import { ClusterError } from '../../errors.js';

/** Throws privilege_missing where `by` may not use the cluster. */
export function authorize(by: Principal): void {
  if (!hasPrivilege(by, 'clustering')) throw new ClusterError('privilege_missing', { privilege: 'clustering' });
}

/** Throws privilege_missing where `by` may not change what is everybody's. */
export function authorizeRoot(by: Principal): void {
  authorize(by);
  if (by.kind !== 'root') throw new ClusterError('privilege_missing', { privilege: 'root' });
}
