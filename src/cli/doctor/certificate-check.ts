import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { ENDS_SOON } from '../../cluster/problems.js';
import { codeOf, isClusterError, sentenceOf } from '../../errors.js';
import type { NodeSettings } from '../../panel/node.js';
import type { Certificate, CertificateFiles } from '../../state/certificate.js';
import { ok, wrong, type Check } from './check.js';

const ACCEPTED =
  'Servers that trust the key of this one accept it automatically; accept the new certificate on every server that trusts the old certificate alone.';

/** The certificate of this server, as members pin it. */
export const CERTIFICATE_CHECK: Check = {
  name: 'certificate',
  well: 'There is no certificate yet. The first start makes one.',
  run: async ({ settings, folder, service }) => {
    const files = filesOf(settings ?? { folder });
    const renewal =
      settings?.tls === undefined
        ? `Stop the service, move ${files.certificate} and ${files.key} away, and start it: it makes new ones. ${ACCEPTED}`
        : `Put a new one in its place: it is shown within a minute, without a restart. ${ACCEPTED}`;
    try {
      const { cert, fingerprint } = await certificateAt(files);
      const { validTo } = new X509Certificate(cert);
      const left = Date.parse(validTo) - Date.now();
      if (left >= ENDS_SOON) return [ok(`The certificate ${fingerprint} is valid until ${validTo}.`)];
      return [wrong(`The certificate ${left > 0 ? 'expires' : 'expired'} at ${validTo}.`, renewal)];
    } catch (error) {
      // Before the first start there is none; a service that runs has one.
      const isMissing = isClusterError(error) && codeOf(error.cause) === 'ENOENT' && settings?.tls === undefined;
      return isMissing && service === undefined ? [] : [wrong(sentenceOf(error), renewal)];
    }
  },
};

/** The certificate on disk. Rejects with certificate_unusable. */
export function ownCertificateOf(settings: NodeSettings): Promise<Certificate> {
  return certificateAt(filesOf(settings));
}

/** Loaded only when it is needed: what makes certificates is large. */
async function certificateAt(files: CertificateFiles): Promise<Certificate> {
  const { givenCertificate } = await import('../../state/certificate.js');
  return givenCertificate(files);
}

function filesOf({ folder, tls }: Pick<NodeSettings, 'folder' | 'tls'>): CertificateFiles {
  return tls ?? { certificate: join(folder, 'tls', 'tls.crt'), key: join(folder, 'tls', 'tls.key') };
}
