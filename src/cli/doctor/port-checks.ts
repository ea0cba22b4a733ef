import { setTimeout as pause } from 'node:timers/promises';
import { probeNameserver } from '../../cluster/health/nameserver-probe.js';
import type { DnsServer } from '../../dns/messages/query.js';
import { sentenceOf } from '../../errors.js';
import type { NodeSettings } from '../../panel/node.js';
import { certificateOf } from '../service/service-connection.js';
import { ownCertificateOf } from './certificate-check.js';
import { notice, ok, wrong, type Check, type Finding } from './check.js';
import { addressesOf, isLoopback, listenersAt, written } from './listening.js';

const TRIES = 3;
/** Milliseconds. */
const PAUSE = 1_000;

/** Do the ports answer, and at which addresses? */
export const PORT_CHECK: Check = {
  name: 'ports',
  run: async ({ settings }) => {
    if (settings === undefined) {
      return [
        notice(
          'The ports of this server are not known, so they were not checked.',
          'Name its configuration with --config FILE.',
        ),
      ];
    }
    return (await Promise.all([dnsPort(settings), apiPort(settings)])).flat();
  },
};

async function dnsPort({ nameserver: { host, port } }: NodeSettings): Promise<Finding[]> {
  const addresses = addressesOf(host);
  const silent = await Promise.all(
    addresses.map(async (address) => ({
      address,
      found: await stillSilent({ host: address, port }),
    })),
  );
  const mute = silent.filter(({ found }) => found !== undefined);
  const good = addresses.filter((address) => !mute.some((one) => one.address === address));
  if (mute.length === 0) return answering('DNS answers over UDP and TCP', good, port);
  const holders = (await listenersAt(host, port)).map(({ pid, name }) => `${name} (process ${pid})`);
  const fix =
    holders.length === 0
      ? `Nothing listens there. Start the nameserver, and make it listen at ${written(host, port)}.`
      : `${holders.join(', ')} uses the port. If that is not the nameserver, stop it. Otherwise, check that the nameserver listens at this address and that no firewall blocks it.`;
  return mute.map(({ address, found }) =>
    wrong(
      `DNS does not answer over ${found?.over.join(' and ') ?? ''} at ${written(address, port)}: ${found?.why ?? ''}`,
      fix,
    ),
  );
}

/**
 * What fails at once is tried again: there are nameservers that end TCP connections when they load a zone, such as the
 * one that another check gives them meanwhile.
 */
async function stillSilent(dns: DnsServer, tries = TRIES): ReturnType<typeof probeNameserver> {
  const start = performance.now();
  const silent = await probeNameserver(dns, undefined, undefined);
  if (silent === undefined || tries === 1 || performance.now() - start > PAUSE) return silent;
  await pause(PAUSE);
  return stillSilent(dns, tries - 1);
}

async function apiPort(settings: NodeSettings): Promise<Finding[]> {
  const { host, port } = settings;
  const addresses = addressesOf(host);
  const own = (await ownCertificateOf(settings).catch(() => undefined))?.fingerprint;
  const shown = await Promise.all(
    addresses.map(async (address) => {
      try {
        return { address, fingerprint: await certificateOf(address, port) };
      } catch (error) {
        return { address, why: sentenceOf(error) };
      }
    }),
  );
  const findings = shown.flatMap((one): Finding[] => {
    const place = written(one.address, port);
    if ('why' in one) {
      const fix = `Start the service. If it runs, check what else uses the port (ss -ltnp 'sport = :${port}'), and the firewall.`;
      return [wrong(`The API does not answer by TLS at ${place}: ${one.why}.`, fix)];
    }
    if (own === undefined || own === one.fingerprint) return [];
    const fix = 'Restart the service if its certificate was changed. Otherwise, stop the program that uses its port.';
    return [wrong(`At ${place} another certificate is shown than this server's: ${one.fingerprint}, not ${own}.`, fix)];
  });
  return findings.length > 0 ? findings : answering('The API answers by TLS', addresses, port);
}

function answering(what: string, addresses: readonly string[], port: number): Finding[] {
  const places = addresses.map((address) => written(address, port)).join(', ');
  const found = ok(`${what} at ${places}.`);
  if (!addresses.every(isLoopback)) return [found];
  return [
    found,
    notice(
      `Only this machine can ask at ${places}.`,
      'If others are to reach it, make it listen at 0.0.0.0 or at an address of this server.',
    ),
  ];
}
