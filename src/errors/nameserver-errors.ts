import type { ErrorKind } from './error-kind.js';

/** Of nameservers and of answers over DNS. */
export const NAMESERVER_ERRORS = {
  nameserver_cannot_listen: {
    status: 500,
    sentence: ({ address, why }: { address: string; why: string }) =>
      `The embedded nameserver cannot listen on ${address} (${why}). ` +
      'Stop what uses that port, or choose another address or port.',
  },
  // BIND
  rndc_key_unusable: {
    status: 500,
    sentence: ({ file, why }: { file: string; why: string }) =>
      `The key file ${file} of BIND's control channel cannot be used: ${why}. Name the file that holds the key of its controls statement.`,
  },
  nameserver_unavailable: {
    status: 504,
    sentence: ({ software, where, why }: { software: string; where: string; why: string }) =>
      `${software} gave no reply at its control channel ${where} (${why}). Check that it runs and accepts this server; it gets what it missed when it is back.`,
  },
  nameserver_signs_zones: {
    status: 409,
    sentence: ({ software, server, zones }: { software: string; server: string; zones: string }) =>
      `The ${software} on ${server} signs zones by itself (${zones}), so their records can't be kept the same on other servers. A server with such zones can't join a DNS cluster: turn DNSSEC off for them there (pdnsutil disable-dnssec ZONE, after you removed the DS record at the registrar), then try again.`,
  },
  nameserver_configuration_refused: {
    status: 503,
    sentence: ({ software, why, checker }: { software: string; why: string; checker: string }) =>
      `${software} refuses its own configuration (${why}). Check it with ${checker} and repair it; the change is then tried again.`,
  },
  nameserver_not_started: {
    status: 500,
    sentence: ({ software, folder, why }: { software: string; folder: string; why: string }) =>
      `The private ${software} in ${folder} did not start: ${why}. Repair that, or choose another nameserver.`,
  },
  nameserver_configuration_unreadable: {
    status: 422,
    sentence: ({ file, why }: { file: string; why: string }) =>
      `The configuration ${file} cannot be read: ${why}. Repair it, or name another one.`,
  },
  transfer_failed: {
    status: 502,
    sentence: ({ zone, server, why }: { zone: string; server: string; why: string }) =>
      `${zone} could not be transferred from ${server}: ${why}.`,
  },
  tsig_key_unusable: {
    status: 422,
    sentence: ({ file, why }: { file: string; why: string }) =>
      `The key file ${file} cannot be used: ${why}. Name a file that tsig-keygen or keymgr -t wrote, or one with a line hmac-sha256:NAME:SECRET.`,
  },
  dns_no_answer: {
    status: 504,
    sentence: ({ server, name, why }: { server: string; name: string; why: string }) =>
      `Nameserver ${server} gave no answer for ${name} (${why}). ` +
      'Check that it runs and that no firewall stops UDP and TCP to it.',
  },
} satisfies Record<string, ErrorKind>;
