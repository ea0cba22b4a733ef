import { ClusterError } from '../../errors.js';
import { parseMemberHost, refuseOwnAddress } from '../member-address.js';
import { orClose } from '../member-backend.js';
import { CPANEL, type MemberContext, type MemberType, type MemberValues } from '../member-type.js';
import { CpanelMember } from './cpanel-member.js';
import { shownCertificate } from './pinned-connection.js';

const DNS_PORT = '53';

/** Servers that speak the original's wire. Each is proven by its certificate before it gets a token. */
export const cpanel: MemberType = {
  type: CPANEL,
  resellers: true,
  label: 'cPanel',
  fields: [
    { name: 'host', label: 'Host name or IP address', type: 'text' },
    { name: 'port', label: 'API port', type: 'text', default: '2087' },
    { name: 'dnsPort', label: 'DNS port', type: 'text', default: DNS_PORT },
    { name: 'user', label: 'User name', type: 'text', default: 'root' },
    { name: 'token', label: 'API token or remote access key', type: 'bigtext', secret: true },
    { name: 'fingerprint', label: 'SHA-256 fingerprint of its certificate', type: 'text', default: '' },
    { name: 'debug', label: 'Debug mode', type: 'binary' },
  ],
  create: ({ host = '', port, dnsPort, user = '', token = '', fingerprint = '' }, { own, reach, record }) =>
    new CpanelMember({
      host,
      port: Number(port),
      dnsPort: Number(dnsPort),
      user,
      token,
      fingerprint,
      self: own.hostname,
      reach,
      record,
    }),

  async prove(given, context) {
    const { own, signal } = context;
    const place = placeOf(given);
    const { host } = place;
    const { dnsPort = DNS_PORT, user = '', token = '', debug = '0' } = given;
    if (user === '' || token === '') throw new ClusterError('member_credentials_missing', { host });
    await refuseUnfit(place, context);
    const port = String(place.port);
    context.refuseTwin((other) => other['host'] === host && other['port'] === port, host);
    const shown = await shownCertificate(host, place.port, context);
    if (shown.fingerprint === own.fingerprint) throw new ClusterError('member_is_self', { host });
    const fingerprint = given['fingerprint'] ?? shown.fingerprint;
    const values = { host, port, dnsPort, user, token, fingerprint, debug };
    const backend = cpanel.create(values, context);
    return orClose(backend, async () => {
      const info = await backend.probe({ signal });
      if (info.hostname === own.hostname) throw new ClusterError('member_is_self', { host });
      return { values, info, backend, ownAddress: shown.ownAddress };
    });
  },

  async lookAt(given, context) {
    const place = placeOf(given);
    await refuseUnfit(place, context);
    const { host, port } = place;
    const { fingerprint } = await shownCertificate(host, port, context);
    return { host, port, fingerprint };
  },
};

type Place = ReturnType<typeof parseMemberHost>;

/** Throws member_address_invalid. */
function placeOf({ host = '', port }: MemberValues): Place {
  return parseMemberHost(host, port === undefined ? undefined : Number(port));
}

/** Rejects with member_is_self, member_unresolvable or member_address_internal. */
async function refuseUnfit({ host, port, portGiven }: Place, { own, reach }: MemberContext): Promise<void> {
  await refuseOwnAddress(host, port, portGiven, own);
  await reach?.check(host);
}
