import type { MemberStatus } from '../../src/cluster/model/member-status.js';

/** A member's row as a healthy cluster shows it, with the fields that a test cares for. */
export function memberRow(fields: Partial<MemberStatus>): MemberStatus {
  return {
    id: 'm1',
    type: 'cpanel',
    host: '192.0.2.53',
    port: 2087,
    dnsPort: 53,
    user: 'root',
    role: 'sync',
    fingerprint: Array<string>(32).fill('AB').join(':'),
    hostname: 'ns1.example.net',
    version: '11.82.0.1',
    owner: 'root',
    state: 'online',
    failures: 0,
    lastContact: new Date().toISOString(),
    zones: 3,
    zonesInSync: 3,
    pending: 0,
    ...fields,
  };
}
