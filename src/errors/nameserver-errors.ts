import type { ErrorKind } from './error-kind.js';

/** Of nameservers and of answers over DNS. */
export const NAMESERVER_ERRORS = {
  nameserver_cannot_listen: {
    status: 500,
    sentence: (f) =>
      `The embedded nameserver cannot listen on ${f['address'] ?? ''} (${f['why'] ?? ''}). ` +
      'Stop what uses that port, or choose another address or port.',
  },
  // BIND
  rndc_key_unusable: {
    status: 500,
    sentence: (f) =>
      `The key file ${f['file'] ?? ''} of BIND's control channel cannot be used: ${f['why'] ?? ''}. Name the file with the key of its controls statement.`,
  },
  nameserver_unavailable: {
    status: 504,
    sentence: (f) =>
      `${f['software'] ?? 'The nameserver'} gave no reply at its control channel ${f['where'] ?? ''} (${f['why'] ?? ''}). Check that it runs and lets us in; what it missed is given to it when it is back.`,
  },
  nameserver_signs_zones: {
    status: 409,
    sentence: (f) =>
      `The ${f['software'] ?? 'nameserver'} on ${f['server'] ?? ''} signs zones by itself (${f['zones'] ?? ''}), so their records can't be kept the same on other servers. A server with such zones can't join a DNS cluster: turn DNSSEC off for them there (pdnsutil disable-dnssec ZONE, and take the DS record away at the registrar first), then try again.`,
  },
  nameserver_configuration_refused: {
    status: 503,
    sentence: (f) =>
      `${f['software'] ?? 'The nameserver'} refuses its own configuration (${f['why'] ?? ''}). Repair it with the help of ${f['checker'] ?? 'its checker'}; the change is then tried again.`,
  },
  nameserver_not_started: {
    status: 500,
    sentence: (f) =>
      `The private ${f['software'] ?? 'nameserver'} in ${f['folder'] ?? ''} did not start: ${f['why'] ?? ''}. Repair that, or choose another nameserver.`,
  },
  nameserver_configuration_unreadable: {
    status: 422,
    sentence: (f) =>
      `The configuration ${f['file'] ?? ''} cannot be read: ${f['why'] ?? ''}. Repair it, or name another one.`,
  },
  transfer_failed: {
    status: 502,
    sentence: (f) => `${f['zone'] ?? ''} could not be transferred from ${f['server'] ?? ''}: ${f['why'] ?? ''}.`,
  },
  tsig_key_unusable: {
    status: 422,
    sentence: (f) =>
      `The key file ${f['file'] ?? ''} cannot be used: ${f['why'] ?? ''}. Name a file as tsig-keygen or keymgr -t writes it, or with a line hmac-sha256:NAME:SECRET.`,
  },
  dns_no_answer: {
    status: 504,
    sentence: (f) =>
      `Nameserver ${f['server'] ?? ''} gave no answer for ${f['name'] ?? ''} (${f['why'] ?? ''}). ` +
      'Check that it runs and that no firewall stops UDP and TCP to it.',
  },
} satisfies Record<string, ErrorKind>;
