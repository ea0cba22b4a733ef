import { actorOf, type Principal } from '../access/principal.js';
import { asClusterError } from '../errors.js';
import type { AuditLog } from '../operations/audit-log.js';
import type { Cluster } from './cluster.js';

/** Zones of a batch that are named in its entry. */
const NAMED = 5;

type Command = (...args: readonly unknown[]) => unknown;

/** The commands that change something: where in their parameters the one who acts stands, and of what they are. */
const COMMANDS: Partial<Record<keyof Cluster, { by: number; target: (args: readonly unknown[]) => string }>> = {
  saveZone: { by: 2, target: first },
  addZone: { by: 2, target: first },
  createZone: { by: 3, target: first },
  removeZone: { by: 1, target: first },
  restoreZone: { by: 1, target: first },
  restoreFile: { by: 1, target: first },
  restoreFiles: { by: 0, target: () => 'all missing files' },
  saveZones: { by: 1, target: ([zones]) => batch((zones as { name: string }[]).map(({ name }) => name)) },
  removeZones: { by: 1, target: ([names]) => batch(names as string[]) },
  synchronize: { by: 1, target: wanted },
  startSynchronize: { by: 1, target: wanted },
  configure: {
    by: 1,
    target: ([change]) =>
      Object.entries(change as object)
        .map(shown)
        .join(' '),
  },
  takeOverZone: { by: 1, target: first },
  forgetConflict: { by: 1, target: first },
  rescanZones: { by: 0, target: () => 'zone files' },
  setClustering: { by: 1, target: ([on]) => (on === true ? 'on' : 'off') },
  addMember: { by: 1, target: ([member]) => hostOf(member as { host?: string; type?: string }) },
  trustMember: { by: 1, target: ([request]) => (request as { address: string }).address },
  editMember: { by: 2, target: first },
  setMemberRole: { by: 2, target: ([id, role]) => `${String(id)} ${String(role)}` },
  enableMember: { by: 1, target: first },
  checkDrift: { by: 1, target: ([member]) => (member === undefined ? 'all members' : first([member])) },
  settleDrift: {
    by: 3,
    target: ([member, zones, how]) => `${String(member)} ${String(how)} ${batch(zones as string[])}`,
  },
  allowRemovals: { by: 1, target: first },
  disableMember: { by: 1, target: first },
  removeMember: { by: 1, target: first },
};

/** The same cluster, with every change that is asked for noted: by whom, how they came, and whether it was refused. */
export function audited<C extends Cluster>(cluster: C, audit: AuditLog): C {
  return new Proxy(cluster, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      const method = value as Command;
      const command = COMMANDS[name as keyof Cluster];
      // On the object itself: its private fields are not the proxy's.
      if (command === undefined) return (...args: readonly unknown[]) => method.apply(target, [...args]);
      return async (...args: readonly unknown[]) => {
        const note = (refused?: string): Promise<void> =>
          audit.note({
            ...{ time: new Date().toISOString(), action: String(name), target: command.target(args).slice(0, 500) },
            ...actorOf(args[command.by] as Principal),
            ...(refused === undefined ? {} : { refused }),
          });
        try {
          const answer = await method.apply(target, [...args]);
          await note();
          return answer;
        } catch (error) {
          await note(asClusterError(error).code);
          throw error;
        }
      };
    },
  });
}

function shown([name, value]: [string, unknown]): string {
  return `${name}=${typeof value === 'object' ? '…' : JSON.stringify(value)}`;
}

function first([value]: readonly unknown[]): string {
  return String(value);
}

/** A plan changes nothing, and whoever reads of it is to know. */
function wanted([options]: readonly unknown[]): string {
  const { zones = ['all zones'], plan } = options as { zones?: string[]; plan: boolean };
  return `${plan ? 'plan: ' : ''}${batch(zones)}`;
}

function batch(names: readonly string[]): string {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return `${names.slice(0, NAMED).join(', ')}${more}`;
}

function hostOf({ host, type }: { host?: string; type?: string }): string {
  return host ?? type ?? '';
}
