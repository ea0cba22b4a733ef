import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { processesServing } from '../../nameservers/controlled/memory.js';

const ANY = new Set(['0.0.0.0', '::']);
const LOOPBACK = /^(127\.|::1$)/;

/** The addresses at which something answers that listens at this one: all of this machine's for 0.0.0.0 and ::. */
export function addressesOf(host: string): string[] {
  if (!ANY.has(host)) return [host];
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  // Link-local addresses need the name of their interface; nobody asks there.
  const usable = all.filter(
    ({ family, address }) => (family === 'IPv4' || host === '::') && !address.startsWith('fe80:'),
  );
  return [...new Set(usable.map(({ address }) => address))];
}

/** Can only this machine ask there? */
export function isLoopback(address: string): boolean {
  return LOOPBACK.test(address);
}

/** `HOST:PORT`, as it is written. */
export function written(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** A process, and how it was started. */
export interface Listener {
  pid: number;
  name: string;
  /** The program, then its arguments. */
  command: string[];
}

/** The processes that listen at this UDP port, as far as this user may see them. */
export async function listenersAt(host: string, port: number): Promise<Listener[]> {
  const pids = await processesServing({ host, port });
  return Promise.all(
    pids.map(async (pid) => ({
      pid,
      name: (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim(),
      command: (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''))
        .split('\0')
        .filter((part) => part !== ''),
    })),
  );
}
