import { ownCertificateOf } from '../doctor/certificate-check.js';
import { findingsOf } from '../doctor/check.js';
import { CHECKS } from '../doctor/checks.js';
import type { Facts } from '../doctor/facts.js';
import type { Row } from '../doctor/finding-lines.js';

/** The checks of doctor that must succeed here before another server can rely on this one. */
const NEEDED = new Set(['service', 'folders', 'disk', 'ports', 'nameserver', 'certificate']);

/** This server before it joins. */
interface ThisServer {
  /** SHA-256 of its certificate; absent before its first start. */
  fingerprint: string | undefined;
  keyPin: string | undefined;
  findings: readonly Row[];
}

/** Checks whether this server is ready to be a member. Checks nothing if there is no configuration yet. */
export async function checkHere(facts: Facts): Promise<ThisServer> {
  const { settings } = facts;
  if (settings === undefined) return { fingerprint: undefined, keyPin: undefined, findings: [] };
  const found = await Promise.all(
    CHECKS.filter(({ name }) => NEEDED.has(name)).map(async (check) =>
      (await findingsOf(check, facts)).map((finding) => ({ check: check.name, ...finding })),
    ),
  );
  const own = await ownCertificateOf(settings).catch(() => undefined);
  return { fingerprint: own?.fingerprint, keyPin: own?.keyPin, findings: found.flat() };
}
