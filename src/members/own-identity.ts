/** This server, as a member could be mistaken for it. */
export interface OwnIdentity {
  hostname: string;
  /** Its lasting id, and names that it had: what it tells members, once it is known. */
  id?: string;
  formerNames?: readonly string[];
  /** Port of this server's API, where it is known. */
  apiPort: number | undefined;
  /** Fingerprint of this server's certificate, where it has one of its own. */
  fingerprint: string | undefined;
  /** Address or host name by which members reach this server; by default its end of the connection to them. */
  address?: string;
}

/** Names that are told: a server that had more is known by its id. */
const MOST_NAMES = 10;

/** What members are told of who asks them: names that it had before, too, as some know it by one of those alone. */
export function identityOf({ hostname, id, formerNames = [] }: OwnIdentity): { identity?: Record<string, string> } {
  if (id === undefined) return {};
  const was = formerNames.slice(0, MOST_NAMES).join(',');
  return { identity: { server: hostname.toLowerCase(), server_id: id, ...(was === '' ? {} : { server_was: was }) } };
}
