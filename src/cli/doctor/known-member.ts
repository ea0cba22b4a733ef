/** A member, as far as it can be looked at without its token. */
export interface KnownMember {
  hostname: string;
  host: string;
  port: number;
  fingerprint: string;
}
