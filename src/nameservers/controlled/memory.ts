import { readdir, readFile, readlink } from 'node:fs/promises';
import type { DnsAddress } from '../nameserver.js';

const KIB = 1024;

/** The processes that listen at this UDP port, as far as the kernel shows us other users' processes. */
export async function processesServing({ port }: DnsAddress): Promise<number[]> {
  const sockets = new Set([...(await socketsAt('/proc/net/udp', port)), ...(await socketsAt('/proc/net/udp6', port))]);
  const found: number[] = [];
  for (const entry of await readdir('/proc').catch(() => [])) {
    if (/^\d+$/.test(entry) && (await holdsOneOf(sockets, entry))) found.push(Number(entry));
  }
  return found;
}

/**
 * Octets of memory of the processes that listen at this UDP port, pages that they share counted once; nothing where it
 * can't be known.
 */
export async function memoryServing(address: DnsAddress): Promise<number | undefined> {
  let octets = 0;
  for (const pid of await processesServing(address)) octets += await proportionalSet(pid);
  return octets === 0 ? undefined : octets;
}

/** As `socket:[1234]`, the way in which a process's open files name them. */
async function socketsAt(table: string, port: number): Promise<string[]> {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = (await readFile(table, 'latin1').catch(() => '')).split('\n').map((line) => line.trim().split(/\s+/));
  return lines.flatMap((fields) => (fields[1]?.endsWith(local) === true ? [`socket:[${fields[9] ?? ''}]`] : []));
}

async function holdsOneOf(sockets: ReadonlySet<string>, pid: string): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  for (const file of await readdir(folder).catch(() => [])) {
    if (sockets.has(await readlink(`${folder}/${file}`).catch(() => ''))) return true;
  }
  return false;
}

async function proportionalSet(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'latin1').catch(() => '');
  return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * KIB;
}
