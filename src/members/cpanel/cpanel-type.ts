import { X509Certificate } from 'node:crypto';
import { ClusterError } from '../../errors.js';
import { defined } from '../../operations/defined.js';
import { parseMemberHost, refuseOwnAddress } from '../member-address.js';
import { orClose } from '../member-backend.js';
import { CPANEL, type MemberContext, type MemberType, type MemberValues } from '../member-type.js';
import { identityOf } from '../own-identity.js';
import { CpanelMember } from './cpanel-member.js';
import { shownCertificate } from './pinned-connection.js';
import { isTrusted, TRUST_KINDS, type ShownServer, type Trust } from './trust.js';

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
    {
      name: 'trust',
      label: 'Trust',
      type: 'radio',
      options: [
        { value: 'key', label: 'This key' },
        { value: 'certificate', label: 'This certificate' },
        { value: 'ca', label: 'A certificate authority, for its host name' },
      ],
      default: 'key',
    },
    { name: 'ca', label: 'Certificate authority (PEM)', type: 'bigtext', default: '' },
    { name: 'debug', label: 'Debug mode', type: 'binary' },
  ],
  create: (values, { own, reach, record, name }) => {
    const { host = '', port, dnsPort, user = '', token = '' } = values;
    const address = { host, port: Number(port), dnsPort: Number(dnsPort) };
    const known = { ...trustIn(values), name, self: own.hostname, ...identityOf(own) };
    return new CpanelMember({ ...address, user, token, ...known, reach, record });
  },

  async prove(given, context) {
    const { own, signal } = context;
    const place = placeOf(given);
    const { host } = place;
    const { dnsPort = DNS_PORT, user = '', token = '', debug = '0' } = given;
    if (user === '' || token === '') throw new ClusterError('member_credentials_missing', { host });
    await refuseUnfit(place, context);
    const port = String(place.port);
    context.refuseTwin((other) => other['host'] === host && other['port'] === port, host);
    const shown = await shownCertificate(host, place.port, { ...context, ca: authorityIn(given) });
    if (shown.fingerprint === own.fingerprint) throw new ClusterError('member_is_self', { host });
    const values = { host, port, dnsPort, user, token, debug, ...trustOf(given, shown) };
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
    const { fingerprint, keyPin, issuer, unvouched, ends } = await shownCertificate(host, port, {
      ...context,
      ca: authorityIn(given),
    });
    const until = Number.isFinite(ends) ? new Date(ends).toISOString() : undefined;
    return { host, port, fingerprint, keyPin, issuer, ...defined({ unvouched, ends: until }) };
  },
};

/** The trust that these values say. */
function trustIn({ trust, fingerprint = '', keyPin, ca, refusedKeys = '' }: MemberValues): Trust {
  const kind = TRUST_KINDS.find((one) => one === trust);
  return { trust: kind, fingerprint, keyPin, ca, refusedKeys: refusedKeys.split(',').filter((key) => key !== '') };
}

/**
 * The values of a trust that was chosen for what is shown. Where nothing is chosen, the key: our nodes' certificates
 * are self-signed, so the key is all that proves them, and a renewal may keep it. A key is pinned only with the
 * certificate that was accepted.
 */
function trustOf(given: MemberValues, shown: ShownServer): MemberValues {
  const { trust = 'key', ca = '', refusedKeys = '' } = given;
  const chosen = TRUST_KINDS.find((one) => one === trust);
  if (chosen === undefined)
    throw new ClusterError('member_field_invalid', { why: `Trust must be one of ${TRUST_KINDS.join(', ')}` });
  const accepted = given['fingerprint'] ?? shown.fingerprint;
  const keyPin = given['keyPin'] ?? (accepted === shown.fingerprint ? shown.keyPin : '');
  const isSame = isTrusted({ trust: chosen, fingerprint: accepted, keyPin }, shown);
  return { trust, ca, refusedKeys, keyPin, fingerprint: isSame ? shown.fingerprint : accepted };
}

/** Throws member_field_invalid where it is no certificate. */
function authorityIn({ ca = '' }: MemberValues): string {
  try {
    if (ca !== '') new X509Certificate(ca);
    return ca;
  } catch (error) {
    const why = 'the authority is no certificate in PEM';
    throw new ClusterError('member_field_invalid', { why }, { cause: error });
  }
}

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
