/** This server, as a member could be mistaken for it. */
export interface OwnIdentity {
  hostname: string;
  /** Port of this server's API, where it is known. */
  apiPort: number | undefined;
  /** Fingerprint of this server's certificate, where it has one of its own. */
  fingerprint: string | undefined;
  /** Address or host name by which members reach this server; by default its end of the connection to them. */
  address?: string;
}
