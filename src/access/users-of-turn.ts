import type { HostUsers } from './token-holders.js';

/**
 * The host, asked once who its users are for all that is decided in one turn of the event loop: whose token it is, what
 * it may do, and for which account it acts are then of one moment. The next request is of another turn, and asks anew.
 */
export function usersOfTurn(host: HostUsers): HostUsers {
  let listed: ReturnType<HostUsers['users']> | undefined;
  return {
    users: () => {
      if (listed === undefined) {
        listed = host.users();
        setImmediate(() => (listed = undefined));
      }
      return listed;
    },
    privileges: (user) => host.privileges?.(user),
  };
}
