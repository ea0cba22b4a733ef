/** A member, as far as it can be probed without its token. */
export interface KnownMember {
  hostname: string;
  host: string;
  port: number;
  fingerprint: string;
}
